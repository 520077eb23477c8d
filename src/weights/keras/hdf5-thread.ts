/** A thread that reads or writes one HDF5 file, seen from outside. */
import { Worker } from 'node:worker_threads'
import { UserError } from '../../shared/errors.js'
import { fileError } from '../../shared/files.js'
import type { Kind, Reply, Requests, Results, ThreadData } from './hdf5-protocol.js'
import { stallDetector } from './stall-detector.js'

interface Pending {
  action: string
  resolve(result: Results[Kind]): void
  reject(error: Error): void
}

export interface ThreadOptions {
  /** What the thread runs. */
  script?: URL
  /** How often the thread is looked at while it works, in ms. */
  lookEvery?: number
}

/**
 * Reads or writes one file. It keeps the process alive only while a request is pending, and ends itself where a damaged
 * file stops WebAssembly or makes it run for ever.
 */
export class Hdf5Thread {
  readonly #path: string
  readonly #worker: Worker
  readonly #lookEvery: number
  readonly #accesses = new Int32Array(new SharedArrayBuffer(4))
  readonly #pending = new Map<number, Pending>()
  #nextId = 0
  /** Why no further request is possible, as the end of a sentence. */
  #ended: string | undefined
  #clock: NodeJS.Timeout | undefined

  /** @param path For messages. */
  constructor(path: string, { script, lookEvery = 3000 }: ThreadOptions = {}) {
    this.#path = path
    this.#lookEvery = lookEvery
    const workerData: ThreadData = { accesses: this.#accesses }
    // Flags such as --input-type are meant for the program that was started, not for this file.
    this.#worker = new Worker(script ?? new URL('./hdf5-worker.js', import.meta.url), {
      workerData,
      execArgv: [],
    })
    this.#worker.on('message', (reply: Reply) => this.#settle(reply))
    this.#worker.on('error', ({ message }) => this.#end(`it is damaged (${message})`))
    this.#worker.on('exit', () => this.#end('it is closed'))
    this.#worker.unref()
  }

  /**
   * @param action For messages: "read" or "write".
   * @throws UserError that names the file and says what is wrong with it
   */
  request<K extends Kind>(
    action: string,
    kind: K,
    request: Requests[K],
    moved: ArrayBuffer[] = [],
  ): Promise<Results[K]> {
    if (this.#ended !== undefined) return Promise.reject(this.#error(action, this.#ended))
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ ...request, kind, id }, moved)
      this.#pending.set(id, { action, resolve: resolve as Pending['resolve'], reject })
      this.#worker.ref()
      this.#clock ??= this.#watch()
    })
  }

  /** Ends the thread; requests that are pending fail. */
  async close(): Promise<void> {
    this.#end('it is closed')
    await this.#worker.terminate()
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if (this.#pending.size === 0) this.#rest()
    if (pending === undefined) return
    if ('result' in reply) pending.resolve(reply.result)
    else if (reply.file === undefined) pending.reject(this.#error(pending.action, reply.reason))
    else pending.reject(fileError(pending.action, this.#path, reply.file))
  }

  #rest(): void {
    clearInterval(this.#clock)
    this.#clock = undefined
    this.#worker.unref()
  }

  #watch(): NodeJS.Timeout {
    const isStalled = stallDetector()
    return setInterval(() => {
      const answers = this.#nextId - this.#pending.size
      if (!isStalled(Atomics.load(this.#accesses, 0), answers)) return
      this.#end('it is damaged: reading it comes to no end')
      void this.#worker.terminate()
    }, this.#lookEvery)
  }

  #end(reason: string): void {
    this.#ended ??= reason
    for (const { action, reject } of this.#pending.values()) reject(this.#error(action, this.#ended))
    this.#pending.clear()
    this.#rest()
  }

  #error(action: string, reason: string): UserError {
    return new UserError(`Cannot ${action} ${this.#path}: ${reason}`)
  }
}
