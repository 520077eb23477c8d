import { BACKSLASH, LINE, MINUS, NINE, PLUS, POINT, QUOTE, RETURN, SPACE, TAB, ZERO } from './bytes.js'
import type { JsonSyntaxError } from './handler.js'

/** Numbers of at most 15 digits are exact as a quotient of two exact numbers. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** Thrown where a value continues beyond the bytes that have arrived. */
export const CUT = Symbol('cut')

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

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE
/** Whether a string continues with this byte. */
export const isPlain = (byte: number): boolean => byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20

/** Reads strings, numbers and words from the bytes that have arrived. */
export abstract class JsonTokens {
  protected buffer = Buffer.allocUnsafe(1 << 20)
  protected pos = 0
  protected end = 0
  /** Digits of the last number, where it is a whole number too large to be exact. */
  protected digits: string | undefined

  /** An error at the current position. */
  protected abstract fault(message: string, cut?: boolean): JsonSyntaxError

  protected expected(what: string): JsonSyntaxError {
    const byte = this.buffer[this.pos]
    const found =
      byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16)}`
    return this.fault(`expected ${what}, found ${found}`)
  }

  protected space(): void {
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
  protected next(): number {
    this.space()
    if (this.pos >= this.end) throw CUT
    return this.buffer[this.pos]
  }

  protected word<T>(text: string, value: T): T {
    for (let i = 0; i < text.length; i++) {
      if (this.pos >= this.end) throw CUT
      if (this.buffer[this.pos] !== text.charCodeAt(i)) throw this.expected(`"${text}"`)
      this.pos++
    }
    return value
  }

  protected number(): number {
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
    if (exponent || digits > EXACT_DIGITS) {
      const text = buffer.toString('latin1', start, pos)
      const value = Number(text)
      if (!exponent && decimals === 0 && !Number.isSafeInteger(value)) this.digits = text
      return value
    }
    const value = decimals > 0 ? mantissa / POWERS[decimals] : mantissa
    return negative ? -value : value
  }

  protected string(): string {
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
