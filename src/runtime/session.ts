/** ONNX Runtime sessions, each in a worker thread. */
import type { Worker } from 'node:worker_threads'
import {
  buffersOf,
  type Kind,
  type ModelFile,
  type Reply,
  type Requests,
  type Results,
  type SessionOptions,
  type Signature,
  type Tensors,
  type TimedRun,
} from './session-protocol.js'
import { acquireWorker, releaseWorker, startWorker } from './worker-pool.js'

export type {
  ModelFile,
  Numbers,
  SessionOptions,
  Signature,
  Tensor,
  Tensors,
  TimedRun,
  ValueInfo,
} from './session-protocol.js'

/** The thread of a session ended although nobody closed the session. */
export class WorkerEnded extends Error {
  override name = 'WorkerEnded'

  constructor(readonly reason: string) {
    super(`the compute worker has ended (${reason})`)
  }
}

/** A model file does not have the SHA-256 that was asked for. */
export class ModelFileChanged extends Error {
  override name = 'ModelFileChanged'
}

interface Pending {
  resolve(result: Results[Kind]): void
  reject(error: Error): void
}

/**
 * Opens a model in a worker thread.
 *
 * @param model The bytes of an ONNX file, which are copied, or a file that the thread reads.
 * @throws ModelFileChanged, WorkerEnded, or an Error with ONNX Runtime's own message when it rejects the model
 */
export function openSession(model: Uint8Array | ModelFile, options: SessionOptions = {}): Promise<Session> {
  return Session.open(model, options)
}

/** An open model. It keeps the process alive only while a request is pending. */
export class Session {
  /** Resolves with the reason when the session is closed or its thread has ended. */
  readonly ended: Promise<string>
  #resolveEnded!: (reason: string) => void
  #signature!: Signature
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  /** Why no further request is possible. */
  #failure: Error | undefined

  private constructor(
    private readonly worker: Worker,
    private readonly exclusive: boolean,
  ) {
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    worker.on('message', this.#onReply).on('error', this.#onError).on('exit', this.#onExit)
  }

  /** As `openSession`. */
  static async open(model: Uint8Array | ModelFile, options: SessionOptions): Promise<Session> {
    const { exclusive = false } = options
    const session = new Session(exclusive ? startWorker() : acquireWorker(), exclusive)
    try {
      session.#signature = await session.#request('open', { model, options })
    } catch (error) {
      await session.worker.terminate()
      throw error
    }
    return session
  }

  /** The model's inputs and outputs. */
  get signature(): Signature {
    return this.#signature
  }

  /** True while the session is open and no request is pending. */
  isIdle(): boolean {
    return this.#failure === undefined && this.#pending.size === 0
  }

  /** One run. The buffers of feeds are moved to the thread, not copied: they are empty here afterwards. */
  async run(feeds: Tensors): Promise<Tensors> {
    return (await this.runTimed(feeds)).outputs
  }

  /** As `run`, with the time that ONNX Runtime took. */
  runTimed(feeds: Tensors): Promise<TimedRun> {
    return this.#request('run', { feeds }, buffersOf(feeds))
  }

  /** Sets carried inputs; their buffers are moved too. */
  load(carried: Tensors): Promise<void> {
    return this.#request('load', { carried }, buffersOf(carried))
  }

  /** Copies of the carried inputs as the next run will see them. */
  read(): Promise<Tensors> {
    return this.#request('read', {})
  }

  /**
   * Frees everything after the pending requests; an exclusive thread ends. (To end a thread, or the process, in the
   * middle of a run makes ONNX Runtime's binding abort the whole process.)
   */
  async close(): Promise<void> {
    if (this.#failure !== undefined) {
      await this.ended
      return
    }
    const closed = this.#request('close', {})
    this.#failure = new Error('the session is closed')
    try {
      await closed
    } catch (error) {
      await this.worker.terminate()
      // A thread that has ended holds nothing any more.
      if (error instanceof WorkerEnded) return
      throw error
    }
    if (this.exclusive) {
      await this.worker.terminate()
      return
    }
    this.worker.off('message', this.#onReply).off('error', this.#onError).off('exit', this.#onExit)
    await releaseWorker(this.worker)
    this.#resolveEnded('closed')
  }

  #request<K extends Kind>(kind: K, request: Requests[K], moved: ArrayBuffer[] = []): Promise<Results[K]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.worker.postMessage({ ...request, kind, id }, moved)
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      this.worker.ref()
    })
  }

  readonly #onReply = (reply: Reply): void => {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if (this.#pending.size === 0) this.worker.unref()
    if ('result' in reply) pending?.resolve(reply.result)
    else pending?.reject(reply.fileChanged ? new ModelFileChanged(reply.error) : new Error(reply.error))
  }

  readonly #onError = (error: Error): void => this.#fail(new WorkerEnded(error.message))

  readonly #onExit = (code: number): void => {
    this.#fail(new WorkerEnded(`exit code ${code}`))
    this.#resolveEnded(this.#failure instanceof WorkerEnded ? this.#failure.reason : 'closed')
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}
