/** The threads that prepare images, and the queue of what is to be prepared. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { DecoderReply, DecoderRequest, DecoderSettings, ImageTask } from './protocol.js'

/**
 * Tasks that a thread has at a time: while sharp decodes one image in a thread of its own, the other is read or
 * augmented.
 */
const TASKS_PER_THREAD = 2

/** Half of the cores, since the training step computes on all of them, and rarely waits for images. */
export const defaultWorkers = (): number => Math.max(1, Math.min(16, Math.floor(availableParallelism() / 2)))

/** Starts a thread that answers each {@link DecoderRequest} with a {@link DecoderReply}. */
export type StartDecoder = (settings: DecoderSettings) => Worker

const startDecoder: StartDecoder = (settings) =>
  // Flags such as --input-type are meant for the program that was started, not for this file.
  new Worker(new URL('./decoder-worker.js', import.meta.url), { workerData: settings, execArgv: [] })

export interface DecodersOptions {
  /** How many threads. */
  workers: number
  start?: StartDecoder
  /** Called once, when a thread ends that should not. Nothing more is prepared then. */
  onFailure: (reason: string) => void
}

interface Decoder {
  worker: Worker
  /** Tasks that it has not answered. */
  load: number
  ended: Promise<void>
}

interface Queued {
  task: ImageTask
  done: (unreadable: string | null) => void
}

/** Open threads. Which thread gets which image has no influence on the images. */
export class Decoders {
  readonly #decoders: Decoder[]
  /** Not given to a thread yet. */
  readonly #queue: Queued[] = []
  /** Given to one, by id. */
  readonly #given = new Map<number, Queued>()
  readonly #onFailure: (reason: string) => void
  #nextId = 0
  #closed = false

  constructor(settings: DecoderSettings, { workers, start = startDecoder, onFailure }: DecodersOptions) {
    this.#onFailure = onFailure
    this.#decoders = Array.from({ length: workers }, () => this.#open(start(settings)))
  }

  /** Prepares an image after those that were added before. `done`: with the reason when it cannot be read. */
  add(task: ImageTask, done: (unreadable: string | null) => void): void {
    this.#queue.push({ task, done })
    this.#give()
  }

  /** As {@link add}, but before those that wait: for an image whose batch is the first that is needed. */
  addFirst(task: ImageTask, done: (unreadable: string | null) => void): void {
    this.#queue.unshift({ task, done })
    this.#give()
  }

  /** Ends the threads, each after the images that it has begun. Nothing is answered any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#queue.length = 0
    this.#given.clear()
    for (const { worker } of this.#decoders) worker.postMessage(null satisfies DecoderRequest)
    await Promise.all(this.#decoders.map(({ ended }) => ended))
  }

  #open(worker: Worker): Decoder {
    let reason: string | undefined
    const decoder: Decoder = {
      worker,
      load: 0,
      ended: new Promise((resolve) => {
        worker.once('exit', (code) => {
          this.#fail(reason ?? `exit code ${code}`)
          resolve()
        })
      }),
    }
    worker.on('error', (error: Error) => {
      reason = error.message
    })
    worker.on('message', ({ id, unreadable }: DecoderReply) => {
      decoder.load--
      const queued = this.#given.get(id)
      this.#given.delete(id)
      queued?.done(unreadable ?? null)
      this.#give()
    })
    return decoder
  }

  #give(): void {
    while (this.#queue.length > 0) {
      const decoder = this.#decoders.reduce((least, other) => (other.load < least.load ? other : least))
      if (decoder.load >= TASKS_PER_THREAD) return
      const queued = this.#queue.shift()!
      const id = this.#nextId++
      this.#given.set(id, queued)
      decoder.load++
      decoder.worker.postMessage({ ...queued.task, id } satisfies DecoderRequest)
    }
  }

  #fail(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue.length = 0
    this.#onFailure(reason)
  }
}
