/** The near end of one inference worker: a session on its own thread, as promises. */
import { Worker } from 'node:worker_threads'
import type { WorkerReply, WorkerRequest, WorkerSettings } from './inference-worker.js'
import type { Outputs, Task } from './outputs.js'
import { Problem } from './problem.js'

export interface SessionAnswer<T extends Task> {
  outputs: Outputs[T]
  milliseconds: number
}

export interface Session<T extends Task> {
  /** True while it lives and computes nothing. */
  isIdle(): boolean
  /**
   * Computes one image (uint8, height × width × 3); one at a time.
   * @throws Problem 500 when the model fails or its worker dies
   */
  run(image: Uint8Array): Promise<SessionAnswer<T>>
  /** Resolves, with the reason, when the thread is gone, wanted or not. */
  readonly ended: Promise<string>
  /**
   * Ends the thread after the run it is in. (`worker.terminate()`, or the process's own exit, in the middle of a
   * run makes ONNX Runtime's binding abort the whole process.)
   */
  close(): Promise<void>
}

/** Starts a worker and waits until its model is loaded. @throws Error saying why the model cannot be used */
export function startSession<T extends Task>(settings: WorkerSettings<T>): Promise<Session<T>> {
  // ONNX Runtime from 1.29 on reports to Microsoft unless told otherwise before it is first loaded. Threads have
  // copies of the environment that native code does not see, so it must be said here and not in the worker.
  process.env.ORT_DISABLE_TELEMETRY ??= '1'
  const worker = new Worker(new URL('./inference-worker.js', import.meta.url), {
    workerData: settings,
    // Flags such as --input-type are meant for the program that was started, not for this file.
    execArgv: [],
  })
  let running: { resolve: (answer: SessionAnswer<T>) => void; reject: (error: Error) => void } | undefined
  let reason = 'it ended'
  let alive = true

  const send = (request: WorkerRequest) => worker.postMessage(request)

  const run = (image: Uint8Array) =>
    new Promise<SessionAnswer<T>>((resolve, reject) => {
      running = { resolve, reject }
      send({ kind: 'run', image })
    })

  const ended = new Promise<string>((resolve) => {
    worker.on('error', (error) => {
      alive = false
      reason = error.message
    })
    worker.on('exit', (code) => {
      alive = false
      if (code !== 0 && reason === 'it ended') reason = `exit code ${code}`
      running?.reject(new Problem(500, 'The worker died while it computed this image.'))
      running = undefined
      resolve(reason)
    })
  })

  const close = async () => {
    send({ kind: 'close' })
    await ended
  }

  return new Promise((resolve, reject) => {
    worker.on('message', (message: WorkerReply<T>) => {
      if (message.kind === 'ready')
        resolve({ isIdle: () => alive && running === undefined, run, ended, close })
      else if (message.kind === 'unusable') reject(new Error(message.reason))
      else {
        const job = running
        running = undefined
        if (message.kind === 'answer') job?.resolve(message)
        else job?.reject(new Problem(500, `The model failed on this image: ${message.reason}`))
      }
    })
    void ended.then((why) => reject(new Error(`its worker died while loading (${why})`)))
  })
}
