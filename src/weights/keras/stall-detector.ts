/** So often may a thread be found computing, without an access to its file in between. */
export const MOST_IDLE_LOOKS = 10

/**
 * Tells a thread that computes for ever from one that works or waits for the disk. Counts looks, not time: a process that
 * was stopped, or a machine that slept, has lost none.
 *
 * @returns To be called at each look, with the begins and ends of accesses so far and the answers so far; true when the
 *   thread will come to no end
 */
export function stallDetector(): (accesses: number, answers: number) => boolean {
  let seen: readonly number[] = []
  let idle = 0
  return (accesses, answers) => {
    const isWaiting = accesses % 2 === 1
    const isSame = seen[0] === accesses && seen[1] === answers
    idle = isSame && !isWaiting ? idle + 1 : 0
    seen = [accesses, answers]
    return idle >= MOST_IDLE_LOOKS
  }
}
