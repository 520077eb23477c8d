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

export function groupRows(table: Table, params: EvalParams): Groups {
  const imageOf = placesOf(table.imageId, params.imgIds)
  const categoryOf = placesOf(table.categoryId, params.catIds)
  let order = new Int32Array(table.rows)
  let chosen = 0
  for (let row = 0; row < table.rows; row++)
    if (imageOf[row] >= 0 && categoryOf[row] >= 0) order[chosen++] = row
  order = order.subarray(0, chosen)
  if (!params.useCats) order = sortByKey(order, categoryOf, params.catIds.length).order
  const byImage = sortByKey(order, imageOf, params.imgIds.length)
  let start = Int32Array.of(0, chosen)
  order = byImage.order
  if (params.useCats) ({ order, start } = sortByKey(order, categoryOf, params.catIds.length))
  return { table, rows: order, image: order.map((row) => imageOf[row]), start }
}

/** The place of each id in the list; −1 for those that are not in it. */
function placesOf(ids: Float64Array, list: readonly number[]): Int32Array {
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

/** A stable counting sort of `order` by `key[n]`, with the beginning of each key's range. */
function sortByKey(
  order: Int32Array<ArrayBuffer>,
  key: Int32Array,
  keys: number,
): { order: Int32Array<ArrayBuffer>; start: Int32Array<ArrayBuffer> } {
  const start = new Int32Array(keys + 1)
  for (let i = 0; i < order.length; i++) start[key[order[i]] + 1]++
  for (let k = 0; k < keys; k++) start[k + 1] += start[k]
  const next = start.slice(0, keys)
  const sorted = new Int32Array(order.length)
  for (let i = 0; i < order.length; i++) sorted[next[key[order[i]]]++] = order[i]
  return { order: sorted, start }
}
