/** Waiting that a signal ends. */
import { setTimeout as sleep } from 'node:timers/promises'

export async function pause(millis: number, signal: AbortSignal): Promise<void> {
  await sleep(millis, undefined, { signal }).catch(() => {})
}

/** Null when `signal` is aborted before the work is done: Redis may be away for long. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(null)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
