import { resized } from '../common/resized.js'
import { CLOSE, COMMA, LINE, MINUS, NINE, OPEN, POINT, RETURN, SPACE, TAB, ZERO } from '../json/bytes.js'
import { NEED_MORE, NOT_MINE } from '../json/handler.js'

const PAGE = 1 << 18
const LARGEST_WHOLE = 21_000_000

/** Holds polygons as hundredths in pages, and reads them from JSON. */
export class PolygonStore {
  /** The page that holds what was read last. */
  page = new Int32Array(0)
  /** Where it begins in the page: the number of polygons, their lengths, then the coordinates of all. */
  at = 0
  /** Whether each polygon that was read last has at least three corners, and no coordinate alone. */
  isDrawable = false
  private used = 0
  private bytes: Uint8Array = new Uint8Array(0)
  private pos = 0
  private lengths = new Int32Array(16)
  private polygons = 0
  private hundredths = new Int32Array(1 << 12)
  private count = 0

  /**
   * Reads a list of polygons that begins at or after `start`. Returns the place after it; NEED_MORE if `end` comes
   * first; NOT_MINE for anything but lists of plain numbers with at most two decimals, and for more than fits on a page.
   * The byte at `end` must be one that is in no number.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.bytes = bytes
    this.pos = start
    this.polygons = 0
    this.count = 0
    if (!this.list()) return this.pos >= end ? NEED_MORE : NOT_MINE
    return this.keep() ? this.pos : NOT_MINE
  }

  private list(): boolean {
    if (this.next() !== OPEN) return false
    this.isDrawable = true
    do {
      this.pos++
      if (this.next() !== OPEN) return false
      const before = this.count
      if (!this.numbers()) return false
      const length = this.count - before
      if (length < 6 || length % 2 !== 0) this.isDrawable = false
      if (this.polygons === this.lengths.length) this.lengths = resized(this.lengths, 2 * this.lengths.length)
      this.lengths[this.polygons++] = length
    } while (this.next() === COMMA)
    return this.bytes[this.pos++] === CLOSE
  }

  /** The byte at the next place that is no white space. */
  private next(): number {
    const { bytes } = this
    let pos = this.pos
    let byte = bytes[pos]
    while (byte === SPACE || byte === LINE || byte === RETURN || byte === TAB) byte = bytes[++pos]
    this.pos = pos
    return byte
  }

  /** Reads one polygon, from its bracket to behind the other. Where it returns false, the place is at what is unusual. */
  private numbers(): boolean {
    const { bytes } = this
    let { pos, count, hundredths } = this
    let byte: number
    do {
      byte = bytes[++pos]
      while (byte === SPACE || byte === LINE || byte === RETURN || byte === TAB) byte = bytes[++pos]
      const isNegative = byte === MINUS
      if (isNegative) byte = bytes[++pos]
      const first = pos
      let value = 0
      while (byte >= ZERO && byte <= NINE && value < LARGEST_WHOLE) {
        value = (Math.imul(value, 10) + byte - ZERO) | 0
        byte = bytes[++pos]
      }
      const digits = pos - first
      this.pos = pos
      if (digits === 0 || value >= LARGEST_WHOLE || (digits > 1 && bytes[first] === ZERO)) return false
      value = Math.imul(value, 100)
      if (byte === POINT) {
        byte = bytes[++pos]
        this.pos = pos
        if (!(byte >= ZERO && byte <= NINE)) return false
        value += Math.imul(byte - ZERO, 10)
        byte = bytes[++pos]
        if (byte >= ZERO && byte <= NINE) {
          value += byte - ZERO
          byte = bytes[++pos]
        }
      }
      while (byte === SPACE || byte === LINE || byte === RETURN || byte === TAB) byte = bytes[++pos]
      // There is no −0 among the hundredths.
      if (isNegative && value === 0) return false
      if (count === hundredths.length) {
        hundredths = resized(hundredths, 2 * count)
        this.hundredths = hundredths
      }
      hundredths[count++] = isNegative ? -value : value
    } while (byte === COMMA)
    this.pos = byte === CLOSE ? pos + 1 : pos
    this.count = count
    return byte === CLOSE
  }

  /** Moves what was read to a page; false if it is too much for one. */
  private keep(): boolean {
    const { polygons, count, lengths, hundredths } = this
    const size = 1 + polygons + count
    if (size > PAGE) return false
    if (this.page.length === 0 || this.used + size > PAGE) {
      this.page = new Int32Array(PAGE)
      this.used = 0
    }
    const { page } = this
    let at = this.used
    this.at = at
    page[at++] = polygons
    for (let p = 0; p < polygons; p++) page[at++] = lengths[p]
    for (let i = 0; i < count; i++) page[at++] = hundredths[i]
    this.used = at
    return true
  }
}
