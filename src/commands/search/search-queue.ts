/** Where a search hands its children out: processes here, or a queue on Redis for the workers of other machines. */
import type { ChildEvaluator, SearchConfig } from '../../search/config.js'
import { openLocalQueue } from '../../search/execution/local-queue.js'
import type { WorkQueue } from '../../search/execution/queue.js'
import { longerTrainingOf } from '../../search/redis/search.js'

export interface QueueFlags {
  processes: number
  threads: number
  /** Address of a Redis; none: processes here. */
  queue?: string
}

/** Finds out now, and not after the warm-up, what is wrong with --queue. */
export async function checkQueue(
  { name }: Pick<SearchConfig, 'name'>,
  { queue }: Pick<QueueFlags, 'queue'>,
): Promise<void> {
  if (queue === undefined) return
  const { checkRedisQueue } = await import('../../search/redis/queue.js')
  await checkRedisQueue({ url: queue, name: longerTrainingOf(name) })
}

/** Opens what `flags` name, for a search or its longer training. `note`: hears of workers that come and go. */
export async function openQueue(
  { id, name }: Pick<SearchConfig, 'id' | 'name'>,
  evaluator: ChildEvaluator,
  { queue, processes, threads }: QueueFlags,
  note: (text: string) => void,
): Promise<WorkQueue> {
  if (queue === undefined) return openLocalQueue({ evaluator, processes, threads, note })
  const { openRedisQueue } = await import('../../search/redis/queue.js')
  return openRedisQueue({
    url: queue,
    name,
    search: id,
    evaluator,
    file: evaluator.kind === 'shared' ? { setting: 'weights', path: evaluator.weights } : undefined,
    note,
  })
}
