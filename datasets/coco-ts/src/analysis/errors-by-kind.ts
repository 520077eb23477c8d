import type { COCO } from '../dataset/coco.js'
import { ErrorPoints } from './error-ap.js'
import { ERROR_KINDS, type ErrorKind, errorsInImage } from './error-kinds.js'
import { imagePairs, type PairOptions } from './image-pairs.js'
import { type NamedCategory, nameCategory } from './settings.js'

/** One wrong detection, or one object that was missed. */
export interface DetectionError {
  kind: ErrorKind
  imageId: number
  /** Of the detection, or of the missed object. */
  categoryId: number
  /** `id` and score of the detection; undefined for a missed object. */
  detectionId?: number
  score?: number
  /** `id` of the object that was missed, or that the detection meant; undefined where there is none. */
  annotationId?: number
}

export interface ErrorsByKind {
  iouThr: number
  backgroundIou: number
  /** AP at `iouThr`, as TIDE computes it. */
  ap: number
  counts: Record<ErrorKind, number>
  /** What AP would gain if all errors of the kind, and only they, were corrected. */
  deltaAp: Record<ErrorKind, number>
  /** What AP would gain if no detection were wrong, and if no object were missed. */
  deltaApFalsePositives: number
  deltaApFalseNegatives: number
  /** By the category of the detection or the missed object. */
  categories: (NamedCategory & { counts: Record<ErrorKind, number> })[]
  /** Image by image, from the best score down, missed objects last. */
  errors: DetectionError[]
}

export interface ErrorOptions extends Omit<PairOptions, 'minScore'> {
  /** Intersection over union from which a detection counts as found. Default: 0.5. */
  iouThr?: number
  /** Intersection over union up to which a detection is one of background. Default: 0.1. */
  backgroundIou?: number
  /** Detections an image, of all categories, that count: the best so many. Default: 100. */
  maxDets?: number
}

/** An error with what its correction changes. */
interface Counted {
  kind: ErrorKind
  category: number
  score: number
  ignored: boolean
  /** The category in which the corrected detection is a true positive; undefined where it goes. */
  correctedTo: number | undefined
}

/**
 * Errors by kind, as in TIDE (Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection Errors", 2020), with
 * IoU t for `iouThr` and b for `backgroundIou`. A false positive is the first of these that it fits:
 *
 * - localisation: b ≤ IoU ≤ t with an object of its category;
 * - classification: IoU ≥ t with an object of another category;
 * - duplicate: IoU ≥ t with an object of its category that a better detection has found;
 * - background: IoU ≤ b with every object;
 * - both: everything else, wrong in category and place.
 *
 * An object is missed where no detection found it, and no localisation or classification error meant it. An error is
 * corrected as in the paper: the first two become true positives, if the object is free, the best detection of each
 * object first; other detections go; missed objects do not count. ΔAP = AP corrected − AP, at least 0.
 *
 * The numbers are those of the Python package tidecv (1.0.1), divided by 100, so its peculiarities are here too: the
 * AP counts categories that have detections but no objects as 0, `maxDets` is for all categories of an image together,
 * and among equal scores corrected errors come before what was right already.
 *
 * @throws CocoError for detections without scores, or when masks are to be compared and some have none
 */
export function errorsByKind(coco: COCO, results: COCO, options: ErrorOptions = {}): ErrorsByKind {
  const { iouThr = 0.5, backgroundIou = 0.1, maxDets = 100, iouType, imgIds } = options
  const points = new ErrorPoints()
  const counted: Counted[] = []
  const errors: DetectionError[] = []
  const missedObjects: number[] = []
  for (const pairs of imagePairs(coco, results, { iouType, maxDets, imgIds })) {
    const { imageId, detections, objects, crowd } = pairs
    const inImage = errorsInImage(pairs, { iouThr, backgroundIou })
    detections.forEach(({ category_id, score }, d) => {
      if (inImage.decision[d] >= 0) points.add(category_id, score!, inImage.decision[d] === 1)
    })
    objects.forEach(({ category_id }, g) => {
      if (crowd[g]) return
      points.addObjects(category_id, 1)
      if (inImage.found[g] === 0) missedObjects.push(category_id)
    })
    for (const { kind, d, g, ignored, corrects } of inImage.errors) {
      const [detection, object] = [detections[d], objects[g]]
      const category = (detection ?? object).category_id
      const target = kind === 'classification' ? object.category_id : category
      const correctedTo = corrects ? target : undefined
      counted.push({ kind, category, score: detection?.score ?? 0, ignored, correctedTo })
      errors.push({
        ...{ kind, imageId, categoryId: category },
        ...(detection && { detectionId: detection.id, score: detection.score }),
        ...(object && { annotationId: object.id }),
      })
    }
  }
  const ap = points.meanAp()
  const gain = (kind: ErrorKind): number => Math.max(0, corrected(points, counted, kind).meanAp() - ap)
  const byCategory = new Map(coco.getCatIds().map((id) => [id, noErrors()]))
  for (const { kind, categoryId } of errors) byCategory.get(categoryId)![kind]++
  return {
    ...{ iouThr, backgroundIou, ap },
    counts: count(errors),
    deltaAp: Object.fromEntries(ERROR_KINDS.map((kind) => [kind, gain(kind)])) as Record<ErrorKind, number>,
    deltaApFalsePositives: withoutFalsePositives(points, counted).meanAp() - ap,
    deltaApFalseNegatives: withoutMissed(points, counted, missedObjects).meanAp() - ap,
    categories: [...byCategory]
      .sort(([a], [b]) => a - b)
      .map(([id, counts]) => ({ ...nameCategory(coco, id), counts })),
    errors,
  }
}

const noErrors = (): Record<ErrorKind, number> =>
  Object.fromEntries(ERROR_KINDS.map((kind) => [kind, 0])) as Record<ErrorKind, number>

function count(errors: readonly DetectionError[]): Record<ErrorKind, number> {
  const counts = noErrors()
  for (const { kind } of errors) counts[kind]++
  return counts
}

/** The decisions with all errors of one kind corrected. */
function corrected(points: ErrorPoints, errors: readonly Counted[], kind?: ErrorKind): ErrorPoints {
  const fixed = points.emptied()
  for (const error of errors) {
    if (error.kind !== kind) {
      if (error.kind !== 'missed' && !error.ignored) fixed.add(error.category, error.score, false)
    } else if (kind === 'missed') {
      fixed.addObjects(error.category, -1)
    } else if (error.correctedTo !== undefined) {
      fixed.add(error.correctedTo, error.score, true)
    }
  }
  points.forCorrect((category, score) => fixed.add(category, score, true))
  return fixed
}

function withoutFalsePositives(points: ErrorPoints, errors: readonly Counted[]): ErrorPoints {
  const fixed = points.emptied()
  // Last of all, they cost no precision; they keep a category without objects in the mean.
  for (const { kind, category, ignored } of errors)
    if (kind !== 'missed' && !ignored) fixed.add(category, 0, false)
  points.forCorrect((category) => fixed.add(category, 1, true))
  return fixed
}

function withoutMissed(
  points: ErrorPoints,
  errors: readonly Counted[],
  missed: readonly number[],
): ErrorPoints {
  const fixed = corrected(points, errors)
  for (const category of missed) fixed.addObjects(category, -1)
  return fixed
}
