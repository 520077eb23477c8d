import { CocoError } from '../common/problems.js'
import type { Annotation } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import type { Runs } from '../masks/rle.js'
import { maskIous } from '../masks/segmentation.js'
import { EPSILON, pairwiseSum } from './numeric.js'
import type { EvalParams } from './params.js'
import { type Table, tableOf } from './table.js'

/** Fills `out[d * G + g]` with how well each detection covers each object: the first D and G of these rows of tables. */
export type Similarity = (
  detections: Int32Array,
  D: number,
  objects: Int32Array,
  G: number,
  out: Float64Array,
) => void

/** The same, of annotations. */
export type AnnotationSimilarity = (
  detections: readonly Annotation[],
  objects: readonly Annotation[],
  out: Float64Array,
) => void

/** The mask of a row of a table. */
export type RunsOfRow = (row: number) => Runs

/** The measure that `params.iouType` asks for, between rows of two tables, which have these masks. */
export function rowSimilarity(
  params: EvalParams,
  detections: Table,
  objects: Table,
  detectionMask: RunsOfRow,
  objectMask: RunsOfRow,
): Similarity {
  if (params.iouType === 'bbox') return boxSimilarity(detections, objects)
  if (params.iouType === 'segm') return rowMaskSimilarity(detectionMask, objectMask, objects.crowd)
  const compare = keypointMeasure(params)
  const at = ({ anns }: Table, rows: Int32Array, count: number): Annotation[] =>
    Array.from({ length: count }, (_, i) => anns![rows[i]])
  return (d, D, g, G, out) => compare(at(detections, d, D), at(objects, g, G), out)
}

/** The measure that `params.iouType` asks for, between annotations. */
export function similarityFor(params: EvalParams, cocoGt: COCO, cocoDt: COCO): AnnotationSimilarity {
  if (params.iouType === 'keypoints') return keypointMeasure(params)
  return (detections, objects, out) => {
    const isBoxes = params.iouType === 'bbox'
    const [dt, gt] = [detections, objects].map((anns) => tableOf(anns, isBoxes))
    const all = Int32Array.from({ length: Math.max(dt.rows, gt.rows) }, (_, i) => i)
    const compare = rowSimilarity(
      params,
      dt,
      gt,
      (row) => cocoDt.annToRuns(detections[row]),
      (row) => cocoGt.annToRuns(objects[row]),
    )
    compare(all, dt.rows, all, gt.rows, out)
  }
}

function keypointMeasure({ useCats, kptOksSigmas }: EvalParams): AnnotationSimilarity {
  // pycocotools looks for keypoints under the category −1 when categories are off, finds none and matches nothing.
  if (!useCats) return (_detections, _objects, out) => void out.fill(-1)
  return (detections, objects, out) => keypointSimilarity(detections, objects, kptOksSigmas, out)
}

/**
 * Intersection over union of boxes. Over a crowd the divisor is the detection's own area (see the COCO paper, on crowds).
 * Boxes that do not overlap get 0, which also keeps two empty boxes from dividing 0 by 0.
 */
function boxSimilarity({ boxes: dt }: Table, { boxes: gt, crowd }: Table): Similarity {
  return (detections, D, objects, G, out) => {
    for (let g = 0; g < G; g++) {
      const at = 4 * objects[g]
      const gx = gt[at]
      const gy = gt[at + 1]
      const gw = gt[at + 2]
      const gh = gt[at + 3]
      const isRegion = crowd[objects[g]] === 1
      for (let d = 0; d < D; d++) {
        const from = 4 * detections[d]
        const dw = dt[from + 2]
        const dh = dt[from + 3]
        const width = Math.min(dw + dt[from], gw + gx) - Math.max(dt[from], gx)
        const height = Math.min(dh + dt[from + 1], gh + gy) - Math.max(dt[from + 1], gy)
        let iou = 0
        if (width > 0 && height > 0) {
          const intersection = width * height
          iou = intersection / (isRegion ? dw * dh : dw * dh + gw * gh - intersection)
        }
        out[d * G + g] = iou
      }
    }
  }
}

function rowMaskSimilarity(detectionMask: RunsOfRow, objectMask: RunsOfRow, crowd: Uint8Array): Similarity {
  return (detections, D, objects, G, out) => {
    const [dt, gt] = [Array.from(detections.subarray(0, D)), Array.from(objects.subarray(0, G))]
    const isCrowd = gt.map((row) => crowd[row] === 1)
    maskIous(dt.map(detectionMask), gt.map(objectMask), isCrowd, out)
  }
}

/**
 * Object keypoint similarity: the mean, over the labelled keypoints, of exp(−d² / (2 s² k²)), with s² the object's
 * area and k twice the keypoint's sigma. An object without labels measures how far a detection's keypoints lie
 * outside its doubled box, so that detections on unlabelled people can be ignored.
 */
export function keypointSimilarity(
  detections: readonly Annotation[],
  objects: readonly Annotation[],
  sigmas: readonly number[],
  out: Float64Array,
): void {
  const variances = sigmas.map((sigma) => (sigma * 2) ** 2)
  const terms = new Float64Array(sigmas.length)
  for (let g = 0; g < objects.length; g++) {
    const object = objects[g]
    const truth = keypointsOf(object, sigmas.length)
    let labelled = 0
    for (let k = 0; k < sigmas.length; k++) if (truth[3 * k + 2] > 0) labelled++
    const [x, y, width, height] = object.bbox
    for (let d = 0; d < detections.length; d++) {
      const found = keypointsOf(detections[d], sigmas.length)
      let used = 0
      for (let k = 0; k < sigmas.length; k++) {
        if (labelled > 0 && truth[3 * k + 2] <= 0) continue
        const fx = found[3 * k]
        const fy = found[3 * k + 1]
        const dx = labelled > 0 ? fx - truth[3 * k] : outside(fx, x - width, x + width * 2)
        const dy = labelled > 0 ? fy - truth[3 * k + 1] : outside(fy, y - height, y + height * 2)
        terms[used++] = Math.exp(-((dx * dx + dy * dy) / variances[k] / (object.area + EPSILON) / 2))
      }
      out[d * objects.length + g] = pairwiseSum(terms, 0, used) / used
    }
  }
}

function outside(value: number, low: number, high: number): number {
  return Math.max(0, low - value) + Math.max(0, value - high)
}

function keypointsOf(ann: Annotation, count: number): readonly number[] {
  const { keypoints } = ann
  if (keypoints === undefined || keypoints.length !== 3 * count) {
    const found = keypoints === undefined ? 'no keypoints' : `${keypoints.length / 3} keypoints`
    throw new CocoError(
      `Annotation ${ann.id} has ${found}, but kptOksSigmas has ${count} entries: they must agree.`,
    )
  }
  return keypoints
}
