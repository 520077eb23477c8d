import { sumUp } from './order-by-score.js'
import type { EvalParams } from './params.js'
import type { Table } from './table.js'

/**
 * A table's rows by category, then image, then as they come. Category k's are at `start[k] … start[k + 1)`; `image`
 * holds places in `params.imgIds`. Without categories there is one group, ordered by image, then category.
 */
export interface Groups {
  table: Table
  rows: Int32Array
  image: Int32Array
  start: Int32Array
}

/** Ids below this are looked up in a table. */
const DENSE = 1 << 22

export function groupRows(table: Table, params: EvalParams): Groups {
  const imageOf = placesOf(table.imageId, params.imgIds)
  const categoryOf = placesOf(table.categoryId, params.catIds)
  let order = rowsWithBoth(imageOf, categoryOf)
  if (!params.useCats) ({ order } = sortByKey(order, categoryOf, params.catIds.length))
  if (!isSorted(order, imageOf)) ({ order } = sortByKey(order, imageOf, params.imgIds.length))
  let start = Int32Array.of(0, order.length)
  if (params.useCats) ({ order, start } = sortByKey(order, categoryOf, params.catIds.length))
  return { table, rows: order, image: keysOf(order, imageOf), start }
}

function rowsWithBoth(imageOf: Int32Array, categoryOf: Int32Array): Int32Array<ArrayBuffer> {
  const rows = new Int32Array(imageOf.length)
  let count = 0
  for (let row = 0; row < rows.length; row++)
    if (imageOf[row] >= 0 && categoryOf[row] >= 0) rows[count++] = row
  return rows.subarray(0, count)
}

function keysOf(order: Int32Array, key: Int32Array): Int32Array<ArrayBuffer> {
  const keys = new Int32Array(order.length)
  for (let i = 0; i < order.length; i++) keys[i] = key[order[i]]
  return keys
}

/** The place of each id in the list; −1 for those that are not in it. */
function placesOf(ids: Float64Array, list: readonly number[]): Int32Array {
  const most = list.reduce((largest, id) => Math.max(largest, id), -1)
  const isDense = most < DENSE && list.every((id) => id >= 0 && Number.isInteger(id))
  return isDense ? placesInTable(ids, list, most) : placesInMap(ids, list)
}

function placesInTable(ids: Float64Array, list: readonly number[], most: number): Int32Array {
  const table = new Int32Array(most + 1).fill(-1)
  list.forEach((id, i) => {
    table[id] = i
  })
  const places = new Int32Array(ids.length).fill(-1)
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]
    if (id >= 0 && id <= most && id === Math.floor(id)) places[i] = table[id]
  }
  return places
}

function placesInMap(ids: Float64Array, list: readonly number[]): Int32Array {
  const placeOf = new Map(list.map((id, i) => [id, i]))
  const places = new Int32Array(ids.length)
  // Neighbours often have one image.
  let last = Number.NaN
  let place = -1
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] !== last) {
      last = ids[i]
      place = placeOf.get(last) ?? -1
    }
    places[i] = place
  }
  return places
}

function isSorted(order: Int32Array, key: Int32Array): boolean {
  for (let i = 1; i < order.length; i++) if (key[order[i]] < key[order[i - 1]]) return false
  return true
}

/** A stable counting sort of `order` by `key[n]`, with the beginning of each key's range. */
function sortByKey(
  order: Int32Array<ArrayBuffer>,
  key: Int32Array,
  keys: number,
): { order: Int32Array<ArrayBuffer>; start: Int32Array<ArrayBuffer> } {
  const start = new Int32Array(keys + 1)
  countKeys(order, key, start)
  sumUp(start)
  const sorted = new Int32Array(order.length)
  scatter(order, key, start.slice(0, keys), sorted)
  return { order: sorted, start }
}

function countKeys(order: Int32Array, key: Int32Array, counts: Int32Array): void {
  for (let i = 0; i < order.length; i++) counts[key[order[i]] + 1]++
}

function scatter(order: Int32Array, key: Int32Array, next: Int32Array, sorted: Int32Array): void {
  for (let i = 0; i < order.length; i++) sorted[next[key[order[i]]]++] = order[i]
}
