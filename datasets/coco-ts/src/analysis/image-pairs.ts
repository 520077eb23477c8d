import { CocoError } from '../common/problems.js'
import type { Annotation, IouType } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import { orderByScore } from '../eval/order-by-score.js'
import { defaultParams } from '../eval/params.js'
import { similarityFor } from '../eval/similarity.js'

/** An image's detections, from the best score down, beside its objects, whatever their categories. */
export interface ImagePairs {
  imageId: number
  detections: Annotation[]
  objects: Annotation[]
  /** Whether the object is a crowd: a region in which detections of its category are neither right nor wrong. */
  crowd: boolean[]
  /** Intersection over union of detection d and object g at `d * objects.length + g`; over a crowd, over the detection's area. */
  ious: Float64Array
}

export interface PairOptions {
  /** What is compared. Default: "bbox". */
  iouType?: IouType
  /** Detections an image, of all categories, that count: the best so many. Default: all. */
  maxDets?: number
  /** Detections of lower scores are left out. Default: none. */
  minScore?: number
  /** Images that are looked at. Default: all. */
  imgIds?: readonly number[]
}

/**
 * Goes through the images in the order of the file.
 * @throws CocoError for detections without scores, or when masks are to be compared and some have none
 */
export function* imagePairs(coco: COCO, results: COCO, options: PairOptions): Generator<ImagePairs> {
  const {
    iouType = 'bbox',
    maxDets = Number.POSITIVE_INFINITY,
    minScore = Number.NEGATIVE_INFINITY,
    imgIds,
  } = options
  const chosen = imgIds && new Set(imgIds)
  const similarity = similarityFor(defaultParams(iouType), coco, results)
  for (const { id: imageId } of coco.dataset.images) {
    if (chosen?.has(imageId) === false) continue
    const all = (results.imgToAnns.get(imageId) ?? []).filter((ann) => scoreOf(ann) >= minScore)
    const order = orderByScore(Float64Array.from(all, scoreOf)).subarray(0, Math.min(all.length, maxDets))
    const detections = Array.from(order, (d) => all[d])
    const objects = coco.imgToAnns.get(imageId) ?? []
    const ious = new Float64Array(detections.length * objects.length)
    if (ious.length > 0) similarity(detections, objects, ious)
    yield { imageId, detections, objects, crowd: objects.map(({ iscrowd }) => Boolean(iscrowd)), ious }
  }
}

function scoreOf({ id, score }: Annotation): number {
  if (typeof score !== 'number')
    throw new CocoError(`Detection ${id} has no score: detections come from loadRes().`)
  return score
}
