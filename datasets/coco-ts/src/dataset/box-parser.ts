import type { BoxColumns } from '../common/box-columns.js'
import type { References } from '../entries/read-entry.js'
import {
  CLOSE,
  CLOSE_BRACE,
  COLON,
  COMMA,
  LINE,
  MINUS,
  NINE,
  OPEN,
  OPEN_BRACE,
  POINT,
  QUOTE,
  RETURN,
  SPACE,
  TAB,
  ZERO,
} from '../json/bytes.js'
import { EXACT_DIGITS, longDecimal, POWERS } from '../json/decimal.js'

/** Bytes that must be there before an entry is read, or the file's end; longer entries are not for this parser. */
export const LONGEST_ENTRY = 1024

/** Of an entry and its comma. */
const SHORTEST_ENTRY = '{"image_id":1,"category_id":1,"score":1,"bbox":[1,1,1,1]},'.length

const SURPRISE = Symbol('surprise')

/** The keys of a box, each in a bit of its own. */
const IMAGE = 1
const CATEGORY = 2
const SCORE = 4
const BOX = 8
const ALL = IMAGE | CATEGORY | SCORE | BOX

const KEYS = [
  { bit: IMAGE, text: Buffer.from('image_id"') },
  { bit: CATEGORY, text: Buffer.from('category_id"') },
  { bit: SCORE, text: Buffer.from('score"') },
  { bit: BOX, text: Buffer.from('bbox"') },
]

/**
 * Reads results that are boxes in their plainest form into columns: entries of exactly `image_id`, `category_id`, `bbox`
 * and `score`, in any order, with valid numbers and known ids. Anything else is a surprise, and left to the careful reader,
 * which says what is wrong or completes it.
 */
export class BoxParser {
  private readonly columns: BoxColumns
  private count = 0
  private buffer: Buffer = Buffer.alloc(0)
  private pos = 0
  private state: 'start' | 'first' | 'entry' | 'after' | 'done' = 'start'
  // The last ids that were found to be known: neighbours often have the same image.
  private image = Number.NaN
  private readonly categories: Set<number>

  /** `bytes`: the size of the file, which bounds the number of its entries. Memory that is never written costs nothing. */
  constructor(
    private readonly known: References,
    bytes: number,
  ) {
    const rows = Math.ceil(bytes / SHORTEST_ENTRY) + 1
    const column = (): Float64Array => new Float64Array(rows)
    this.columns = {
      ...{ imageId: column(), categoryId: column(), score: column() },
      boxes: new Float64Array(4 * rows),
    }
    this.categories = new Set(known.cats.keys())
  }

  /**
   * Reads the whole entries of `buffer` up to `end`; `final`: nothing follows. Returns the place up to which it has read,
   * or −1 for a surprise. The byte at `end`, if there is one, may be overwritten.
   */
  read(buffer: Buffer, end: number, final: boolean): number {
    this.buffer = buffer
    this.pos = 0
    const last = final ? end : end - LONGEST_ENTRY
    try {
      this.space()
      while (this.pos < last) {
        this.step()
        if (this.pos > end) return -1
        this.space()
      }
    } catch (error) {
      if (error === SURPRISE) return -1
      throw error
    }
    if (final && (this.state !== 'done' || this.pos !== end)) return -1
    return this.pos
  }

  /** What was read. */
  result(): BoxColumns {
    const n = this.count
    const { imageId, categoryId, score, boxes } = this.columns
    return {
      imageId: imageId.subarray(0, n),
      categoryId: categoryId.subarray(0, n),
      score: score.subarray(0, n),
      boxes: boxes.subarray(0, 4 * n),
    }
  }

  private step(): void {
    const byte = this.buffer[this.pos]
    if (this.state === 'entry' || (this.state === 'first' && byte !== CLOSE)) {
      this.entry()
      this.state = 'after'
    } else if (this.state === 'after' && byte === COMMA) {
      this.pos++
      this.state = 'entry'
    } else if (byte === CLOSE && (this.state === 'after' || this.state === 'first')) {
      this.pos++
      this.state = 'done'
    } else if (byte === OPEN && this.state === 'start') {
      this.pos++
      this.state = 'first'
    } else {
      throw SURPRISE
    }
  }

  private entry(): void {
    // The file has grown while it was read.
    if (this.count === this.columns.score.length) throw SURPRISE
    const { imageId, categoryId, score, boxes } = this.columns
    const n = this.count
    this.expect(OPEN_BRACE)
    let seen = 0
    for (;;) {
      const bit = this.key()
      if ((seen & bit) !== 0) throw SURPRISE
      seen |= bit
      if (bit === IMAGE) imageId[n] = this.imageId()
      else if (bit === CATEGORY) categoryId[n] = this.categoryId()
      else if (bit === SCORE) score[n] = this.number()
      else this.box(boxes, 4 * n)
      this.space()
      const byte = this.buffer[this.pos++]
      if (byte === CLOSE_BRACE) break
      if (byte !== COMMA) throw SURPRISE
    }
    if (seen !== ALL) throw SURPRISE
    this.count++
  }

