/** Reads zip archives, also above 4 GiB, by their central directory; refuses what must not be unpacked into a folder. */
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { type Entry, fromRandomAccessReaderPromise, getFileNameLowLevel, RandomAccessReader } from 'yauzl'
import { isFileError } from '../../src/shared/files.js'
import { DatasetError } from '../files/errors.js'
import { crc32 } from './crc32.js'

export interface ZipEntry {
  /** As in the archive, with slashes; never absolute, never with "..". Those of folders end in a slash. */
  name: string
  /** Size of the content. */
  bytes: number
  /** Where its local header begins. */
  offset: number
  /**
   * The content. Size and checksum are verified at the end, so it can be trusted only when the last piece has come
   * without an error.
   *
   * @throws DatasetError, of which the message is a reason
   */
  content(): AsyncGenerator<Buffer>
}

/** The upper half of the external attributes holds the file's mode on Unix. */
const FILE_TYPE = 0o170000
const SYMBOLIC_LINK = 0o120000
const METHODS = [0, 8]

/**
 * What the archive holds, in the order of its directory. The file must stay open while contents are read.
 *
 * @throws DatasetError, of which the message is a reason ("it is damaged …"), when the file is not a zip archive, or
 * has encrypted files, links, unknown compression methods, or names that lead out of the folder.
 */
export async function readZip(file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat()
  const reader = new FileReader(file, size)
  return orDamaged(async () => {
    // Names are decoded below: yauzl would replace backslashes and refuse fewer names.
    const options = { autoClose: false, decodeStrings: false }
    const archive = await fromRandomAccessReaderPromise(reader, size, options)
    const entries: ZipEntry[] = []
    for await (const entry of archive.eachEntry()) {
      const name = safeName(entry)
      const open = () => orDamaged(() => archive.openReadStreamPromise(entry))
      entries.push({
        name,
        bytes: entry.uncompressedSize,
        offset: entry.relativeOffsetOfLocalHeader,
        content: () => verified(open, entry, name),
      })
    }
    reader.endDirectory()
    return entries
  })
}

/** Errors of yauzl itself, which say what is wrong with the archive's structure, become one sentence. */
async function orDamaged<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DatasetError || isFileError(error)) throw error
    throw new DatasetError('it is not a zip archive, or it is damaged or cut short', { cause: error })
  }
}

function safeName(entry: Entry): string {
  const { generalPurposeBitFlag: flags, compressionMethod: method, externalFileAttributes } = entry
  const name = getFileNameLowLevel(flags, entry.fileNameRaw, entry.extraFields, true)
  const shown = JSON.stringify(name)
  if (entry.isEncrypted()) throw new DatasetError(`its ${shown} is encrypted`)
  if (!METHODS.includes(method))
    throw new DatasetError(`its ${shown} is compressed by an unknown method (${method})`)
  if (((externalFileAttributes >>> 16) & FILE_TYPE) === SYMBOLIC_LINK)
    throw new DatasetError(`its ${shown} is a symbolic link`)
  if (!isSafe(name)) throw new DatasetError(`its ${shown} would lie outside the folder`)
  return name
}

/** Relative, with forward slashes, and never upwards; on any system. */
function isSafe(name: string): boolean {
  const parts = name.replace(/\/$/, '').split('/')
  const plain = [...name].every((character) => character >= ' ' && character !== '\\' && character !== ':')
  return plain && parts.every((part) => part !== '' && part !== '.' && part !== '..')
}

/** yauzl verifies the size, not the checksum. */
async function* verified(open: () => Promise<Readable>, entry: Entry, name: string): AsyncGenerator<Buffer> {
  const damaged = (cause?: unknown) => new DatasetError(`its ${JSON.stringify(name)} is damaged`, { cause })
  const stream = await open()
  let crc = 0
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      crc = crc32(piece, crc)
      yield piece
    }
  } catch (error) {
    throw isFileError(error) ? error : damaged(error)
  }
  if (crc !== entry.crc32) throw damaged()
}

/** What is read at once: of files, and of the directory, whose records yauzl reads one by one. */
const PIECE_BYTES = 2 ** 18

/**
 * Gives yauzl the bytes of an open file. Its own reader of files passes on any position that the archive names, and
 * Node throws for those above 2⁵³ where nothing can catch it.
 */
class FileReader extends RandomAccessReader {
  private window: { start: number; bytes: Buffer } | undefined = { start: 0, bytes: Buffer.alloc(0) }

  constructor(
    private readonly file: FileHandle,
    private readonly size: number,
  ) {
    super()
  }

  /** The directory has been read: what is read from here on are headers far apart. */
  endDirectory(): void {
    this.window = undefined
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.readInto(buffer.subarray(offset, offset + length), position).then(
      (bytesRead) => callback(null, bytesRead),
      callback,
    )
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.pieces(start, end), { objectMode: false })
  }

  private async readInto(target: Buffer, position: number): Promise<number> {
    if (this.window === undefined || target.length > PIECE_BYTES) return this.readAt(target, position)
    const { start, bytes } = this.window
    if (position < start || position + target.length > start + bytes.length) {
      const ahead = Buffer.allocUnsafe(PIECE_BYTES)
      this.window = { start: position, bytes: ahead.subarray(0, await this.readAt(ahead, position)) }
    }
    const from = position - this.window.start
    return this.window.bytes.copy(target, 0, from, from + target.length)
  }

  private async *pieces(start: number, end: number): AsyncGenerator<Buffer> {
    for (let at = start; at < end; at += PIECE_BYTES) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - at))
      const bytes = await this.readAt(piece, at)
      if (bytes === 0) return
      yield piece.subarray(0, bytes)
    }
  }

  /** Fills the buffer as far as the file goes. */
  private async readAt(buffer: Buffer, position: number): Promise<number> {
    let filled = 0
    while (filled < buffer.length && position + filled < this.size) {
      const { bytesRead } = await this.file.read(buffer, filled, buffer.length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  }
}
