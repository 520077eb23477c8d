/** Walks through the members of an uncompressed tar file by its headers, without reading the bodies. */
import { grouped } from '../../src/shared/text.js'
import { DatasetError } from '../files/errors.js'
import type { FileWindow } from './file-window.js'
import { BLOCK, isZeros, padded, parsePax, parseTarHeader } from './tar-header.js'

export interface TarMember {
  /** As in the archive, with long names whole. Not to be trusted as a path. */
  name: string
  /** First byte of its content in the file. */
  offset: number
  bytes: number
}

/** A part of a file that is a tar itself; by default the whole file. */
export interface TarRange {
  /** For messages. */
  title: string
  from: number
  to: number
}

/** Longer names and extended headers are not believed. */
const MAX_EXTENSION = 2 ** 20

/**
 * Yields the regular files, in order. Folders, links and devices are passed over.
 *
 * @throws DatasetError that names the file, and the member behind which it is compressed, damaged or cut short
 */
export async function* tarMembers(
  window: FileWindow,
  { title, from, to }: TarRange = { title: window.path, from: 0, to: window.size },
): AsyncGenerator<TarMember> {
  let last: string | undefined
  const place = (): string => (last === undefined ? '' : `, behind its member "${last}"`)
  const short = (what: string) =>
    new DatasetError(`${title} ends early${place()}: ${what}; copy or download it again.`)
  const damaged = (at: number, what: string) =>
    new DatasetError(
      `${title} is damaged at byte ${grouped(at - from)}${place()}: ${what}; copy or download it again.`,
    )
  if (to - from === 0) throw new DatasetError(`${title} is empty (0 bytes); copy or download it again.`)
  refuseOtherFormats(title, await window.read(from, Math.min(BLOCK, to - from)))
  let at = from
  let extended = new Map<string, string>()
  for (;;) {
    if (at + BLOCK > to) throw short('the zeros that end a tar are missing')
    const block = await window.read(at, BLOCK)
    if (isZeros(block)) return
    const header = parseTarHeader(block)
    if (header === null) {
      if (at === from)
        throw new DatasetError(
          `${title} is not a tar file, or it is damaged at its begin; copy or download it again.`,
        )
      throw damaged(at, 'the checksum of a header is wrong')
    }
    const size = extended.has('size') ? Number(extended.get('size')) : header.size
    if (!Number.isSafeInteger(size) || size < 0) throw damaged(at, 'the size of a member is not a number')
    const body = at + BLOCK
    // Links, devices, folders and pipes have no content, whatever size is noted.
    const bytes = '123456'.includes(header.type) ? 0 : size
    const name = extended.get('path') ?? header.name
    if (body + bytes > to)
      throw short(
        `its member "${name}" has ${grouped(bytes)} bytes, of which ${grouped(to - body)} are there`,
      )
    at = body + padded(bytes)
    if (isExtension(header.type)) {
      if (bytes > MAX_EXTENSION)
        throw damaged(body - BLOCK, `a header for its members has ${grouped(bytes)} bytes`)
      const next = extensionOf(header.type, await window.read(body, bytes))
      if (next === null) throw damaged(body - BLOCK, 'an extended header is malformed')
      for (const [key, value] of next) extended.set(key, value)
      continue
    }
    last = name
    if (header.type === 'S' || [...extended.keys()].some((key) => key.startsWith('GNU.sparse')))
      throw new DatasetError(
        `${title} holds "${name}" as a sparse file, of which the bytes do not lie together; write it without --sparse.`,
      )
    extended = new Map()
    const isFile = (header.type === '0' || header.type === '7') && !name.endsWith('/')
    if (isFile) yield { name, offset: body, bytes }
  }
}

/** Members that say something of the next one, or of all. */
const isExtension = (type: string): boolean => 'LKxg'.includes(type)

/** What such a member says of the next one. */
function extensionOf(type: string, body: Buffer): Map<string, string> | null {
  if (type === 'x') return parsePax(body)
  if (type !== 'L') return new Map()
  const end = body.indexOf(0)
  return new Map([['path', body.toString('utf8', 0, end < 0 ? body.length : end)]])
}

/** First bytes of what is often found in place of a tar, and how it is unpacked. */
const formats: { first: number[]; name: string; unpack: string }[] = [
  { first: [0x1f, 0x8b], name: 'gzip', unpack: 'gunzip' },
  { first: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', unpack: 'unzstd' },
  { first: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', unpack: 'unxz' },
  { first: [0x42, 0x5a, 0x68], name: 'bzip2', unpack: 'bunzip2' },
]

function refuseOtherFormats(title: string, begin: Buffer): void {
  const format = formats.find(({ first }) => first.every((byte, i) => begin[i] === byte))
  if (format !== undefined)
    throw new DatasetError(
      `${title} is compressed by ${format.name}, so that its images cannot be read in any order; unpack it to a .tar ` +
        `first, for example by ${format.unpack}.`,
    )
}
