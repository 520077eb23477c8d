/** Inference workers whose work is held until the test lets it go. */
import type { Worker } from 'node:worker_threads'

/** Every worker thread that is started from here on. */
export const workers: Worker[] = []
process.on('worker', (worker) => workers.push(worker))

export interface HeldWork {
  /** Images that were handed to the worker since it is held. */
  begun: number
  /** Lets the answers through, those that came and those that will come. */
  letGo(): void
}

/** Keeps back what a worker thread (the newest) answers: to the server, its model computes until it is let go. */
export function holdWork(worker = workers.at(-1)!): HeldWork {
  const { emit, postMessage } = worker
  const answers: unknown[][] = []
  const held: HeldWork = {
    begun: 0,
    letGo() {
      worker.emit = emit
      for (const answer of answers.splice(0)) worker.emit('message', ...answer)
    },
  }
  worker.emit = (event: string, ...values: unknown[]) => {
    if (event === 'message') return answers.push(values) > 0
    return emit.call(worker, event, ...values)
  }
  worker.postMessage = (...message: Parameters<Worker['postMessage']>) => {
    held.begun++
    postMessage.apply(worker, message)
  }
  return held
}
