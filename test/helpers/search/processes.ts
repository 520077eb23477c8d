/** Looking at other processes. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether there is such a process, a zombie included. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until `condition` holds; fails with `what` after a while that is far longer than it should take. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  seconds = 120,
): Promise<void> {
  const end = performance.now() + 1000 * seconds
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited ${seconds} seconds in vain until ${what}`)
    await sleep(20)
  }
}
