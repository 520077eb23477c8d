/**
 * How many waiting images are computed in one run. By default no image ever waits for others: a batch is formed of those
 * that came while the workers were busy.
 */

export interface BatchOptions {
  /**
   * The most images of a run. By default, as many as a run of some 50 ms takes, 16 at most: that is where a larger batch
   * stops to make an image cheaper, and it bounds how long the next one waits.
   */
  maxBatch?: number
  /** How long an image waits for others while a worker is idle, in ms. 0 by default. */
  maxWaitMs?: number
}

/** The most images of a run where the caller gives no number. */
const USUAL_MAX = 16
/** What a run should take at most, in ms, where the caller gives no number of images. */
const RUN_MILLISECONDS = 50
/** Weight of the last run in the moving mean of run times. */
const NEWEST_WEIGHT = 0.2

export class BatchPlanner {
  readonly maxWaitMs: number
  /** The most images that any run may have. */
  readonly most: number
  readonly #isAdaptive: boolean
  #meanMilliseconds = 0

  constructor({ maxBatch, maxWaitMs = 0 }: BatchOptions) {
    this.most = maxBatch ?? USUAL_MAX
    this.#isAdaptive = maxBatch === undefined
    this.maxWaitMs = maxWaitMs
  }

  /** Moving mean of the time that one image takes in a worker, in ms; 0 before the first. */
  get meanMilliseconds(): number {
    return this.#meanMilliseconds
  }

  /** The most images that the next run may have. */
  get limit(): number {
    if (!this.#isAdaptive || this.#meanMilliseconds === 0) return this.most
    return Math.min(this.most, Math.max(1, Math.floor(RUN_MILLISECONDS / this.#meanMilliseconds)))
  }

  /** How many of the waiting images the next of so many living workers takes: its share, so that none stays idle. */
  size(waiting: number, workers: number): number {
    return Math.min(this.limit, Math.ceil(waiting / Math.max(1, workers)))
  }

  /** A run of so many images took so long. */
  ran(images: number, milliseconds: number): void {
    const one = milliseconds / images
    const mean = this.#meanMilliseconds
    this.#meanMilliseconds = mean === 0 ? one : (1 - NEWEST_WEIGHT) * mean + NEWEST_WEIGHT * one
  }
}
