/** What LVIS adds to COCO's format: which categories were looked for in which image, and how frequent they are. */
import { CocoError } from '../common/problems.js'
import type { Annotation, CocoImage } from '../common/types.js'
import { show } from '../common/values.js'
import type { COCO } from '../dataset/coco.js'
import { orderByScore } from '../eval/order-by-score.js'

/** Rare (in at most 10 training images), common (at most 100), frequent. */
export const FREQUENCIES = ['r', 'c', 'f'] as const
export type Frequency = (typeof FREQUENCIES)[number]

/** For each image, categories that are known to be absent, and those whose objects are not all annotated. */
export interface FederatedImage {
  negative: ReadonlySet<number>
  notExhaustive: ReadonlySet<number>
}

/** @throws CocoError for an image that lacks LVIS's lists */
export function federatedImages(coco: COCO): ReadonlyMap<number, FederatedImage> {
  return new Map(
    coco.dataset.images.map((image) => [
      image.id,
      {
        negative: idsAt(image, 'neg_category_ids'),
        notExhaustive: idsAt(image, 'not_exhaustive_category_ids'),
      },
    ]),
  )
}

function idsAt(image: CocoImage, key: string): ReadonlySet<number> {
  const ids = image[key]
  if (Array.isArray(ids) && ids.every(Number.isSafeInteger)) return new Set(ids as number[])
  const given = ids === undefined ? 'it is missing' : `it is ${show(ids)}`
  throw new CocoError(
    `Image ${image.id}: "${key}" must be a list of category ids, but ${given}. Is this an LVIS annotation file?`,
  )
}

/** @throws CocoError for a category whose frequency is not "r", "c" or "f" */
export function frequenciesOf(coco: COCO): ReadonlyMap<number, Frequency> {
  return new Map(
    coco.dataset.categories.map(({ id, frequency }) => {
      if (!FREQUENCIES.includes(frequency as Frequency)) {
        throw new CocoError(
          `Category ${id}: "frequency" is ${show(frequency)}, but must be "r", "c" or "f". Is this an LVIS annotation file?`,
        )
      }
      return [id, frequency as Frequency]
    }),
  )
}

/**
 * An image's detections that count: the best `maxDets` of all categories together, and of these only those whose category
 * has objects in the image or is known to be absent from it.
 */
export function countedDetections(
  objects: readonly Annotation[],
  detections: readonly Annotation[],
  negative: ReadonlySet<number>,
  maxDets: number,
): Annotation[] {
  const present = new Set(objects.map(({ category_id }) => category_id))
  const order = orderByScore(Float64Array.from(detections, ({ score }) => score!))
  return Array.from(order.subarray(0, maxDets), (d) => detections[d]).filter(
    ({ category_id }) => present.has(category_id) || negative.has(category_id),
  )
}
