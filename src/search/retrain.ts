/** After a search: its best children, trained again and longer, in the order that this gives. */
import type { Best } from './best.js'
import type { JournalEvent, RetrainedEvent } from './journal.js'
import type { WorkQueue } from './queue.js'

export interface RetrainParts {
  best: readonly Best[]
  queue: WorkQueue
  journal: { events: readonly JournalEvent[]; append(event: JournalEvent): Promise<void> }
}

/**
 * Trains those of the best that have not been trained again yet, and returns all that have, the best first; null when
 * the signal stopped it. A child that fails is left out.
 *
 * @throws UserError when no worker can work
 */
export async function retrainBest(
  { best, queue, journal }: RetrainParts,
  { signal, onDone }: { signal?: AbortSignal; onDone?: (event: RetrainedEvent) => void } = {},
): Promise<RetrainedEvent[] | null> {
  const wanted = new Map(best.map(({ id, decisions }) => [id, decisions]))
  const done = journal.events.filter((event) => event.kind === 'retrained').filter(({ id }) => wanted.has(id))
  for (const { id } of done) wanted.delete(id)
  for (const [id, decisions] of wanted) await queue.submit({ id, decisions })
  for (let left = wanted.size; left > 0; ) {
    const result = await queue.next(signal)
    if (result === null && signal?.aborted) return null
    // Null: more workers have come, but all children are handed out already.
    if (result === null || !wanted.delete(result.id)) continue
    left--
    if (result.kind === 'failed') continue
    const { quality, seconds } = result.measured
    const spent = seconds.compile + seconds.train + seconds.measure
    const event: RetrainedEvent = { kind: 'retrained', id: result.id, quality, seconds: spent }
    await journal.append(event)
    done.push(event)
    onDone?.(event)
  }
  return done.sort((a, b) => b.quality - a.quality)
}
