import {
  CLOSE,
  CLOSE_BRACE,
  COLON,
  COMMA,
  LINE,
  OPEN,
  OPEN_BRACE,
  QUOTE,
  RETURN,
  SPACE,
  TAB,
} from './bytes.js'

/** What is read at one place of a row: a number into `values[slot]`, or, with `slot` −1, a list of polygons. */
export interface RowKey {
  slot: number
  /** How many numbers: 1, or those of a list. */
  numbers: number
  isList: boolean
}

/** The keys that rows may have. */
export type RowKeys = Readonly<Record<string, RowKey>>

/**
 * How the entries of a list are written where they differ in their values only: the text before, between and after the
 * values. Programs write every entry in one way, so that one look at the first tells how to read the others.
 */
export interface RowLayout {
  keys: readonly string[]
  /** All of the text between values, one piece after the other; piece i ends at `ends[i]`. One more than there are values. */
  text: Uint8Array
  ends: Int32Array
  /** Of each value: its place among the row's numbers; −1 for polygons. */
  slots: Int32Array
  hasPolygons: boolean
}

const isSpace = (byte: number): boolean => byte === SPACE || byte === LINE || byte === RETURN || byte === TAB

/**
 * The layout of the object that begins at `start`; undefined where it is not one of these keys and plain values, or does
 * not end before the bytes do. `polygons` returns the place after a list of polygons, or a negative number.
 */
export function learnLayout(
  bytes: Uint8Array,
  start: number,
  keys: RowKeys,
  polygons: (pos: number) => number,
): RowLayout | undefined {
  const text: number[] = []
  const ends: number[] = []
  const slots: number[] = []
  const found: string[] = []
  let pos = start
  /** Takes white space and this byte. */
  const take = (wanted: number): boolean => {
    while (isSpace(bytes[pos])) text.push(bytes[pos++])
    if (bytes[pos] !== wanted) return false
    text.push(bytes[pos++])
    return true
  }
  const value = (slot: number): void => {
    while (isSpace(bytes[pos])) text.push(bytes[pos++])
    ends.push(text.length)
    slots.push(slot)
  }
  const number = (slot: number): boolean => {
    value(slot)
    const from = pos
    while (isInNumber(bytes[pos])) pos++
    return pos > from
  }
  const takeValue = (key: RowKey): boolean => {
    if (key.slot < 0) {
      value(-1)
      pos = polygons(pos)
      return pos >= 0
    }
    if (!key.isList) return number(key.slot)
    for (let n = 0; n < key.numbers; n++)
      if (!take(n === 0 ? OPEN : COMMA) || !number(key.slot + n)) return false
    return take(CLOSE)
  }
  if (!take(OPEN_BRACE)) return undefined
  for (;;) {
    if (!take(QUOTE)) return undefined
    const from = pos
    while (bytes[pos] !== QUOTE && bytes[pos] >= SPACE) text.push(bytes[pos++])
    const name = Buffer.from(bytes.subarray(from, pos)).toString('latin1')
    if (!Object.hasOwn(keys, name) || found.includes(name)) return undefined
    found.push(name)
    if (!take(QUOTE) || !take(COLON) || !takeValue(keys[name])) return undefined
    if (take(CLOSE_BRACE)) break
    if (!take(COMMA)) return undefined
  }
  ends.push(text.length)
  return {
    keys: found,
    text: Uint8Array.from(text),
    ends: Int32Array.from(ends),
    slots: Int32Array.from(slots),
    hasPolygons: slots.includes(-1),
  }
}

/** Digits, signs, points and exponents. */
function isInNumber(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    (byte | 0x20) === 0x65
  )
}
