import type { Annotation } from '../common/types.js'
import type { EvalParams } from './params.js'

/**
 * Annotations ordered by category, then image, then as in the file. Category k's are at `start[k] … start[k + 1)`;
 * `image` holds places in `params.imgIds`. Without categories there is one group, ordered by image, then category.
 */
export interface Groups {
  anns: Annotation[]
  image: Int32Array
  start: Int32Array
}

export function groupAnnotations(annotations: readonly Annotation[], params: EvalParams): Groups {
  const imageAt = new Map(params.imgIds.map((id, i) => [id, i]))
  const categoryAt = new Map(params.catIds.map((id, k) => [id, k]))
  const image = new Int32Array(annotations.length)
  const category = new Int32Array(annotations.length)
  let order = new Int32Array(annotations.length)
  let chosen = 0
  for (let n = 0; n < annotations.length; n++) {
    const i = imageAt.get(annotations[n].image_id)
    const k = categoryAt.get(annotations[n].category_id)
    if (i === undefined || k === undefined) continue
    image[n] = i
    category[n] = k
    order[chosen++] = n
  }
  order = order.subarray(0, chosen)
  if (!params.useCats) order = sortByKey(order, category, params.catIds.length).order
  const byImage = sortByKey(order, image, params.imgIds.length)
  let start = Int32Array.of(0, chosen)
  order = byImage.order
  if (params.useCats) ({ order, start } = sortByKey(order, category, params.catIds.length))
  return {
    anns: Array.from(order, (n) => annotations[n]),
    image: order.map((n) => image[n]),
    start,
  }
}

/** A stable counting sort of `order` by `key[n]`, with the beginning of each key's range. */
function sortByKey(
  order: Int32Array<ArrayBuffer>,
  key: Int32Array,
  keys: number,
): { order: Int32Array<ArrayBuffer>; start: Int32Array<ArrayBuffer> } {
  const start = new Int32Array(keys + 1)
  for (const n of order) start[key[n] + 1]++
  for (let k = 0; k < keys; k++) start[k + 1] += start[k]
  const next = start.slice(0, keys)
  const sorted = new Int32Array(order.length)
  for (const n of order) sorted[next[key[n]]++] = n
  return { order: sorted, start }
}
