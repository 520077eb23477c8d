/**
 * A model behind a bounded queue: requests wait here, and sessions compute them in the order of their arrival, several
 * in one run where they queued while all sessions computed. A request reserves its place before its image is decoded, so
 * that the bound holds for decoding too.
 */
import { WorkerEnded } from '../src/runtime/session.js'
import { type BatchOptions, BatchPlanner } from './batches.js'
import { ServeError } from './errors.js'
import { type Answer, ImageQueue, type Job } from './image-queue.js'
import type { InferenceObserver, NotComputed } from './inference-observer.js'
import { versionOf } from './model-file.js'
import { ModelSession } from './model-session.js'
import type { CardOf, Task } from './outputs.js'
import { overloaded, Problem } from './problem.js'
import { SessionPool } from './session-pool.js'

export interface InferenceOptions<T extends Task> extends BatchOptions {
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
  observer?: InferenceObserver
}

/** The right of one request to be computed. */
export interface Reservation<T extends Task> {
  /**
   * Queues one image (uint8, height × width × 3, RGB) and waits for its answer. Rejects with the signal's reason once
   * it is aborted: an image that waits leaves the queue; the result of one that is being computed is discarded. An image
   * whose worker dies is computed once more, alone.
   *
   * @throws Problem 500 when the model fails on the image, or a second worker dies; 503 when no worker can be started
   */
  infer(pixels: Uint8Array, signal: AbortSignal): Promise<Answer<T>>
  /** Frees the place for another request; to be called once, whatever happened. */
  release(): void
}

export class Inference<T extends Task = Task> {
  readonly card: CardOf<T>
  /** Tells models of one name apart. */
  readonly version: string
  readonly #maxReserved: number
  readonly #maxWait: number
  readonly #batches: BatchPlanner
  readonly #pool: SessionPool<T>
  readonly #observer: InferenceObserver
  readonly #onWarning: (message: string) => void
  readonly #queue: ImageQueue<T>
  #reserved = 0
  /** Runs when the first image has waited for others for long enough. */
  #waitTimer: NodeJS.Timeout | undefined
  /** Resolves the promise of `retire`. */
  #onEmpty: (() => void) | undefined
  #closing: Promise<void> | undefined

