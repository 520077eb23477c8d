/**
 * Collects bytes that arrive in pieces. Pieces are copied into one buffer: kept as they are, each would cost some
 * hundred bytes of its own, which a client could exploit by sending single bytes.
 */
export class ByteSink {
  #buffer: Buffer
  #length = 0

  /** @param expected The announced number of bytes; memory that is never written to costs nothing. */
  constructor(expected: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(1024, expected))
  }

  get length(): number {
    return this.#length
  }

  add(piece: Uint8Array): void {
    const needed = this.#length + piece.length
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
      larger.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = larger
    }
    this.#buffer.set(piece, this.#length)
    this.#length = needed
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
