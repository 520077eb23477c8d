/** Inference workers whose work is held until the test lets it go. */
import type { Worker } from 'node:worker_threads'

const started: Worker[] = []
process.on('worker', (worker) => started.push(worker))

export interface HeldWorker {
  /** Resolves once so many images have been given to it, in all. */
  given(images: number): Promise<void>
  /** Hands on what was held, and all that comes. */
  letGo(): void
}

/** Holds the work of the worker that was started last. To be called before it is given any. */
export function holdLastWorker(): HeldWorker {
  const worker = started.at(-1)!
  const postMessage = worker.postMessage.bind(worker)
  const held: Parameters<Worker['postMessage']>[] = []
  let waiters: { images: number; resolve: () => void }[] = []
  worker.postMessage = (...message: Parameters<Worker['postMessage']>) => {
    held.push(message)
    for (const { images, resolve } of waiters) if (held.length >= images) resolve()
    waiters = waiters.filter(({ images }) => held.length < images)
  }
  return {
    given: (images) =>
      held.length >= images
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push({ images, resolve })
          }),
    letGo: () => {
      worker.postMessage = postMessage
      for (const message of held) postMessage(...message)
    },
  }
}
