/** Images that wait for a model, in the order of their arrival. */
import type { Outputs, Task } from './outputs.js'

export interface Answer<T extends Task> {
  outputs: Outputs[T]
  /** Time in the queue and in the model; the model's is that of the whole batch. */
  milliseconds: { queue: number; inference: number }
}

export interface Job<T extends Task> {
  /** uint8, height × width × 3, RGB. */
  readonly pixels: Uint8Array
  /** Time of arrival in the queue, in ms. */
  readonly queued: number
  /** How many workers have died while they computed it. */
  deaths: number
  /** Computed without others: it was part of a run that failed. */
  alone: boolean
  /** True once it is answered, or its signal aborted: what comes later is discarded. */
  settled: boolean
  resolve(answer: Answer<T>): void
  reject(error: Error): void
}

export class ImageQueue<T extends Task> {
  readonly #jobs: Job<T>[] = []
  readonly #onLength: (length: number) => void

  /** @param onLength Called with the number of waiting images whenever it has changed. */
  constructor(onLength: (length: number) => void) {
    this.#onLength = onLength
  }

  get length(): number {
    return this.#jobs.length
  }

  /** The image that waits for longest. */
  get first(): Readonly<Job<T>> | undefined {
    return this.#jobs[0]
  }

  /** Queues an image. Rejects with the signal's reason once it is aborted; an image that still waits leaves. */
  add(pixels: Uint8Array, signal: AbortSignal): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const settled =
        <V>(settle: (value: V) => void) =>
        (value: V) => {
          job.settled = true
          signal.removeEventListener('abort', leave)
          settle(value)
        }
      const job: Job<T> = {
        pixels,
        queued: performance.now(),
        deaths: 0,
        alone: false,
        settled: false,
        resolve: settled(resolve),
        reject: settled(reject),
      }
      const leave = () => {
        const index = this.#jobs.indexOf(job)
        if (index >= 0) this.#jobs.splice(index, 1)
        this.#onLength(this.length)
        job.reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#jobs.push(job)
      this.#onLength(this.length)
    })
  }

  /** Takes the first images, at most so many; an image that is to be computed alone is taken alone. */
  take(most: number): Job<T>[] {
    const apart = this.#jobs.findIndex(({ alone }) => alone)
    const together = apart < 0 ? this.length : Math.max(1, apart)
    const taken = this.#jobs.splice(0, Math.min(most, together))
    this.#onLength(this.length)
    return taken
  }

  /** Puts images that were taken before all others. */
  putBack(jobs: readonly Job<T>[]): void {
    this.#jobs.unshift(...jobs)
    this.#onLength(this.length)
  }

  rejectAll(error: Error): void {
    for (const job of this.#jobs.splice(0)) job.reject(error)
    this.#onLength(0)
  }
}
