/**
 * A model behind a bounded queue: requests wait here, and sessions compute them in the order of their arrival. A
 * request reserves its place before its image is decoded, so that the bound holds for decoding too.
 */
import { ServeError } from './errors.js'
import { ModelSession } from './model-session.js'
import type { CardOf, Outputs, Task } from './outputs.js'
import { overloaded, type Problem } from './problem.js'
import { SessionPool } from './session-pool.js'

export interface InferenceOptions<T extends Task> {
  path: string
  /** SHA-256 of the file that the card was read from, in hexadecimal digits: a file of other bytes is refused. */
  sha256: string
  card: CardOf<T>
  /** Worker threads, each with a session of its own. */
  workers: number
  /** Threads that each session computes with. */
  threads: number
  /** How many requests may wait beyond those that the workers compute. */
  queue: number
  /** A request that would probably wait longer than this, in seconds, is refused; by default, none is. */
  maxWait?: number
  /** Receives one sentence whenever a worker dies and is started again, or cannot be. */
  onWarning: (message: string) => void
}

export interface Answer<T extends Task> {
  outputs: Outputs[T]
  /** Time in the queue and in the model. */
  milliseconds: { queue: number; inference: number }
}

/** The right of one request to be computed. */
export interface Reservation<T extends Task> {
  /**
   * Queues one image (uint8, height × width × 3, RGB) and waits for its answer. Rejects with the signal's reason once
   * it is aborted: an image that waits leaves the queue; the result of one that is being computed is discarded.
   */
  infer(pixels: Uint8Array, signal: AbortSignal): Promise<Answer<T>>
  /** Frees the place for another request; to be called once, whatever happened. */
  release(): void
}

interface Job<T extends Task> {
  pixels: Uint8Array
  /** Time of arrival in the queue, in ms. */
  queued: number
  resolve(answer: Answer<T>): void
  reject(error: Error): void
}

/** Weight of the last run in the moving mean of run times. */
const NEWEST_WEIGHT = 0.2

export class Inference<T extends Task = Task> {
  readonly card: CardOf<T>
  readonly #workers: number
  readonly #maxReserved: number
  readonly #maxWait: number
  readonly #pool: SessionPool<T>
  readonly #queue: Job<T>[] = []
  #reserved = 0
  /** Moving mean of the time that one image takes; 0 before the first. */
  #meanMilliseconds = 0
  #closing = false

  private constructor(options: InferenceOptions<T>) {
    const { card, path, sha256, workers, threads, queue, onWarning } = options
    this.card = card
    this.#workers = workers
    this.#maxReserved = workers + queue
    this.#maxWait = options.maxWait ?? Number.POSITIVE_INFINITY
    this.#pool = new SessionPool({
      name: card.name,
      size: workers,
      open: () => ModelSession.open({ path, sha256, card, threads }),
      onReady: () => this.#dispatch(),
      onBroken: () => this.#rejectWaiting(this.#noWorker()),
      onWarning,
    })
  }

  /** Loads the model in its workers. @throws ServeError when it cannot be loaded or is not what its card says */
  static async start<T extends Task>(options: InferenceOptions<T>): Promise<Inference<T>> {
    const { card, path } = options
    if (card.labels.length === 0) throw new ServeError(`${path} has no labels; export it with its classes.`)
    const inference = new Inference(options)
    try {
      await inference.#pool.start()
    } catch (error) {
      throw new ServeError(`${path} cannot be run: ${(error as Error).message}`)
    }
    return inference
  }

  /** True while at least one worker can compute. */
  isReady(): boolean {
    return this.#pool.isReady()
  }

  /** @throws Problem 503 when every place is taken, no worker can be started, or the server is closing */
  reserve(): Reservation<T> {
    if (this.#closing) throw closed()
    if (this.#pool.isBroken()) throw this.#noWorker()
    const expectedSeconds = (this.#reserved * this.#meanMilliseconds) / this.#workers / 1000
    if (this.#reserved >= this.#maxReserved || expectedSeconds > this.#maxWait)
      throw overloaded(
        `${this.#reserved} requests are being computed or waiting already; try again in a moment.`,
        Math.min(60, Math.max(1, Math.ceil(expectedSeconds / 2))),
      )
    this.#reserved++
    return {
      infer: (pixels, signal) => this.#infer(pixels, signal),
      release: () => {
        this.#reserved--
      },
    }
  }

  /** Ends the workers, each after the run that is under way; requests that still wait are answered 503. */
  async close(): Promise<void> {
    this.#closing = true
    this.#rejectWaiting(closed())
    await this.#pool.close()
  }

  #infer(pixels: Uint8Array, signal: AbortSignal): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (this.#closing) return reject(closed())
      const job: Job<T> = { pixels, queued: performance.now(), resolve, reject }
      const leave = () => {
        const index = this.#queue.indexOf(job)
        if (index >= 0) this.#queue.splice(index, 1)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#queue.push(job)
      this.#dispatch()
    })
  }

  /** Hands waiting images to idle sessions. */
  #dispatch(): void {
    for (const session of this.#pool.idle()) {
      const job = this.#queue.shift()
      if (job === undefined) return
      void this.#compute(session, job)
    }
  }

  async #compute(session: ModelSession<T>, job: Job<T>): Promise<void> {
    const begun = performance.now()
    try {
      const { outputs, milliseconds } = await session.run(job.pixels)
      this.#updateMean(milliseconds)
      job.resolve({ outputs, milliseconds: { queue: begun - job.queued, inference: milliseconds } })
    } catch (error) {
      job.reject(this.#closing ? closed() : (error as Error))
    }
    this.#dispatch()
  }

  #updateMean(milliseconds: number): void {
    const mean = this.#meanMilliseconds
    this.#meanMilliseconds =
      mean === 0 ? milliseconds : (1 - NEWEST_WEIGHT) * mean + NEWEST_WEIGHT * milliseconds
  }

  #rejectWaiting(problem: Problem): void {
    for (const job of this.#queue.splice(0)) job.reject(problem)
  }

  #noWorker(): Problem {
    return overloaded(`No worker of ${this.card.name} can be started.`, 10)
  }
}

function closed(): Problem {
  return overloaded('The server is closing.')
}