  private constructor(options: InferenceOptions<T>) {
    const { card, path, sha256, workers, threads, queue, onWarning } = options
    this.card = card
    this.version = versionOf({ sha256 })
    this.#maxReserved = workers + queue
    this.#maxWait = options.maxWait ?? Number.POSITIVE_INFINITY
    this.#batches = new BatchPlanner(options)
    this.#observer = options.observer ?? {}
    this.#onWarning = onWarning
    this.#queue = new ImageQueue((length) => this.#observer.queueLength?.(card.name, length))
    const batches = this.#batches.most > 1
    this.#pool = new SessionPool({
      name: card.name,
      size: workers,
      open: () => ModelSession.open({ path, sha256, card, threads, batches }),
      onReady: () => this.#dispatch(),
      onDeath: () => this.#observer.workerDied?.(card.name),
      onBroken: () => this.#queue.rejectAll(this.#noWorker()),
      onWarning,
    })
  }

  /**
   * Loads the model in its workers, each of which computes a probe.
   *
   * @throws ServeError when it cannot be loaded or is not what its card says
   */
  static async start<T extends Task>(options: InferenceOptions<T>): Promise<Inference<T>> {
    const { card, path } = options
    if (card.labels.length === 0) throw new ServeError(`${path} has no labels; export it with its classes.`)
    const inference = new Inference(options)
    try {
      await inference.#pool.start()
    } catch (error) {
      throw new ServeError(`${path} cannot be run: ${(error as Error).message}`)
    }
    inference.#reportBatches()
    return inference
  }

  /** True while at least one worker can compute. */
  isReady(): boolean {
    return this.#pool.isReady()
  }

  /** @throws Problem 503 as `reserve` does, which takes a place where this does not */
  requireRoom(): void {
    if (this.#closing !== undefined) throw this.#refuse('unavailable', closed())
    if (this.#pool.isBroken()) throw this.#refuse('unavailable', this.#noWorker())
    const expectedSeconds = (this.#reserved * this.#batches.meanMilliseconds) / this.#pool.size / 1000
    const isFull = this.#reserved >= this.#maxReserved
    if (!isFull && expectedSeconds <= this.#maxWait) return
    const problem = overloaded(
      `${this.#reserved} requests are being computed or waiting already; try again in a moment.`,
      Math.min(60, Math.max(1, Math.ceil(expectedSeconds / 2))),
    )
    throw this.#refuse(isFull ? 'full' : 'slow', problem)
  }

  /** @throws Problem 503 when every place is taken, no worker can be started, or the server is closing */
  reserve(): Reservation<T> {
    this.requireRoom()
    this.#reserved++
    return {
      infer: (pixels, signal) => this.#infer(pixels, signal),
      release: () => {
        this.#reserved--
        if (this.#reserved === 0) this.#onEmpty?.()
      },
    }
  }

  /** Closes as soon as the last request that has a place is answered; nobody may reserve from here on. */
  async retire(): Promise<void> {
    if (this.#reserved > 0)
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
    await this.close()
  }

  /** Ends the workers, each after the run that is under way; requests that still wait are answered 503. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing
    clearTimeout(this.#waitTimer)
    this.#closing = this.#pool.close()
    this.#onEmpty?.()
    this.#queue.rejectAll(closed())
    return this.#closing
  }

  async #infer(pixels: Uint8Array, signal: AbortSignal): Promise<Answer<T>> {
    if (this.#closing !== undefined) throw closed()
    const answer = this.#queue.add(pixels, signal)
    this.#dispatch()
    return answer
  }

  /** Hands waiting images to idle sessions. */
  #dispatch(): void {
    for (const session of this.#pool.idle()) {
      const jobs = this.#take(session)
      if (jobs.length === 0) return
      void this.#compute(session, jobs)
    }
  }

  /** The images of the session's next run; none when none waits, or when the first ones are to wait for others. */
  #take(session: ModelSession<T>): Job<T>[] {
    const { length, first } = this.#queue
    if (first === undefined) return []
    if (!session.takesBatches || first.alone) return this.#queue.take(1)
    const { limit, maxWaitMs } = this.#batches
    const remaining = first.queued + maxWaitMs - performance.now()
    if (maxWaitMs > 0 && length < limit && remaining > 0) {
      clearTimeout(this.#waitTimer)
      this.#waitTimer = setTimeout(() => this.#dispatch(), Math.ceil(remaining))
      return []
    }
    return this.#queue.take(this.#batches.size(length, this.#pool.living()))
  }

  async #compute(session: ModelSession<T>, jobs: Job<T>[]): Promise<void> {
    const begun = performance.now()
    try {
      const { outputs, milliseconds } = await session.run(jobs.map(({ pixels }) => pixels))
      this.#batches.ran(jobs.length, milliseconds)
      this.#observer.batchSize?.(this.card.name, jobs.length)
      this.#observer.inferenceSeconds?.(this.card.name, milliseconds / 1000)
      for (const [index, job] of jobs.entries()) {
        const its = outputs[index]
        if (its instanceof Error) this.#fail(job, its)
        else
          job.resolve({ outputs: its, milliseconds: { queue: begun - job.queued, inference: milliseconds } })
      }
    } catch (error) {
      this.#retry(jobs, error as Error)
    }
    this.#dispatch()
  }

  /** After a run that gave no outputs: which image is to blame shows when each is computed alone. */
  #retry(jobs: Job<T>[], error: Error): void {
    const again: Job<T>[] = []
    const died = error instanceof WorkerEnded
    for (const job of jobs.filter(({ settled }) => !settled)) {
      if (died) job.deaths++
      if (this.#closing !== undefined) job.reject(closed())
      else if (job.deaths > 1)
        job.reject(
          this.#refuse('crashed', new Problem(500, 'Two workers died while they computed this image.')),
        )
      else if (jobs.length === 1 && !died) this.#fail(job, error)
      else again.push(Object.assign(job, { alone: true }))
    }
    if (again.length === 0) return
    if (this.#pool.isBroken()) for (const job of again) job.reject(this.#noWorker())
    else this.#queue.putBack(again)
  }

  #fail(job: Job<T>, { message }: Error): void {
    job.reject(this.#refuse('failed', new Problem(500, `The model failed on this image: ${message}`)))
  }

  #refuse(reason: NotComputed, problem: Problem): Problem {
    this.#observer.notComputed?.(this.card.name, reason)
    return problem
  }

  #reportBatches(): void {
    const failure = this.#pool.idle()[0]?.batchFailure
    if (failure !== undefined)
      this.#onWarning(
        `${this.card.name} computes one image at a time, although it accepts several: ${failure}.`,
      )
  }

  #noWorker(): Problem {
    return overloaded(`No worker of ${this.card.name} can be started.`, 10)
  }
}

function closed(): Problem {
  return overloaded('The server is closing.')
}
