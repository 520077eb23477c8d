/** How the processor's cores are shared out among inference workers. */
import { availableParallelism } from 'node:os'

/** Up to so many cores, each has a worker of its own. */
const ONE_EACH = 4

/**
 * Workers for each model, and the threads that each of them computes with. One thread for each worker computes the most
 * images with the same cores: an operation that several threads share waits for the slowest of them. With many cores,
 * several threads for each worker keep the memory small (each worker holds the model) and a lone image quick.
 *
 * @param workers What the caller wants; by default a worker for each core, up to 4, and one for every four cores beyond.
 * @param threads What the caller wants; by default the cores are shared equally.
 */
export function shareCores(
  { workers, threads }: { workers?: number; threads?: number },
  cores = availableParallelism(),
): { workers: number; threads: number } {
  const sharing = workers ?? Math.max(Math.min(cores, ONE_EACH), Math.floor(cores / ONE_EACH))
  return { workers: sharing, threads: threads ?? Math.max(1, Math.floor(cores / sharing)) }
}
