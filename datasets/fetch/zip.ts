/** Reads zip archives by their central directory: stored and deflated files, also above 4 GiB (APPNOTE.TXT 6.3, zip64). */
import type { FileHandle } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { DatasetError } from '../files/errors.js'
import { crc32 } from './crc32.js'

export interface ZipEntry {
  /** As in the archive, with slashes; never absolute, never with "..". Those of folders end in a slash. */
  name: string
  compressedBytes: number
  bytes: number
  crc: number
  stored: boolean
  /** Where its local header begins. */
  offset: number
}

const SIGNATURES = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
}
const END_BYTES = 22
const LONGEST_COMMENT = 0xffff
const ENCRYPTED = 1
const METHODS = { stored: 0, deflated: 8 }
/** The largest directory that is read: millions of files. */
const MOST_DIRECTORY_BYTES = 2 ** 30
const SYMBOLIC_LINK = 0o120000

const damaged = () => new DatasetError('it is no zip archive, or it is damaged or cut short')

/**
 * What the archive holds, in the order of its directory.
 *
 * @throws DatasetError, of which the message is a reason ("it is damaged …"), when the file is no zip archive, or
 * has encrypted files, links, other ways of compression, or names that lead out of the folder.
 */
export async function readZipDirectory(file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat()
  const { count, bytes, offset } = await findDirectory(file, size)
  if (bytes > MOST_DIRECTORY_BYTES || offset + bytes > size) throw damaged()
  const directory = await readAt(file, offset, bytes)
  const entries: ZipEntry[] = []
  let at = 0
  while (entries.length < count) {
    if (at + 46 > bytes || directory.readUInt32LE(at) !== SIGNATURES.central) throw damaged()
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28)
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30)
    const end = extraEnd + directory.readUInt16LE(at + 32)
    if (end > bytes) throw damaged()
    entries.push(parseEntry(directory.subarray(at, end), nameEnd - at, extraEnd - at))
    at = end
  }
  return entries
}

async function findDirectory(
  file: FileHandle,
  size: number,
): Promise<{ count: number; bytes: number; offset: number }> {
  const start = Math.max(0, size - END_BYTES - LONGEST_COMMENT)
  const tail = await readAt(file, start, size - start)
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== SIGNATURES.end) continue
    // A comment may hold the signature too; the true record is followed by its comment and nothing else.
    if (at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length) continue
    if (at >= 20 && tail.readUInt32LE(at - 20) === SIGNATURES.locator) {
      const end64 = await readAt(file, wholeNumber(tail, at - 12), 56)
      if (end64.readUInt32LE(0) !== SIGNATURES.end64) throw damaged()
      return { count: wholeNumber(end64, 32), bytes: wholeNumber(end64, 40), offset: wholeNumber(end64, 48) }
    }
    return {
      count: tail.readUInt16LE(at + 10),
      bytes: tail.readUInt32LE(at + 12),
      offset: tail.readUInt32LE(at + 16),
    }
  }
  throw damaged()
}

function parseEntry(record: Buffer, nameEnd: number, extraEnd: number): ZipEntry {
  const name = record.toString('utf8', 46, nameEnd)
  const method = record.readUInt16LE(10)
  const shown = JSON.stringify(name)
  if (record.readUInt16LE(8) & ENCRYPTED) throw new DatasetError(`its ${shown} is encrypted`)
  if (method !== METHODS.stored && method !== METHODS.deflated)
    throw new DatasetError(`its ${shown} is compressed in a way that is not known here (${method})`)
  if (((record.readUInt32LE(38) >>> 16) & 0o170000) === SYMBOLIC_LINK)
    throw new DatasetError(`its ${shown} is a symbolic link`)
  if (!isSafe(name)) throw new DatasetError(`its ${shown} would lie outside the folder`)
  // Sizes of 32 ones stand in the zip64 field, in this order, and only those that do.
  const wide = zip64Field(record.subarray(nameEnd, extraEnd))
  let next = 0
  const size = (at: number): number => {
    const value = record.readUInt32LE(at)
    if (value !== 0xffffffff) return value
    next += 8
    if (wide === undefined || next > wide.length) throw damaged()
    return wholeNumber(wide, next - 8)
  }
  const bytes = size(24)
  const compressedBytes = size(20)
  const offset = size(42)
  const stored = method === METHODS.stored
  if (stored && bytes !== compressedBytes) throw damaged()
  return { name, bytes, compressedBytes, offset, crc: record.readUInt32LE(16), stored }
}

/** Relative, with forward slashes, and never upwards; on any system. */
function isSafe(name: string): boolean {
  const parts = name.replace(/\/$/, '').split('/')
  const plain = [...name].every((character) => character >= ' ' && character !== '\\' && character !== ':')
  return plain && parts.every((part) => part !== '' && part !== '.' && part !== '..')
}

function zip64Field(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
}

function wholeNumber(buffer: Buffer, at: number): number {
  const value = Number(buffer.readBigUInt64LE(at))
  if (!Number.isSafeInteger(value)) throw damaged()
  return value
}

/**
 * The content of a file in the archive. Size and checksum are verified at the end, so what came before is to be
 * trusted only when the last piece has come without an error.
 *
 * @throws DatasetError, of which the message is a reason
 */
export async function* readZipFile(file: FileHandle, entry: ZipEntry): AsyncGenerator<Buffer> {
  const header = await readAt(file, entry.offset, 30)
  if (header.readUInt32LE(0) !== SIGNATURES.local) throw damaged()
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  const compressed = pieces(file, start, entry.compressedBytes)
  const content = entry.stored ? compressed : inflated(compressed)
  let [bytes, crc] = [0, 0]
  try {
    for await (const piece of content) {
      bytes += piece.length
      // One that lies about its size is not unpacked to the end.
      if (bytes > entry.bytes) break
      crc = crc32(piece, crc)
      yield piece
    }
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw damagedFile(entry)
    throw error
  }
  if (bytes !== entry.bytes || crc !== entry.crc) throw damagedFile(entry)
}

function inflated(compressed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  // What fails on either side ends the other, and is thrown to whoever reads.
  return pipeline(Readable.from(compressed, { objectMode: false }), createInflateRaw(), () => {})
}

const damagedFile = ({ name }: ZipEntry) => new DatasetError(`its ${JSON.stringify(name)} is damaged`)

const PIECE_BYTES = 2 ** 18

async function* pieces(file: FileHandle, start: number, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += PIECE_BYTES)
    yield await readAt(file, start + at, Math.min(PIECE_BYTES, length - at))
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(buffer, read, length - read, position + read)
    if (bytesRead === 0) throw damaged()
    read += bytesRead
  }
  return buffer
}
