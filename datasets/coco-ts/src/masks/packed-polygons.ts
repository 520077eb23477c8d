/**
 * Polygons are most of what a large annotation file holds. As lists of numbers they would take about as much memory
 * as the file; COCO writes them with at most two decimals, so here they lie as hundredths in 32-bit pages, half of
 * that, and become lists when one is accessed. n / 100 rounds to the very number that the text denotes, so
 * nothing is lost.
 */

import type { Polygons } from '../common/types.js'
import { CLOSE, COMMA, LINE, MINUS, NINE, OPEN, POINT, RETURN, SPACE, TAB, ZERO } from '../json/bytes.js'
import { type FieldReader, NEED_MORE, NOT_MINE } from '../json/handler.js'

const PAGE = 1 << 18
const LARGEST_WHOLE = 21_000_000

const PACKED = Symbol('where the packed polygons are')

/** Holds, for each annotation: the number of polygons, their lengths, then the coordinates of all. */
interface PolygonStore {
  page: Int32Array
  used: number
}

/** The page, and where an annotation's numbers begin in it. */
interface Place {
  page: Int32Array
  at: number
}

interface Packed {
  [PACKED]?: Place
}

/** Polygons as they lie packed: polygon p has `lengths[p]` coordinates, in hundredths, one after another. */
export interface PackedPolygons {
  lengths: Int32Array
  hundredths: Int32Array
}

/** The polygons of an entry that are still packed, or undefined: then `segmentation` is an ordinary property. */
export function packedPolygons(entry: object): PackedPolygons | undefined {
  const place = (entry as Packed)[PACKED]
  if (place === undefined) return undefined
  const { page, at } = place
  const polygons = page[at]
  const lengths = page.subarray(at + 1, at + 1 + polygons)
  let total = 0
  for (let p = 0; p < polygons; p++) total += lengths[p]
  const from = at + 1 + polygons
  return { lengths, hundredths: page.subarray(from, from + total) }
}

function unpack({ lengths, hundredths }: PackedPolygons): Polygons {
  let at = 0
  return Array.from(lengths, (length) => {
    const polygon: number[] = []
    for (let i = 0; i < length; i++) polygon.push(hundredths[at++] / 100)
    return polygon
  })
}

/** One pair of functions for all entries, so that they share a hidden class. */
const unpackOnFirstUse: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: object) {
    const polygons = unpack(packedPolygons(this)!)
    replace(this, polygons)
    return polygons
  },
  set(this: object, value: unknown) {
    replace(this, value)
  },
}

/** From here on, `segmentation` is an ordinary property, so that changes to the lists are kept. */
function replace(entry: object, value: unknown): void {
  ;(entry as Packed)[PACKED] = undefined
  Object.defineProperty(entry, 'segmentation', {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

function attach(entry: object, value: Place): void {
  Object.defineProperty(entry, PACKED, { enumerable: false, configurable: true, writable: true, value })
  Object.defineProperty(entry, 'segmentation', unpackOnFirstUse)
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE
const isSpace = (byte: number): boolean => byte === SPACE || byte === LINE || byte === RETURN || byte === TAB

/** What has been read of one value, before it is kept. */
interface Reading {
  lengths: number[]
  hundredths: Int32Array
  count: number
}

/**
 * Reads the value of a "segmentation" key into a store of its own. Anything but lists of plain numbers with at most
 * two decimals is left to the general parser, which also words the errors.
 */
export function polygonReader(): FieldReader {
  const store: PolygonStore = { page: new Int32Array(0), used: PAGE }
  const reading: Reading = { lengths: [], hundredths: new Int32Array(1 << 12), count: 0 }
  return (bytes, start, end, target) => {
    reading.lengths.length = 0
    reading.count = 0
    const after = readList(bytes, start, end, (at) => {
      const before = reading.count
      const next = readList(bytes, at, end, (corner) => readNumber(bytes, corner, end, reading))
      reading.lengths.push(reading.count - before)
      return next
    })
    if (after < 0) return after
    return keep(reading, store, target) ? after : NOT_MINE
  }
}

/** Each of these reads from `pos` and returns the place after what it read, or NEED_MORE, or NOT_MINE. */
type Reader = (pos: number) => number

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let pos = start
  while (pos < end && isSpace(bytes[pos])) pos++
  return pos
}

/** A list of one or more of what `readEntry` reads. */
function readList(bytes: Uint8Array, start: number, end: number, readEntry: Reader): number {
  let pos = skipSpace(bytes, start, end)
  if (pos >= end) return NEED_MORE
  if (bytes[pos] !== OPEN) return NOT_MINE
  do {
    pos = readEntry(skipSpace(bytes, pos + 1, end))
    if (pos < 0) return pos
    pos = skipSpace(bytes, pos, end)
    if (pos >= end) return NEED_MORE
  } while (bytes[pos] === COMMA)
  return bytes[pos] === CLOSE ? pos + 1 : NOT_MINE
}

/** A number of at most two decimals. Whatever else follows it is noticed by the list that it is in. */
function readNumber(bytes: Uint8Array, start: number, end: number, reading: Reading): number {
  let pos = start
  const negative = pos < end && bytes[pos] === MINUS
  if (negative) pos++
  const firstDigit = pos
  let value = 0
  while (pos < end && isDigit(bytes[pos]) && value < LARGEST_WHOLE) value = value * 10 + bytes[pos++] - ZERO
  // A point, two decimals and what follows must be in sight to be sure of the number's end.
  if (pos + 3 >= end) return NEED_MORE
  const leadingZero = pos > firstDigit + 1 && bytes[firstDigit] === ZERO
  if (pos === firstDigit || leadingZero || value >= LARGEST_WHOLE) return NOT_MINE
  value *= 100
  if (bytes[pos] === POINT) {
    if (!isDigit(bytes[pos + 1])) return NOT_MINE
    value += (bytes[pos + 1] - ZERO) * 10
    pos += 2
    if (isDigit(bytes[pos])) value += bytes[pos++] - ZERO
  }
  // There is no −0 among the hundredths.
  if (negative && value === 0) return NOT_MINE
  if (reading.count === reading.hundredths.length) {
    const larger = new Int32Array(reading.count * 2)
    larger.set(reading.hundredths)
    reading.hundredths = larger
  }
  reading.hundredths[reading.count++] = negative ? -value : value
  return pos
}

/** Moves what was read to the store; false if it is too much for a page. */
function keep({ lengths, hundredths, count }: Reading, store: PolygonStore, target: object): boolean {
  const size = 1 + lengths.length + count
  if (size > PAGE) return false
  if (store.used + size > PAGE) {
    store.page = new Int32Array(PAGE)
    store.used = 0
  }
  const { page, used: at } = store
  page[at] = lengths.length
  page.set(lengths, at + 1)
  page.set(hundredths.subarray(0, count), at + 1 + lengths.length)
  store.used += size
  attach(target, { page, at })
  return true
}
