import { MINUS, NINE, PLUS, POINT, ZERO } from './bytes.js'
import { EXACT_DIGITS, longDecimal, POWERS } from './decimal.js'

/** Digits that fit into 32 bits. */
const SHORT = 9

/** Reads numbers as JSON writes them. The bytes must end in one that is in no number. */
export class PlainNumbers {
  protected bytes: Buffer = Buffer.alloc(1)
  protected pos = 0

  /** The finite number at the current place, which moves behind it; NaN where there is none. */
  protected number(): number {
    const { bytes } = this
    let pos = this.pos
    let byte = bytes[pos]
    const isNegative = byte === MINUS
    if (isNegative) byte = bytes[++pos]
    const from = pos
    // 32 bits overflow with more than nine digits, which are read again.
    let digits = 0
    while (byte >= ZERO && byte <= NINE) {
      digits = (Math.imul(digits, 10) + byte - ZERO) | 0
      byte = bytes[++pos]
    }
    let length = pos - from
    if (length === 0 || (length > 1 && bytes[from] === ZERO)) return Number.NaN
    let decimals = 0
    if (byte === POINT) {
      const point = pos
      byte = bytes[++pos]
      while (byte >= ZERO && byte <= NINE) {
        digits = (Math.imul(digits, 10) + byte - ZERO) | 0
        byte = bytes[++pos]
      }
      decimals = pos - point - 1
      if (decimals === 0) return Number.NaN
      length += decimals
    }
    this.pos = pos
    if ((byte | 0x20) === 0x65) return this.withExponent(from, isNegative)
    if (length > SHORT) return this.long(from, isNegative, decimals)
    const value = decimals > 0 ? digits / POWERS[decimals] : digits
    return isNegative ? -value : value
  }

  /** The number of many digits that begins at `from`, and has no exponent. */
  private long(from: number, isNegative: boolean, decimals: number): number {
    const { bytes, pos: to } = this
    let at = from
    while (bytes[at] === ZERO || bytes[at] === POINT) at++
    // Fifteen digits, five at a time, and the rest.
    let head = 0
    let tail = 0
    let digits = 0
    while (at < to && digits < EXACT_DIGITS) {
      const limit = digits + 5
      let part = 0
      let scale = 1
      for (; at < to && digits < limit; at++) {
        if (bytes[at] === POINT) continue
        part = part * 10 + bytes[at] - ZERO
        scale *= 10
        digits++
      }
      head = head * scale + part
    }
    for (; at < to; at++) {
      if (bytes[at] === POINT) continue
      tail = tail * 10 + bytes[at] - ZERO
      digits++
    }
    let value: number
    if (digits <= EXACT_DIGITS && decimals < POWERS.length) value = head / POWERS[decimals]
    else {
      value = longDecimal(head, tail, digits - EXACT_DIGITS, decimals)
      if (Number.isNaN(value)) value = this.asNumber(from)
    }
    return isNegative ? -value : value
  }

  /** The number that begins at `from` and has an exponent at the current place. */
  private withExponent(from: number, isNegative: boolean): number {
    const { bytes } = this
    let pos = this.pos + 1
    if (bytes[pos] === MINUS || bytes[pos] === PLUS) pos++
    const start = pos
    while (bytes[pos] >= ZERO && bytes[pos] <= NINE) pos++
    if (pos === start) return Number.NaN
    this.pos = pos
    const value = this.asNumber(from)
    return isNegative ? -value : value
  }

  /** The text between `from` and the current place, as a number; NaN where it is too large. */
  private asNumber(from: number): number {
    const value = Number(this.bytes.toString('latin1', from, this.pos))
    return Number.isFinite(value) ? value : Number.NaN
  }
}
