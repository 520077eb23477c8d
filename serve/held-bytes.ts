/** Bounds on the bytes that all requests together hold, however many there are. */
import { overloaded, type Problem } from './problem.js'

/** A number of bytes from which parts are reserved. */
export class Budget {
  #held = 0

  constructor(readonly limit: number) {}

  /** False, and nothing is reserved, when less than `bytes` is left. */
  reserve(bytes: number): boolean {
    if (this.#held + bytes > this.limit) return false
    this.#held += bytes
    return true
  }

  release(bytes: number): void {
    this.#held -= bytes
  }
}

/** What one upload holds. */
export interface HeldUpload {
  /** Counts bytes that have arrived. */
  add(bytes: number): void
  /** The upload has arrived completely: it is not evicted any more. */
  complete(): void
  /** Frees all its bytes. May be called more than once. */
  release(): void
}

/**
 * The bytes of all uploads that are arriving or waiting. When they exceed `limit`, the unfinished upload that has been
 * silent for longest is evicted, so that uploads which stall cannot keep others out.
 */
export class UploadBudget {
  /** Unfinished ones, the longest silent first. */
  readonly #arriving = new Map<HeldUpload, (problem: Problem) => void>()
  #held = 0

  constructor(readonly limit: number) {}

  /** @param evict Called at most once, when the upload has to be refused; its bytes do not count any more. */
  open(evict: (problem: Problem) => void): HeldUpload {
    let bytes = 0
    let released = false
    const upload: HeldUpload = {
      add: (more) => {
        if (released) return
        bytes += more
        this.#held += more
        this.#arriving.delete(upload)
        this.#arriving.set(upload, evict)
        while (this.#held > this.limit) {
          const [victim, evictVictim] = this.#arriving.entries().next().value!
          victim.release()
          evictVictim(overloaded('The server holds too many uploads; try again in a moment.', 5))
        }
      },
      complete: () => {
        this.#arriving.delete(upload)
      },
      release: () => {
        if (released) return
        released = true
        this.#held -= bytes
        this.#arriving.delete(upload)
      },
    }
    return upload
  }
}
