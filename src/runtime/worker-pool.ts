/** The threads behind sessions. Starting one takes longer than opening a small graph, so they are reused. */
import { Worker } from 'node:worker_threads'

/** Threads that are kept without a session, at most. */
const MAX_IDLE = 2
/** After this time, in ms, an idle thread ends, and with it what its sessions left to the garbage collector. */
const IDLE_TIMEOUT = 5000

/** Idle threads, each with the function that takes it out of the pool. */
const idle = new Map<Worker, () => void>()

/** A new thread without a session. */
export function startWorker(): Worker {
  // ONNX Runtime sends telemetry to Microsoft unless this is set before its first session. Native code sees the
  // environment of the process, a worker thread only has a copy: so it is set here. A user's own setting stays.
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
  // Flags such as --input-type are meant for the program that was started, not for this file.
  return new Worker(new URL('./session-worker.js', import.meta.url), { execArgv: [] })
}

/** A thread without a session: an idle one, or a new one. */
export function acquireWorker(): Worker {
  const [known] = idle
  if (known === undefined) return startWorker()
  const [worker, remove] = known
  remove()
  return worker
}

/** Returns a thread whose session is closed and whose listeners are removed. Idle, it keeps no process alive. */
export async function releaseWorker(worker: Worker): Promise<void> {
  if (idle.size >= MAX_IDLE) {
    await worker.terminate()
    return
  }
  const remove = () => {
    clearTimeout(timer)
    worker.off('exit', remove).off('error', remove)
    idle.delete(worker)
  }
  const timer = setTimeout(() => {
    remove()
    void worker.terminate()
  }, IDLE_TIMEOUT).unref()
  // An idle thread that fails is only forgotten: no request is lost.
  worker.on('exit', remove).on('error', remove)
  worker.unref()
  idle.set(worker, remove)
}
