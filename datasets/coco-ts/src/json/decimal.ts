/** Powers of ten that are exact. */
export const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/** Numbers of at most 15 digits are exact as a quotient of two exact numbers. */
export const EXACT_DIGITS = 15

/** Splits a number into two halves of 26 bits (Veltkamp). */
const SPLITTER = 2 ** 27 + 1
/** Far above the errors of the correction, far below 1. */
const DOUBT = 2 ** -40

/**
 * (head · 10^tailDigits + tail) / 10^decimals, rounded correctly: the double nearest to a decimal number of up to 19
 * digits, of which `head` holds the first 15 and `tail` the others. NaN where that cannot be decided here: when it lies
 * very near the middle of two doubles. Twice the precision of doubles is reached by carrying their rounding errors (Dekker,
 * "A floating-point technique for extending the available precision", 1971).
 */
export function longDecimal(head: number, tail: number, tailDigits: number, decimals: number): number {
  if (tailDigits > 4 || decimals > 22) return Number.NaN
  // The digits as high + low, exactly: whole numbers, low below 2¹³.
  const scale = POWERS[tailDigits]
  const product = head * scale
  const high = product + tail
  const added = high - product
  const low = productError(head, scale, product) + (product - (high - added)) + (tail - added)
  const divisor = POWERS[decimals]
  const quotient = high / divisor
  const back = quotient * divisor
  const rest = high - back - productError(quotient, divisor, back) + low
  const correction = rest / divisor
  const value = quotient + correction
  const isSure =
    quotient + correction * (1 + DOUBT) === value && quotient + correction * (1 - DOUBT) === value
  return isSure ? value : Number.NaN
}

/** a · b − product, exactly, where `product` is a · b rounded. */
function productError(a: number, b: number, product: number): number {
  const aUpper = SPLITTER * a
  const aHigh = aUpper - (aUpper - a)
  const aLow = a - aHigh
  const bUpper = SPLITTER * b
  const bHigh = bUpper - (bUpper - b)
  const bLow = b - bHigh
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}
