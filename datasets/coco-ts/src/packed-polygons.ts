/**
 * Polygons are most of what a large annotation file holds. As lists of numbers they would take about as much memory
 * as the file; COCO writes them with at most two decimals, so here they lie as hundredths in 32-bit pages, half of
 * that, and become lists when someone looks at one. n / 100 rounds to the very number that the text denotes, so
 * nothing is lost.
 */
import { CLOSE, COMMA, LINE, MINUS, NINE, OPEN, POINT, RETURN, SPACE, TAB, ZERO } from './bytes.js'
import { type FieldReader, NEED_MORE, NOT_MINE } from './json-reader.js'
import type { Polygons } from './types.js'

const PAGE = 1 << 18
const LARGEST_WHOLE = 21_000_000

const PLACE = Symbol('place of the packed polygons')
const STORE = Symbol('store of the packed polygons')

/** In `pages`, for each annotation: the number of polygons, their lengths, then the coordinates of all. */
interface PolygonStore {
  pages: Int32Array[]
  used: number
}

interface Packed {
  [PLACE]?: number
  [STORE]?: PolygonStore
}

/** Polygons as they lie packed: polygon p has `lengths[p]` coordinates, in hundredths, one after another. */
export interface PackedPolygons {
  lengths: Int32Array
  hundredths: Int32Array
}

/** The polygons of an entry that are still packed, or undefined: then `segmentation` is an ordinary property. */
export function packedPolygons(entry: object): PackedPolygons | undefined {
  const place = (entry as Packed)[PLACE]
  if (place === undefined) return undefined
  const page = (entry as Packed)[STORE]!.pages[Math.floor(place / PAGE)]
  const at = place % PAGE
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
  ;(entry as Packed)[PLACE] = undefined
  Object.defineProperty(entry, 'segmentation', {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

const hidden: PropertyDescriptor = { enumerable: false, configurable: true, writable: true }

function attach(entry: object, store: PolygonStore, place: number): void {
  Object.defineProperty(entry, STORE, { ...hidden, value: store })
  Object.defineProperty(entry, PLACE, { ...hidden, value: place })
  Object.defineProperty(entry, 'segmentation', unpackOnFirstUse)
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE
const isSpace = (byte: number): boolean => byte === SPACE || byte === LINE || byte === RETURN || byte === TAB

/**
 * Reads the value of a "segmentation" key into a store of its own. Anything but lists of plain numbers with at most
 * two decimals is left to the general parser, which also words the errors.
 */
export function polygonReader(): FieldReader {
  const store: PolygonStore = { pages: [], used: PAGE }
  let scratch = new Int32Array(1 << 12)
  const lengths: number[] = []

  return (bytes, start, end, target) => {
    let pos = start
    let count = 0
    let polygonStart = 0
    lengths.length = 0
    const space = (): void => {
      while (pos < end && isSpace(bytes[pos])) pos++
    }
    space()
    if (pos >= end) return NEED_MORE
    if (bytes[pos++] !== OPEN) return NOT_MINE
    for (;;) {
      space()
      if (pos >= end) return NEED_MORE
      if (bytes[pos++] !== OPEN) return NOT_MINE
      polygonStart = count
      for (;;) {
        space()
        const negative = bytes[pos] === MINUS
        if (negative) pos++
        const firstDigit = pos
        let value = 0
        while (pos < end && isDigit(bytes[pos]) && value < LARGEST_WHOLE) {
          value = value * 10 + bytes[pos++] - ZERO
        }
        if (pos >= end) return NEED_MORE
        if (pos === firstDigit || value >= LARGEST_WHOLE) return NOT_MINE
        if (bytes[firstDigit] === ZERO && pos > firstDigit + 1) return NOT_MINE
        value *= 100
        if (bytes[pos] === POINT) {
          if (pos + 3 >= end) return NEED_MORE
          if (!isDigit(bytes[pos + 1])) return NOT_MINE
          value += (bytes[pos + 1] - ZERO) * 10
          pos += 2
          if (isDigit(bytes[pos])) value += bytes[pos++] - ZERO
        }
        if (negative && value === 0) return NOT_MINE
        if (count === scratch.length) {
          const larger = new Int32Array(count * 2)
          larger.set(scratch)
          scratch = larger
        }
        scratch[count++] = negative ? -value : value
        space()
        if (pos >= end) return NEED_MORE
        const next = bytes[pos++]
        if (next === COMMA) continue
        if (next === CLOSE) break
        return NOT_MINE
      }
      lengths.push(count - polygonStart)
      space()
      if (pos >= end) return NEED_MORE
      const next = bytes[pos++]
      if (next === COMMA) continue
      if (next === CLOSE) break
      return NOT_MINE
    }
    const size = 1 + lengths.length + count
    if (size > PAGE) return NOT_MINE
    if (store.used + size > PAGE) {
      store.pages.push(new Int32Array(PAGE))
      store.used = 0
    }
    const page = store.pages[store.pages.length - 1]
    const at = store.used
    page[at] = lengths.length
    for (let p = 0; p < lengths.length; p++) page[at + 1 + p] = lengths[p]
    page.set(scratch.subarray(0, count), at + 1 + lengths.length)
    store.used += size
    attach(target, store, (store.pages.length - 1) * PAGE + at)
    return pos
  }
}
