import type { COCO } from '../dataset/coco.js'
import { type ImagePairs, imagePairs, type PairOptions } from './image-pairs.js'
import { type NamedCategory, nameCategory } from './settings.js'

export interface ConfusionMatrix {
  iouThr: number
  minScore: number
  /** The data set's categories by id; the matrix has one row and one column more, for the background. */
  categories: NamedCategory[]
  /**
   * `matrix[i][j]` is the number of objects of category i that were detected as category j. The last column counts
   * objects that were missed, the last row detections of background.
   */
  matrix: number[][]
  /** Detections of no object, in a crowd of their category: counted nowhere else. */
  ignored: number
}

export interface ConfusionOptions extends Omit<PairOptions, 'maxDets'> {
  /** Intersection over union from which a detection and an object are a pair. Default: 0.5. */
  iouThr?: number
  /** Detections of lower scores are left out. Default: 0.25. */
  minScore?: number
}

/**
 * Which category was taken for which, with the background as one more. In each image, pairs of a detection and an
 * object at or above `iouThr` are formed greedily: pairs of one category first, then by IoU, from the highest down, and
 * each detection and object once (the rule of the Python package supervision, 0.31; Ultralytics forms pairs by IoU
 * alone, so that a better placed detection of another category takes an object away).
 *
 * @throws CocoError for detections without scores, or when masks are to be compared and some have none
 */
export function confusionMatrix(coco: COCO, results: COCO, options: ConfusionOptions = {}): ConfusionMatrix {
  const { iouThr = 0.5, minScore = 0.25, iouType, imgIds } = options
  const ids = coco.getCatIds().sort((a, b) => a - b)
  const place = new Map(ids.map((id, k) => [id, k]))
  const background = ids.length
  const matrix = Array.from({ length: ids.length + 1 }, () => new Array<number>(ids.length + 1).fill(0))
  let ignored = 0
  for (const pairs of imagePairs(coco, results, { iouType, minScore, imgIds })) {
    const { detections, objects, crowd } = pairs
    const { objectOf, detectionOf } = pairUp(pairs, iouThr)
    objects.forEach(({ category_id }, g) => {
      if (crowd[g]) return
      const d = detectionOf[g]
      matrix[place.get(category_id)!][d < 0 ? background : place.get(detections[d].category_id)!]++
    })
    detections.forEach(({ category_id }, d) => {
      if (objectOf[d] >= 0) return
      if (isInCrowd(pairs, d, iouThr)) ignored++
      else matrix[background][place.get(category_id)!]++
    })
  }
  return { iouThr, minScore, categories: ids.map((id) => nameCategory(coco, id)), matrix, ignored }
}

/** For each detection its object, and for each object its detection; −1 without. */
function pairUp(
  { detections, objects, crowd, ious }: ImagePairs,
  iouThr: number,
): { objectOf: Int32Array; detectionOf: Int32Array } {
  const [D, G] = [detections.length, objects.length]
  const candidates: { d: number; g: number; same: boolean; iou: number }[] = []
  for (let g = 0; g < G; g++) {
    if (crowd[g]) continue
    for (let d = 0; d < D; d++) {
      const iou = ious[d * G + g]
      if (iou < iouThr) continue
      candidates.push({ d, g, same: detections[d].category_id === objects[g].category_id, iou })
    }
  }
  candidates.sort((a, b) => Number(b.same) - Number(a.same) || b.iou - a.iou)
  const objectOf = new Int32Array(D).fill(-1)
  const detectionOf = new Int32Array(G).fill(-1)
  for (const { d, g } of candidates) {
    if (objectOf[d] >= 0 || detectionOf[g] >= 0) continue
    objectOf[d] = g
    detectionOf[g] = d
  }
  return { objectOf, detectionOf }
}

function isInCrowd({ detections, objects, crowd, ious }: ImagePairs, d: number, iouThr: number): boolean {
  const { category_id } = detections[d]
  return objects.some(
    (object, g) => crowd[g] && object.category_id === category_id && ious[d * objects.length + g] >= iouThr,
  )
}
