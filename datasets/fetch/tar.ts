/** Reads tar archives as a stream (POSIX ustar, and the plain files of GNU and pax archives). */
import { DatasetError } from '../files/errors.js'

export interface TarFile {
  /** As in the archive, with slashes. Not to be trusted as a path. */
  name: string
  size: number
  /** Must be read to its end before the next file, or not at all. */
  content: AsyncIterable<Buffer>
}

const block = 512

/**
 * Yields the regular files of an archive, in order. Folders, links and extended headers are passed over.
 *
 * @throws DatasetError when the stream is no tar archive or ends early.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const bytes = new ByteReader(stream)
  for (;;) {
    const header = await bytes.take(block)
    // Two blocks of zeros end an archive; a first one is enough to know.
    if (header.every((byte) => byte === 0)) return
    verifyHeader(header)
    const size = number(header, 124, 12)
    const type = String.fromCharCode(header[156])
    let left = size
    const content = (async function* () {
      while (left > 0) {
        const chunk = await bytes.takeUpTo(left)
        left -= chunk.length
        yield chunk
      }
    })()
    if (type === '0' || type === '\0') {
      const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : ''
      yield { name: prefix ? `${prefix}/${text(header, 0, 100)}` : text(header, 0, 100), size, content }
    }
    while (left > 0) left -= (await bytes.takeUpTo(left)).length
    await bytes.take((block - (size % block)) % block)
  }
}

/** Hands out a stream's bytes in pieces of the length asked for. */
class ByteReader {
  private held: Buffer = Buffer.alloc(0)
  private readonly chunks: AsyncIterator<Uint8Array>

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]()
  }

  /** At least one byte and at most `length`. */
  async takeUpTo(length: number): Promise<Buffer> {
    while (this.held.length === 0) {
      const { value, done } = await this.chunks.next()
      if (done) throw new DatasetError('the archive ends early')
      this.held = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
    const piece = this.held.subarray(0, length)
    this.held = this.held.subarray(piece.length)
    return piece
  }

  /** Exactly `length` bytes. */
  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = length; left > 0; left -= pieces.at(-1)!.length) pieces.push(await this.takeUpTo(left))
    return Buffer.concat(pieces)
  }
}

/** The checksum counts its own eight bytes as spaces. */
function verifyHeader(header: Buffer): void {
  let sum = 8 * 32
  for (let i = 0; i < block; i++) if (i < 148 || i >= 156) sum += header[i]
  if (sum !== number(header, 148, 8)) throw new DatasetError('it is no tar archive, or it is damaged')
}

function text(header: Buffer, start: number, length: number): string {
  return header.toString('utf8', start, start + length).split('\0', 1)[0]
}

/** Octal digits. */
function number(header: Buffer, start: number, length: number): number {
  const value = Number.parseInt(text(header, start, length).trim() || '0', 8)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new DatasetError('it is no tar archive, or it is damaged')
  return value
}
