import {
  BACKSLASH,
  CLOSE,
  CLOSE_BRACE,
  COLON,
  COMMA,
  LINE,
  MINUS,
  NINE,
  OPEN,
  OPEN_BRACE,
  PLUS,
  POINT,
  QUOTE,
  RETURN,
  SPACE,
  TAB,
  ZERO,
} from './bytes.js'

/**
 * JSON from bytes that arrive in pieces, without ever holding the text: the entries of a top-level list, or of the
 * lists in a top-level object, are handed out one at a time. An entry is parsed when it has arrived whole; what was
 * read of a cut one is read again with the next piece.
 *
 * Beyond JSON, the numbers NaN, Infinity and -Infinity are read, because Python writes them: whoever checks the
 * values can then say where they are.
 */
export interface JsonHandler {
  /** One entry of a list. `section` is the list's key, null for a top-level list. */
  entry(section: string | null, index: number, value: unknown): void
  /** A top-level value that is no list; and, at a list's beginning, `[]`. */
  value(section: string | null, value: unknown): void
  /** Reads the values of some keys in the handler's own way. */
  fields?: Readonly<Record<string, FieldReader>>
}

/**
 * Reads the value that begins at or after `start` (white space may come first) into `target`. Returns the place
 * after it, or NEED_MORE if `end` comes first, or NOT_MINE to leave it to the general parser.
 */
export type FieldReader = (bytes: Uint8Array, start: number, end: number, target: object) => number

export const NEED_MORE = -1
export const NOT_MINE = -2

/** Where and why a text is not JSON. `section` and `index` name the entry, if it lies in a list. */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError'

  constructor(
    message: string,
    readonly offset: number,
    /** The text ended too early. */
    readonly cut: boolean,
    readonly section: string | null | undefined,
    readonly index: number,
  ) {
    super(message)
  }
}

type State =
  | 'start'
  | 'firstKey'
  | 'key'
  | 'topValue'
  | 'afterValue'
  | 'firstEntry'
  | 'entry'
  | 'afterEntry'
  | 'done'

/** Deeper than any COCO file; keeps hostile input from overflowing the stack. */
const MAX_DEPTH = 200
/** Numbers of at most 15 digits are exact as a quotient of two exact numbers. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** Thrown, never seen outside: the value goes on beyond what has arrived. */
const CUT = Symbol('cut')

const ESCAPES: Record<number, string> = {
  34: '"',
  92: '\\',
  47: '/',
  98: '\b',
  102: '\f',
  110: '\n',
  114: '\r',
  116: '\t',
}

const KEYS = 256

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE
/** Whether a string goes on with this byte. */
const isPlain = (byte: number): boolean => byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20

export class JsonReader {
  private readonly handler: JsonHandler
  private buffer = Buffer.allocUnsafe(1 << 20)
  private pos = 0
  private end = 0
  /** Bytes before the buffer's beginning. */
  private before = 0
  private state: State = 'start'
  private topIsList = false
  private section: string | null = null
  private index = 0
  private depth = 0
  private final = false
  /** Bytes that must be there before another attempt: doubling keeps a very long entry from costing quadratic time. */
  private wanted = 0
  private readonly keys: (string | undefined)[] = new Array(KEYS).fill(undefined)

  constructor(handler: JsonHandler) {
    this.handler = handler
  }

  /** Free room of at least `size` bytes to read into; `written` says how many of them were filled. */
  room(size: number): Uint8Array {
    if (this.buffer.length - this.end < size) {
      const rest = this.end - this.pos
      const target = rest + size > this.buffer.length ? Buffer.allocUnsafe((rest + size) * 2) : this.buffer
      this.buffer.copy(target, 0, this.pos, this.end)
      this.buffer = target
      this.before += this.pos
      this.pos = 0
      this.end = rest
    }
    return this.buffer.subarray(this.end, this.end + size)
  }

  written(size: number): void {
    this.end += size
    if (this.end - this.pos >= this.wanted) this.run()
  }

  feed(chunk: Uint8Array): void {
    this.room(chunk.length).set(chunk)
    this.written(chunk.length)
  }

  /** Says that nothing more comes; throws if the text is not complete. */
  finish(): void {
    this.final = true
    this.run()
    if (this.before + this.end === 0) throw this.fault('the file is empty (0 bytes)', true)
    if (this.state !== 'done') throw this.fault('the text ends too early', true)
  }

  private fault(message: string, cut = false): JsonSyntaxError {
    const inEntry = this.state === 'entry' || this.state === 'firstEntry' || this.state === 'afterEntry'
    const section = inEntry || this.state === 'topValue' ? this.section : undefined
    return new JsonSyntaxError(message, this.before + this.pos, cut, section, inEntry ? this.index : -1)
  }

