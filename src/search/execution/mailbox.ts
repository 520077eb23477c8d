/** Items that arrive by themselves and are taken one at a time, by one taker. */
export interface Mailbox<T> {
  put(item: T): void
  /** Lets the taker who waits go on with nothing. */
  wake(): void
  /** No more will come: once the items are taken, the taker gets this error. The first one counts. */
  fail(error: Error): void
  /** The next item; null when `signal` is aborted, or `wake` called, before there is one. */
  take(signal?: AbortSignal): Promise<T | null>
}

export function mailbox<T>(): Mailbox<T> {
  const items: T[] = []
  let goOn: (() => void) | null = null
  let failure: Error | null = null
  const wake = (): void => goOn?.()

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
          goOn = resolve
          signal?.addEventListener('abort', wake)
        })
        goOn = null
        signal?.removeEventListener('abort', wake)
      }
      if (signal?.aborted) return null
      if (items.length > 0) return items.shift()!
      if (failure !== null) throw failure
      return null
    },
  }
}
