/**
 * The header block of a tar member: POSIX's ustar and pax, and GNU tar's older forms (`info tar`, "Basic Tar Format").
 */

export const BLOCK = 512

export interface TarHeader {
  /** As in the archive. Not to be trusted as a path. */
  name: string
  /** Bytes of the body. */
  size: number
  /** `0` file, `5` folder, `1` and `2` links, `L` a long name, `x` and `g` extended headers. */
  type: string
}

/** The header in a block of 512 bytes; null when its checksum or its size is not one. */
export function parseTarHeader(block: Buffer): TarHeader | null {
  const noted = number(block, 148, 8)
  if (noted === null || !sums(block).includes(noted)) return null
  const size = number(block, 124, 12)
  if (size === null) return null
  const name = text(block, 0, 100)
  // GNU tar's older form ("ustar  ") uses the place of the prefix otherwise.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block, 345, 155) : ''
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156])
  return { name: prefix === '' ? name : `${prefix}/${name}`, size, type }
}

export const isZeros = (block: Buffer): boolean => block.every((byte) => byte === 0)

/** Bytes of a body with what fills its last block. */
export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

/** The sum of the bytes with blanks for the checksum; old programs took the bytes as signed. */
function sums(block: Buffer): [number, number] {
  let [unsigned, signed] = [8 * 32, 8 * 32]
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue
    unsigned += block[i]
    signed += block[i] < 128 ? block[i] : block[i] - 256
  }
  return [unsigned, signed]
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at)
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end)
}

/** Octal digits, or, where the first bit is set, a binary number for files of 8 GiB and more. */
function number(block: Buffer, at: number, length: number): number | null {
  if (block[at] & 0x80) {
    let value = block[at] & 0x7f
    for (let i = at + 1; i < at + length; i++) value = value * 256 + block[i]
    return Number.isSafeInteger(value) ? value : null
  }
  const digits = text(block, at, length).trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null
}

/** What an extended header says of the next member; null when it is malformed. */
export function parsePax(body: Buffer): Map<string, string> | null {
  const found = new Map<string, string>()
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(32, at)
    const length = blank < 0 ? Number.NaN : Number(body.toString('latin1', at, blank))
    const end = at + length
    if (!Number.isInteger(length) || end <= blank || end > body.length || body[end - 1] !== 10) return null
    const equals = body.indexOf(61, blank)
    if (equals < 0 || equals >= end) return null
    found.set(body.toString('utf8', blank + 1, equals), body.toString('utf8', equals + 1, end - 1))
    at = end
  }
  return found
}
