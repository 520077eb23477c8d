/** Bounds on what requests hold together, however many there are. */
import { overloaded, type Problem } from './problem.js'

/** A number of bytes that is shared out. */
export class Budget {
  #held = 0

  constructor(readonly most: number) {}

  /** False, and nothing is taken, where less than `bytes` is left. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.most) return false
    this.#held += bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#held -= bytes
  }
}

/** What one upload holds. */
export interface HeldUpload {
  /** Counts bytes that have arrived. */
  add(bytes: number): void
  /** It has arrived whole: from here on it gives way to no other. */
  complete(): void
  /** Nothing of it is held any more. May be called more than once. */
  release(): void
}

/**
 * The bytes of all uploads that are arriving or waiting. When more arrive than `most`, the unfinished upload that has
 * been silent for longest gives way, so that uploads which stall cannot keep others out.
 */
export class UploadBudget {
  /** Unfinished ones, the longest silent first. */
  readonly #arriving = new Map<HeldUpload, (problem: Problem) => void>()
  #held = 0

  constructor(readonly most: number) {}

  /** @param giveWay Called at most once, when the upload has to be given up; its bytes count no more. */
  open(giveWay: (problem: Problem) => void): HeldUpload {
    let bytes = 0
    let over = false
    const upload: HeldUpload = {
      add: (more) => {
        if (over) return
        bytes += more
        this.#held += more
        this.#arriving.delete(upload)
        this.#arriving.set(upload, giveWay)
        while (this.#held > this.most) {
          const [victim, give] = this.#arriving.entries().next().value!
          victim.release()
          give(overloaded('The server holds too many uploads; try again in a moment.', 5))
        }
      },
      complete: () => {
        this.#arriving.delete(upload)
      },
      release: () => {
        if (over) return
        over = true
        this.#held -= bytes
        this.#arriving.delete(upload)
      },
    }
    return upload
  }
}
