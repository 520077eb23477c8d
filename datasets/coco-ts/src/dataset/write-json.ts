/** Writes JSON of any length as a stream. */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { CocoError } from '../common/problems.js'

const PIECE = 1 << 16

/** Joins many short texts to fewer long ones. */
async function* inPieces(texts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let piece = ''
  for await (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  yield piece
}

/** Writes under another name first, so that `path` never holds half a file; packs it where the name ends in .gz. */
export async function writeWhole(
  path: string,
  texts: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`)
  const file = await open(temporary, 'wx').catch((error) => Promise.reject(writeError(path, error)))
  try {
    const save = async (pieces: AsyncIterable<Uint8Array | string>): Promise<void> => {
      for await (const piece of pieces) await file.writeFile(piece)
    }
    const source = Readable.from(inPieces(texts), { objectMode: false })
    if (path.endsWith('.gz')) await pipeline(source, createGzip(), save)
    else await pipeline(source, save)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await file.close()
    await rm(temporary, { force: true })
    throw writeError(path, error)
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'its folder does not exist: make it first',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'it is a folder: give the name of a file in it',
  EACCES: 'there is no permission: give it, or choose another folder',
  EPERM: 'there is no permission: give it, or choose another folder',
  EROFS: 'the file system is read-only: choose another folder',
  ENOSPC: 'the disk is full: free some space',
}

/** What the system says, as a sentence; other errors stay as they are. */
function writeError(path: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  return new CocoError(`${path} cannot be written: ${REASONS[code ?? ''] ?? message}.`, undefined, {
    cause: error,
  })
}

/** JSON with typed arrays as lists. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) =>
    ArrayBuffer.isView(part) ? Array.from(part as unknown as ArrayLike<number>) : part,
  )
}

export async function* listTexts<T>(
  entries: AsyncIterable<T> | Iterable<T>,
  check: (entry: T, index: number) => void,
): AsyncGenerator<string> {
  let index = 0
  for await (const entry of entries) {
    check(entry, index)
    yield `${index === 0 ? '[' : ',\n'}${toJson(entry)}`
    index++
  }
  yield index === 0 ? '[]\n' : ']\n'
}
