/** When a run takes its next quick look at a few validation images. */

/** Quick looks take at most this part of a run's time. */
const SHARE = 0.05

/** Times are seconds of training. */
export class CheckClock {
  readonly #minutes: number | null
  /** When images were measured last, in a quick look or an evaluation. */
  #last: number
  /** How long the last quick look took; null before the first one. */
  #cost: number | null = null

  /** `minutes`: between two looks; null: there are none. `now`: when training begins or goes on. */
  constructor(minutes: number | null, now: number) {
    this.#minutes = minutes
    this.#last = now
  }

  /** Notes an evaluation, which makes a look unnecessary for a while. */
  evaluated(now: number): void {
    this.#last = now
  }

  looked(began: number, now: number): void {
    this.#last = now
    this.#cost = now - began
  }

  /** `estimate`: how long a look may take, for the first one. */
  isDue(now: number, estimate: number): boolean {
    if (this.#minutes === null) return false
    return now - this.#last >= Math.max(60 * this.#minutes, (this.#cost ?? estimate) / SHARE)
  }
}
