/** The run lengths of a mask as COCO's files have them: text of printable characters. */
import { numberScratch } from './scratch.js'

let bytes = Buffer.alloc(1 << 12)

/** COCO's compressed string: each count (from the fourth on, its difference from the last but one) in 5-bit pieces. */
export function compressCounts(counts: ArrayLike<number>): string {
  const most = counts.length * 7
  if (bytes.length < most) bytes = Buffer.alloc(most * 2)
  let at = 0
  for (let i = 0; i < counts.length; i++) {
    let x = i > 2 ? counts[i] - counts[i - 2] : counts[i]
    let more = true
    while (more) {
      let piece = x & 0x1f
      x >>= 5
      more = piece & 0x10 ? x !== -1 : x !== 0
      if (more) piece |= 0x20
      bytes[at++] = piece + 48
    }
  }
  return bytes.toString('latin1', 0, at)
}

/** The counts of a compressed string; undefined for a character that is none of its 64, or an end within a number. */
export function parseCounts(text: string): Uint32Array | undefined {
  const length = text.length
  const out = numberScratch(length)
  let m = 0
  let p = 0
  let strange = 0
  while (p < length) {
    const piece = text.charCodeAt(p++) - 48
    strange |= piece & ~0x3f
    // Five bits with their sign; most counts need no more.
    let x = (piece << 27) >> 27
    if ((piece & 0x20) !== 0) {
      x = piece & 0x1f
      let shift = 5
      let more = true
      while (more) {
        if (p === length) return undefined
        const next = text.charCodeAt(p++) - 48
        strange |= next & ~0x3f
        if (shift < 32) x |= (next & 0x1f) << shift
        shift += 5
        more = (next & 0x20) !== 0
        if (!more && (next & 0x10) !== 0 && shift < 32) x |= -1 << shift
      }
    }
    out[m] = m > 2 ? x + out[m - 2] : x
    m++
  }
  return strange === 0 ? out.slice(0, m) : undefined
}
