/**
 * Keeps the indexes of tar files, so that a data set is opened at once the second time. They lie in the user's folder for
 * caches, since data may be read-only; any of them may be deleted, and one that does not fit is made again.
 */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { UserError } from '../../src/shared/errors.js'
import { makeFolder, writeFileAtomically } from '../../src/shared/files.js'
import type { TarImages, TarIndex } from './tar-images.js'

/** Raised when an index of the same file would have other contents. */
const VERSION = 1

/** `$XDG_CACHE_HOME/nasnet-toolkit`, or what is usual on the system. */
export function defaultCacheDir(): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env
  if (xdg) return join(xdg, 'nasnet-toolkit')
  if (process.platform === 'win32' && local) return join(local, 'nasnet-toolkit', 'Cache')
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'nasnet-toolkit')
}

interface Head {
  version: number
  kind: string
  path: string
  bytes: number
  modified: number
  notes: string[]
  parts: { name: string; count: number; nameBytes: number }[]
}

/**
 * The index of `path`, from the cache where the file is as it was, otherwise made by `make` and kept. What cannot be read or
 * written in the cache is passed over, because the data itself is enough.
 *
 * @param kind Of the index, since one file may be read in several ways
 */
export async function cachedIndex(
  cacheDir: string,
  kind: string,
  path: string,
  make: () => Promise<TarIndex>,
): Promise<TarIndex> {
  const absolute = resolve(path)
  const { size, mtimeMs } = await stat(absolute)
  const name = createHash('sha256').update(`${kind}\0${absolute}`).digest('hex').slice(0, 32)
  const file = join(cacheDir, 'indexes', name)
  const expected = { version: VERSION, kind, path: absolute, bytes: size, modified: mtimeMs }
  const kept = await readFile(file).then(
    (content) => unpack(content, expected),
    () => null,
  )
  if (kept !== null) return kept
  const index = await make()
  try {
    await makeFolder(join(cacheDir, 'indexes'))
    await writeFileAtomically(file, pack(index, expected))
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  return index
}

type Expected = Pick<Head, 'version' | 'kind' | 'path' | 'bytes' | 'modified'>

/** A line with the hash of all that follows, one of JSON, then the arrays of each part; all numbers are little-endian, as on every machine that Node runs on. */
function pack({ parts, notes }: TarIndex, expected: Expected): Buffer {
  const body = Buffer.concat(parts.flatMap(({ images }) => arraysOf(images).map(bytesOf)))
  const head: Head = {
    ...expected,
    notes,
    parts: parts.map(({ name, images }) => ({
      name,
      count: images.labels.length,
      nameBytes: images.names.text.length,
    })),
  }
  const rest = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
  return Buffer.concat([Buffer.from(`${hashOf(rest)}\n`), rest])
}

const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

const arraysOf = ({ offsets, bytes, labels, names }: TarImages) =>
  [offsets, bytes, labels, names.ends, names.text] as const

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Null when the file has changed since, or the cache is damaged. */
function unpack(content: Buffer, expected: Expected): TarIndex | null {
  const rest = content.subarray(content.indexOf(10) + 1)
  if (content.toString('latin1', 0, content.length - rest.length) !== `${hashOf(rest)}\n`) return null
  const end = rest.indexOf(10)
  const head: Head = JSON.parse(rest.toString('utf8', 0, end))
  if ((Object.keys(expected) as (keyof Expected)[]).some((key) => head[key] !== expected[key])) return null
  const body = rest.subarray(end + 1)
  let at = 0
  const take = (length: number): ArrayBuffer => {
    const copy = new Uint8Array(length)
    copy.set(body.subarray(at, at + length))
    at += length
    return copy.buffer
  }
  const parts = head.parts.map(({ name, count, nameBytes }) => {
    const offsets = new Float64Array(take(8 * count))
    const bytes = new Uint32Array(take(4 * count))
    const labels = new Int32Array(take(4 * count))
    const ends = new Uint32Array(take(4 * count))
    return {
      name,
      images: { offsets, bytes, labels, names: { ends, text: new Uint8Array(take(nameBytes)) } },
    }
  })
  return { parts, notes: head.notes }
}
