/** A queue in memory: items are put in at any time, and one consumer takes them one at a time. */
export interface Mailbox<T> {
  put(item: T): void
  /** Makes a `take` that waits return null. */
  wake(): void
  /** No more items will come: once all are taken, `take` rejects with this error. Of several the first counts. */
  fail(error: Error): void
  /** The next item; null when `signal` is aborted, or `wake` called, before there is one. */
  take(signal?: AbortSignal): Promise<T | null>
}

export function mailbox<T>(): Mailbox<T> {
  const items: T[] = []
  let resume: (() => void) | null = null
  let failure: Error | null = null
  const wake = (): void => resume?.()

  return {
    put(item) {
      items.push(item)
      wake()
    },
    wake,
    fail(error) {
      failure ??= error
      wake()
    },
    async take(signal) {
      if (items.length === 0 && failure === null && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          resume = resolve
          signal?.addEventListener('abort', wake)
        })
        resume = null
        signal?.removeEventListener('abort', wake)
      }
      if (signal?.aborted) return null
      if (items.length > 0) return items.shift()!
      if (failure !== null) throw failure
      return null
    },
  }
}
