/** After a search: its best children and some of all ranks, trained again and longer, in the order that this gives. */
import { type Best, bestChildren, childrenOfAllRanks } from './best.js'
import type { JournalEvent, RetrainedEvent } from './journal.js'
import type { WorkQueue } from './queue.js'
import type { SearchSpace } from './space.js'

export interface RetrainParts {
  chosen: readonly Best[]
  queue: WorkQueue
  journal: { events: readonly JournalEvent[]; append(event: JournalEvent): Promise<void> }
}

/** Which children are trained again: the best, and those that show how far the order of the rewards can be trusted. */
export function chosenToRetrain(
  space: SearchSpace,
  events: readonly JournalEvent[],
  { count, ranksChecked }: { count: number; ranksChecked: number },
): Best[] {
  const chosen = [...bestChildren(space, events, count), ...childrenOfAllRanks(space, events, ranksChecked)]
  return [...new Map(chosen.map((child) => [child.id, child])).values()]
}

/**
 * Trains those of the chosen that have not been trained again yet, and returns all that have, the best first; null when
 * the signal stopped it. A child that fails is left out.
 *
 * @throws UserError when no worker can work
 */
export async function retrain(
  { chosen, queue, journal }: RetrainParts,
  { signal, onDone }: { signal?: AbortSignal; onDone?: (event: RetrainedEvent) => void } = {},
): Promise<RetrainedEvent[] | null> {
  const wanted = new Map(chosen.map(({ id, decisions }) => [id, decisions]))
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
    const { quality, reconstructionError, seconds } = result.measured
    const spent = seconds.compile + seconds.train + seconds.measure
    const event: RetrainedEvent = {
      kind: 'retrained',
      id: result.id,
      quality,
      ...(reconstructionError !== undefined && { reconstructionError }),
      seconds: spent,
    }
    await journal.append(event)
    done.push(event)
    onDone?.(event)
  }
  return done.sort((a, b) => b.quality - a.quality)
}