  private expected(what: string): JsonSyntaxError {
    const byte = this.buffer[this.pos]
    const found =
      byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16)}`
    return this.fault(`expected ${what}, found ${found}`)
  }

  private run(): void {
    let from = this.pos
    try {
      for (;;) {
        this.depth = 0
        this.space()
        if (this.pos >= this.end) return
        from = this.pos
        this.wanted = 0
        this.step()
      }
    } catch (error) {
      if (error !== CUT) throw error
      if (this.final) throw this.fault('the text ends too early', true)
      this.pos = from
      this.wanted = 2 * (this.end - from)
    }
  }

  /** One token of the top level, or one whole entry. */
  private step(): void {
    const byte = this.buffer[this.pos]
    switch (this.state) {
      case 'start':
        if (byte === 0xef && this.before + this.pos === 0) {
          if (this.end < 3) throw CUT
          if (this.buffer[1] === 0xbb && this.buffer[2] === 0xbf) {
            this.pos = 3
            return
          }
        }
        if (byte !== OPEN && byte !== OPEN_BRACE) throw this.expected('"{" or "["')
        this.topIsList = byte === OPEN
        this.pos++
        if (this.topIsList) this.beginList(null)
        else this.state = 'firstKey'
        return
      case 'firstKey':
      case 'key':
        if (byte === CLOSE_BRACE && this.state === 'firstKey') {
          this.pos++
          this.state = 'done'
          return
        }
        if (byte !== QUOTE) throw this.expected('a key in quotes')
        this.section = this.key()
        this.state = 'topValue'
        return
      case 'topValue':
        if (byte === OPEN) {
          this.pos++
          this.beginList(this.section)
        } else {
          this.handler.value(this.section, this.value())
          this.state = 'afterValue'
        }
        return
      case 'firstEntry':
      case 'entry': {
        if (byte === CLOSE && this.state === 'firstEntry') {
          this.endList()
          return
        }
        const value = this.value()
        this.handler.entry(this.section, this.index, value)
        this.index++
        this.state = 'afterEntry'
        return
      }
      case 'afterEntry':
        if (byte === CLOSE) {
          this.endList()
          return
        }
        if (byte !== COMMA) throw this.expected('"," or "]"')
        this.pos++
        this.state = 'entry'
        return
      case 'afterValue':
        if (byte !== COMMA && byte !== CLOSE_BRACE) throw this.expected('"," or "}"')
        this.pos++
        this.state = byte === COMMA ? 'key' : 'done'
        return
      case 'done':
        throw this.expected('the end of the file')
    }
  }

  private beginList(section: string | null): void {
    this.section = section
    this.index = 0
    this.handler.value(section, [])
    this.state = 'firstEntry'
  }

  private endList(): void {
    this.pos++
    this.state = this.topIsList ? 'done' : 'afterValue'
  }

  private space(): void {
    const { buffer, end } = this
    let { pos } = this
    while (pos < end) {
      const byte = buffer[pos]
      if (byte !== SPACE && byte !== LINE && byte !== RETURN && byte !== TAB) break
      pos++
    }
    this.pos = pos
  }

  /** The next byte that is no white space; it is not consumed. */
  private next(): number {
    this.space()
    if (this.pos >= this.end) throw CUT
    return this.buffer[this.pos]
  }

  private value(): unknown {
    const byte = this.next()
    switch (byte) {
      case OPEN_BRACE:
        return this.object()
      case OPEN:
        return this.list()
      case QUOTE:
        return this.string()
      case 0x74:
        return this.word('true', true)
      case 0x66:
        return this.word('false', false)
      case 0x6e:
        return this.word('null', null)
      case 0x4e:
        return this.word('NaN', Number.NaN)
      case 0x49:
        return this.word('Infinity', Number.POSITIVE_INFINITY)
      default:
        if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.number()
        throw this.expected('a value')
    }
  }

  private word<T>(text: string, value: T): T {
    for (let i = 0; i < text.length; i++) {
      if (this.pos >= this.end) throw CUT
      if (this.buffer[this.pos] !== text.charCodeAt(i)) throw this.expected(`"${text}"`)
      this.pos++
    }
    return value
  }

  private deeper(): void {
    if (++this.depth > MAX_DEPTH) throw this.fault(`more than ${MAX_DEPTH} levels of nesting`)
  }

  private object(): Record<string, unknown> {
    this.deeper()
    this.pos++
    const object: Record<string, unknown> = {}
    if (this.next() === CLOSE_BRACE) {
      this.pos++
      this.depth--
      return object
    }
    for (;;) {
      if (this.next() !== QUOTE) throw this.expected('a key in quotes')
      const key = this.key()
      if (!this.readField(key, object)) {
        const value = this.value()
        if (key === '__proto__') {
          Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
        } else {
          object[key] = value
        }
      }
      const byte = this.next()
      if (byte !== COMMA && byte !== CLOSE_BRACE) throw this.expected('"," or "}"')
      this.pos++
      if (byte === CLOSE_BRACE) break
    }
    this.depth--
    return object
  }

  private readField(key: string, object: object): boolean {
    const { fields } = this.handler
    if (fields === undefined || !Object.hasOwn(fields, key)) return false
    const after = fields[key](this.buffer, this.pos, this.end, object)
    if (after === NEED_MORE) throw CUT
    if (after === NOT_MINE) return false
    this.pos = after
    return true
  }

  private list(): unknown[] {
    this.deeper()
    this.pos++
    const list: unknown[] = []
    if (this.next() === CLOSE) {
      this.pos++
      this.depth--
      return list
    }
    for (;;) {
      list.push(this.value())
      const byte = this.next()
      if (byte !== COMMA && byte !== CLOSE) throw this.expected('"," or "]"')
      this.pos++
      if (byte === CLOSE) break
    }
    this.depth--
    // A copy has no spare capacity; boxes, the most frequent lists, would carry three times their size of it.
    return list.length === 4 ? [list[0], list[1], list[2], list[3]] : list.slice()
  }

  private number(): number {
    const { buffer, end } = this
    const start = this.pos
    let pos = start
    const negative = buffer[pos] === MINUS
    if (negative) pos++
    if (negative && buffer[pos] === 0x49 && pos < end) {
      this.pos = pos
      return this.word('Infinity', Number.NEGATIVE_INFINITY)
    }
    const firstDigit = pos
    let mantissa = 0
    while (pos < end && isDigit(buffer[pos])) mantissa = mantissa * 10 + buffer[pos++] - ZERO
    let digits = pos - firstDigit
    const leadingZero = digits > 1 && buffer[firstDigit] === ZERO
    let decimals = 0
    let exponent = false
    let complete = digits > 0 && !leadingZero
    if (pos < end && buffer[pos] === POINT) {
      const firstDecimal = ++pos
      while (pos < end && isDigit(buffer[pos])) mantissa = mantissa * 10 + buffer[pos++] - ZERO
      decimals = pos - firstDecimal
      digits += decimals
      complete &&= decimals > 0
    }
    if (pos < end && (buffer[pos] | 0x20) === 0x65) {
      exponent = true
      pos++
      if (pos < end && (buffer[pos] === PLUS || buffer[pos] === MINUS)) pos++
      const firstPower = pos
      while (pos < end && isDigit(buffer[pos])) pos++
      complete &&= pos > firstPower
    }
    this.pos = pos
    if (pos >= end) throw CUT
    if (!complete) throw this.expected('a number')
    if (exponent || digits > EXACT_DIGITS) return Number(buffer.toString('latin1', start, pos))
    const value = decimals > 0 ? mantissa / POWERS[decimals] : mantissa
    return negative ? -value : value
  }

  /** A key and the colon after it. The same key gives the same string object, which keeps property access fast. */
  private key(): string {
    const { buffer, end } = this
    const start = this.pos + 1
    let pos = start
    let hash = 0
    while (pos < end && isPlain(buffer[pos]) && buffer[pos] < 0x80) hash = (hash * 31 + buffer[pos++]) | 0
    if (pos >= end) throw CUT
    let key: string
    if (buffer[pos] === QUOTE) {
      const slot = hash & (KEYS - 1)
      const known = this.keys[slot]
      if (known !== undefined && this.isAt(known, start, pos)) {
        key = known
      } else {
        key = buffer.toString('latin1', start, pos)
        this.keys[slot] = key
      }
      this.pos = pos + 1
    } else {
      key = this.string()
    }
    if (this.next() !== COLON) throw this.expected('":"')
    this.pos++
    return key
  }

  private isAt(text: string, start: number, end: number): boolean {
    if (text.length !== end - start) return false
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== this.buffer[start + i]) return false
    return true
  }

  private string(): string {
    const { buffer, end } = this
    const start = ++this.pos
    let pos = start
    let ascii = true
    while (pos < end && isPlain(buffer[pos])) if (buffer[pos++] >= 0x80) ascii = false
    this.pos = pos
    if (pos >= end) throw CUT
    const byte = buffer[pos]
    const plain = ascii ? buffer.toString('latin1', start, pos) : buffer.toString('utf8', start, pos)
    if (byte === QUOTE) {
      this.pos++
      return plain
    }
    if (byte < 0x20) throw this.expected('the rest of a string')
    return plain + this.escapedRest()
  }

  /** From a backslash to the closing quote. */
  private escapedRest(): string {
    let text = ''
    for (;;) {
      if (this.pos >= this.end) throw CUT
      const byte = this.buffer[this.pos]
      if (byte === QUOTE) {
        this.pos++
        return text
      }
      if (byte === BACKSLASH) {
        text += this.escape()
        continue
      }
      if (byte < 0x20) throw this.expected('the rest of a string')
      const start = this.pos
      while (this.pos < this.end && isPlain(this.buffer[this.pos])) this.pos++
      text += this.buffer.toString('utf8', start, this.pos)
    }
  }

  private escape(): string {
    if (this.pos + 1 >= this.end) throw CUT
    const kind = this.buffer[++this.pos]
    if (kind !== 0x75) {
      const plain = ESCAPES[kind]
      if (plain === undefined) throw this.expected('an escape sequence')
      this.pos++
      return plain
    }
    if (this.pos + 4 >= this.end) throw CUT
    const hex = this.buffer.toString('latin1', this.pos + 1, this.pos + 5)
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.expected('an escape sequence')
    this.pos += 5
    return String.fromCharCode(Number.parseInt(hex, 16))
  }
}
