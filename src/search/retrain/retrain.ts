/** Longer training after a search: of its best children, and of some of all ranks. */
import type { WorkQueue } from '../execution/queue.js'
import { type Best, bestChildren, childrenOfAllRanks } from '../journal/best.js'
import type { JournalEvent, RetrainedEvent } from '../journal/journal.js'
import type { Decisions, SearchSpace } from '../space/space.js'

export interface RetrainParts {
  chosen: readonly Best[]
  /** Called where there is work for it; closed at the end. */
  openQueue(): Promise<WorkQueue>
  journal: { events: readonly JournalEvent[]; append(event: JournalEvent): Promise<void> }
}

export interface RetrainOptions {
  signal?: AbortSignal
  /** Called with how many are left to be trained. */
  onBegin?: (left: number) => void
  onDone?: (event: RetrainedEvent) => void
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
  { chosen, openQueue, journal }: RetrainParts,
  options: RetrainOptions = {},
): Promise<RetrainedEvent[] | null> {
  const wanted = new Map(chosen.map(({ id, decisions }) => [id, decisions]))
  const done = journal.events.filter((event) => event.kind === 'retrained').filter(({ id }) => wanted.has(id))
  for (const { id } of done) wanted.delete(id)
  const ranked = () => done.sort((a, b) => b.quality - a.quality)
  if (wanted.size === 0) return ranked()
  options.onBegin?.(wanted.size)
  const queue = await openQueue()
  try {
    return (await trainAll(wanted, queue, options, async (event) => {
      await journal.append(event)
      done.push(event)
      options.onDone?.(event)
    }))
      ? ranked()
      : null
  } finally {
    await queue.close()
  }
}

/** False when the signal stopped it. */
async function trainAll(
  wanted: Map<number, Decisions>,
  queue: WorkQueue,
  { signal }: RetrainOptions,
  keep: (event: RetrainedEvent) => Promise<void>,
): Promise<boolean> {
  for (const [id, decisions] of wanted) await queue.submit({ id, decisions })
  for (let left = wanted.size; left > 0; ) {
    const result = await queue.next(signal)
    if (result === null && signal?.aborted) return false
    // Null: more workers have come, but all children are handed out already.
    if (result === null || !wanted.delete(result.id)) continue
    left--
    if (result.kind === 'failed') continue
    const { quality, reconstructionError, seconds } = result.measured
    const spent = seconds.compile + seconds.train + seconds.measure
    await keep({
      kind: 'retrained',
      id: result.id,
      quality,
      ...(reconstructionError !== undefined && { reconstructionError }),
      seconds: spent,
    })
  }
  return true
}
