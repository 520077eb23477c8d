/**
 * When a stage ends before its work is done: when a person stops it, or at the end of its time. A stage whose time is up
 * goes on until it has something to hand on, so that a slow machine has a worse model rather than none.
 */
export class StageClock {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  #isLate = false
  #hasResult = false
  #isStopped = false

  /** @param seconds until the end of the stage's time */
  constructor(seconds: number) {
    this.#timer = setTimeout(() => {
      this.#isLate = true
      this.#decide()
    }, 1000 * seconds)
  }

  /** Aborted when the stage has to end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether a person stopped the stage. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Notes that the stage has something to hand on. */
  hasResult(): void {
    this.#hasResult = true
    this.#decide()
  }

  /** Ends the stage for a person, whatever it has. */
  stop(): void {
    this.#isStopped = true
    this.#controller.abort()
  }

  /** Forgets the time; the stage is over. */
  close(): void {
    clearTimeout(this.#timer)
  }

  #decide(): void {
    if (this.#isLate && this.#hasResult) this.#controller.abort()
  }
}
