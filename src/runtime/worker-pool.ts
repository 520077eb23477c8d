/** The threads behind sessions. To start one takes longer than to open a small graph, so they are used again. */
import { Worker } from 'node:worker_threads'

/** How many wait at most, and for how long: what a session leaves to the garbage collector stays no longer than that. */
const MOST_WAITING = 2
const PATIENCE = 5000

/** Each with what it takes to call it back. */
const waiting = new Map<Worker, () => void>()

/** A worker without a session. */
export function takeWorker(): Worker {
  const [known] = waiting
  // Flags such as --input-type are meant for the program that was started, not for this file.
  if (known === undefined)
    return new Worker(new URL('./session-worker.js', import.meta.url), { execArgv: [] })
  const [worker, callBack] = known
  callBack()
  return worker
}

/** For a worker that has closed its session, with the listeners it came with. It keeps no process alive. */
export async function giveWorkerBack(worker: Worker): Promise<void> {
  if (waiting.size >= MOST_WAITING) {
    await worker.terminate()
    return
  }
  const forget = () => {
    clearTimeout(timer)
    worker.off('exit', forget).off('error', forget)
    waiting.delete(worker)
  }
  const timer = setTimeout(() => {
    forget()
    void worker.terminate()
  }, PATIENCE).unref()
  // Should it fail while it waits, nobody needs to know.
  worker.on('exit', forget).on('error', forget)
  worker.unref()
  waiting.set(worker, forget)
}
