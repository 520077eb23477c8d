import { CocoError } from '../common/problems.js'
import type { Annotation } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import { boxIous } from '../masks/boxes.js'
import type { Runs } from '../masks/rle.js'
import { maskIous } from '../masks/segmentation.js'
import { EPSILON, pairwiseSum } from './numeric.js'
import type { EvalParams } from './params.js'

/** Fills `out[d * objects.length + g]` with how well each detection covers each object. */
export type Similarity = (
  detections: readonly Annotation[],
  objects: readonly Annotation[],
  out: Float64Array,
) => void

/** The measure that `params.iouType` asks for. */
export function similarityFor(params: EvalParams, cocoGt: COCO, cocoDt: COCO): Similarity {
  if (params.iouType === 'bbox') return boxSimilarity()
  if (params.iouType === 'segm') return maskSimilarity(cocoGt, cocoDt)
  // pycocotools looks for keypoints under the category −1 when categories are off, finds none and matches nothing.
  if (!params.useCats) return (_detections, _objects, out) => void out.fill(-1)
  return (detections, objects, out) => keypointSimilarity(detections, objects, params.kptOksSigmas, out)
}

const isCrowd = (ann: Annotation): boolean => Boolean(ann.iscrowd)

function boxSimilarity(): Similarity {
  let detectionBoxes = new Float64Array(0)
  let objectBoxes = new Float64Array(0)
  const flatten = (
    anns: readonly Annotation[],
    flat: Float64Array<ArrayBuffer>,
  ): Float64Array<ArrayBuffer> => {
    const boxes = flat.length < anns.length * 4 ? new Float64Array(anns.length * 8) : flat
    for (let i = 0; i < anns.length; i++) {
      const { bbox } = anns[i]
      boxes[4 * i] = bbox[0]
      boxes[4 * i + 1] = bbox[1]
      boxes[4 * i + 2] = bbox[2]
      boxes[4 * i + 3] = bbox[3]
    }
    return boxes
  }
  return (detections, objects, out) => {
    detectionBoxes = flatten(detections, detectionBoxes)
    objectBoxes = flatten(objects, objectBoxes)
    boxIous(detectionBoxes, detections.length, objectBoxes, objects.length, objects.map(isCrowd), out)
  }
}

function maskSimilarity(cocoGt: COCO, cocoDt: COCO): Similarity {
  const runsOf = (coco: COCO, anns: readonly Annotation[]): Runs[] => anns.map((ann) => coco.annToRuns(ann))
  return (detections, objects, out) =>
    maskIous(runsOf(cocoDt, detections), runsOf(cocoGt, objects), objects.map(isCrowd), out)
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
