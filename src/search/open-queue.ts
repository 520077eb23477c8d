/** Opens the queue of a search: on processes of this machine, or on Redis for the workers of other machines. */
import type { ChildEvaluator, SearchConfig } from './config.js'
import { openLocalQueue } from './execution/local-queue.js'
import type { WorkQueue } from './execution/queue.js'
import { longerTrainingOf } from './redis/search.js'

export interface QueuePlace {
  /** `redis://host:port` or `rediss://host:port`: children go to workers there. Without it, to processes here. */
  queue?: string
  /** Children in work at a time, each in a process of its own. */
  processes: number
  /** Threads that each computes with. */
  threads: number
}

/** Throws, before anything is trained, the UserError that opening the queue would throw after the warm-up. */
export async function checkQueue(
  { name }: Pick<SearchConfig, 'name'>,
  { queue }: Pick<QueuePlace, 'queue'>,
): Promise<void> {
  if (queue === undefined) return
  const { checkRedisQueue } = await import('./redis/queue.js')
  await checkRedisQueue({ url: queue, name: longerTrainingOf(name) })
}

/**
 * Opens the queue of a search, or of its longer training.
 *
 * @param note called when workers come, go or die, and when Redis is away or back
 * @throws UserError when Redis cannot be used, or another process runs a search of this name there
 */
export async function openQueue(
  { id, name }: Pick<SearchConfig, 'id' | 'name'>,
  evaluator: ChildEvaluator,
  { queue, processes, threads }: QueuePlace,
  note: (text: string) => void,
): Promise<WorkQueue> {
  if (queue === undefined) return openLocalQueue({ evaluator, processes, threads, note })
  const { openRedisQueue } = await import('./redis/queue.js')
  return openRedisQueue({
    url: queue,
    name,
    search: id,
    evaluator,
    file: evaluator.kind === 'shared' ? { setting: 'weights', path: evaluator.weights } : undefined,
    note,
  })
}
