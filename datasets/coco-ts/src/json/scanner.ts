import { CLOSE, CLOSE_BRACE, COLON, COMMA, MINUS, NINE, OPEN, OPEN_BRACE, QUOTE, ZERO } from './bytes.js'
import { type JsonHandler, NEED_MORE, NOT_MINE } from './handler.js'
import { CUT, isPlain, JsonTokens } from './tokens.js'

/** Deeper than any COCO file; keeps hostile input from overflowing the stack. */
const MAX_DEPTH = 200

const KEYS = 256

/** Reads values from the bytes that have arrived. */
export abstract class JsonScanner extends JsonTokens {
  protected readonly handler: JsonHandler
  protected depth = 0
  private readonly keys: (string | undefined)[] = new Array(KEYS).fill(undefined)

  constructor(handler: JsonHandler) {
    super()
    this.handler = handler
  }

  protected value(): unknown {
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
        this.digits = undefined
        const value = this.value()
        if (this.digits !== undefined && typeof value === 'number') {
          this.handler.largeNumber?.(object, key, this.digits)
        }
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

  /** A key and the colon after it. The same key gives the same string object, which keeps property access fast. */
  protected key(): string {
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
}
