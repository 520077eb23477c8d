/**
 * Polygons are most of what a large annotation file holds. As lists of numbers they would take about as much memory
 * as the file; COCO writes them with at most two decimals, so here they lie as hundredths in 32-bit pages, half of
 * that, and become lists when one is accessed. n / 100 rounds to the very number that the text denotes, so
 * nothing is lost.
 */

import type { Polygons, Segmentation } from '../common/types.js'
import type { FieldReader } from '../json/handler.js'
import { PolygonStore } from './polygon-store.js'

const PACKED = Symbol('where the packed polygons are')

/** The page, and where an annotation's numbers begin in it: how many polygons, their lengths, the coordinates of all. */
export interface Place {
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

/** A mask on an image of this size, as plain data: a segmentation, or packed polygons on a page of their own. */
export interface CloneableMask {
  height: number
  width: number
  segmentation?: Segmentation
  page?: Int32Array
}

/** A page that holds these polygons alone. */
export function pageOf({ lengths, hundredths }: PackedPolygons): Int32Array {
  const page = new Int32Array(1 + lengths.length + hundredths.length)
  page[0] = lengths.length
  page.set(lengths, 1)
  page.set(hundredths, 1 + lengths.length)
  return page
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

/** Gives an entry the polygons of a place. */
export function attach(entry: object, value: Place): void {
  Object.defineProperty(entry, PACKED, { enumerable: false, configurable: true, writable: true, value })
  Object.defineProperty(entry, 'segmentation', unpackOnFirstUse)
}

/** Reads the value of a "segmentation" key into a store of its own; what the store does not take, the general parser does. */
export function polygonReader(): FieldReader {
  const store = new PolygonStore()
  return (bytes, start, end, target) => {
    const after = store.read(bytes, start, end)
    if (after >= 0) attach(target, { page: store.page, at: store.at })
    return after
  }
}