  private key(): number {
    this.expect(QUOTE)
    const first = this.buffer[this.pos]
    for (const { bit, text } of KEYS) {
      if (text[0] !== first) continue
      for (let i = 1; i < text.length; i++) if (this.buffer[this.pos + i] !== text[i]) throw SURPRISE
      this.pos += text.length
      this.expect(COLON)
      this.space()
      return bit
    }
    throw SURPRISE
  }

  private imageId(): number {
    const id = this.whole()
    if (id !== this.image) {
      if (!this.known.imgs.has(id)) throw SURPRISE
      this.image = id
    }
    return id
  }

  private categoryId(): number {
    const id = this.whole()
    if (!this.categories.has(id)) throw SURPRISE
    return id
  }

  private box(boxes: Float64Array, at: number): void {
    this.expect(OPEN)
    for (let i = 0; i < 4; i++) {
      if (i > 0) this.expect(COMMA)
      this.space()
      boxes[at + i] = this.number()
    }
    if (boxes[at + 2] < 0 || boxes[at + 3] < 0) throw SURPRISE
    this.expect(CLOSE)
  }

  private whole(): number {
    const { buffer } = this
    let pos = this.pos
    const isNegative = buffer[pos] === MINUS
    if (isNegative) pos++
    const start = pos
    let value = 0
    for (let byte = buffer[pos]; byte >= ZERO && byte <= NINE; byte = buffer[++pos])
      value = value * 10 + byte - ZERO
    const digits = pos - start
    const next = buffer[pos]
    if (digits === 0 || digits > EXACT_DIGITS || (digits > 1 && buffer[start] === ZERO)) throw SURPRISE
    if (next === POINT || (next | 0x20) === 0x65) throw SURPRISE
    this.pos = pos
    return isNegative ? -value : value
  }

  private number(): number {
    const { buffer } = this
    const from = this.pos
    let pos = from
    const isNegative = buffer[pos] === MINUS
    if (isNegative) pos++
    const start = pos
    let head = 0
    let tail = 0
    /** Digits after leading zeros. */
    let digits = 0
    let byte = buffer[pos]
    for (; byte >= ZERO && byte <= NINE; byte = buffer[++pos]) {
      if (digits < EXACT_DIGITS) head = head * 10 + byte - ZERO
      else tail = tail * 10 + byte - ZERO
      if (digits > 0 || byte !== ZERO) digits++
    }
    if (pos === start || (pos - start > 1 && buffer[start] === ZERO)) throw SURPRISE
    let decimals = 0
    if (byte === POINT) {
      const point = pos
      byte = buffer[++pos]
      for (; byte >= ZERO && byte <= NINE; byte = buffer[++pos]) {
        if (digits < EXACT_DIGITS) head = head * 10 + byte - ZERO
        else tail = tail * 10 + byte - ZERO
        if (digits > 0 || byte !== ZERO) digits++
      }
      decimals = pos - point - 1
      if (decimals === 0) throw SURPRISE
    }
    this.pos = pos
    let value: number
    if ((byte | 0x20) === 0x65) value = this.withExponent(from)
    else if (digits <= EXACT_DIGITS && decimals < POWERS.length)
      value = decimals > 0 ? head / POWERS[decimals] : head
    else {
      value = longDecimal(head, tail, digits - EXACT_DIGITS, decimals)
      if (Number.isNaN(value)) value = Math.abs(Number(buffer.toString('latin1', from, pos)))
      if (!Number.isFinite(value)) throw SURPRISE
    }
    return isNegative ? -value : value
  }

  /** The absolute value of the number that begins at `from` and has an exponent at the current place. */
  private withExponent(from: number): number {
    const { buffer } = this
    let pos = this.pos + 1
    if (buffer[pos] === MINUS || buffer[pos] === 0x2b) pos++
    const start = pos
    while (buffer[pos] >= ZERO && buffer[pos] <= NINE) pos++
    if (pos === start) throw SURPRISE
    this.pos = pos
    const value = Number(buffer.toString('latin1', from, pos))
    if (!Number.isFinite(value)) throw SURPRISE
    return Math.abs(value)
  }

  private expect(wanted: number): void {
    this.space()
    if (this.buffer[this.pos++] !== wanted) throw SURPRISE
  }

  private space(): void {
    const { buffer } = this
    let pos = this.pos
    for (let byte = buffer[pos]; byte <= SPACE; byte = buffer[++pos])
      if (byte !== SPACE && byte !== LINE && byte !== RETURN && byte !== TAB) break
    this.pos = pos
  }
}
