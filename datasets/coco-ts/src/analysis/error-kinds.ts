/** What is wrong with the detections of one image, by TIDE's definitions. */
import type { ImagePairs } from './image-pairs.js'

/** The kinds of errors, in TIDE's order. */
export const ERROR_KINDS = [
  'classification',
  'localisation',
  'both',
  'duplicate',
  'background',
  'missed',
] as const

export type ErrorKind = (typeof ERROR_KINDS)[number]

export interface ErrorThresholds {
  /** Intersection over union from which a detection counts as found. */
  iouThr: number
  /** Intersection over union up to which a detection is one of background. */
  backgroundIou: number
}

/** One wrong detection, or one object that was missed. */
export interface ImageError {
  kind: ErrorKind
  /** Place of the detection in the image; −1 for a missed object. */
  d: number
  /** Place of the object that the detection meant, as far as its kind says; −1 without. */
  g: number
  /** The detection is ignored: it is right or wrong nowhere, but becomes right where its error is corrected. */
  ignored: boolean
  /** Correcting the error makes the detection a true positive; otherwise it goes. */
  corrects: boolean
}

export interface ImageErrors {
  /** For each detection: 1 if it is a true positive, 0 if it is a false one, −1 if it is ignored. */
  decision: Int8Array
  /** In the order of the detections, missed objects last. */
  errors: ImageError[]
  /** For each object: whether a detection found it. A crowd never is. */
  found: Uint8Array
}

/** Sorts the false positives and false negatives of an image by what would have made them right. */
export function errorsInImage(pairs: ImagePairs, thresholds: ErrorThresholds): ImageErrors {
  const { decision, found } = matchGreedily(pairs, thresholds.iouThr)
  ignoreInCrowds(pairs, thresholds.iouThr, decision)
  const { detections, objects, crowd } = pairs
  const errors: ImageError[] = []
  /** Whether correcting a detection finds the object. Detections come from the best score down, and the first is it. */
  const correctable = new Uint8Array(objects.length)
  for (let d = 0; d < detections.length; d++) {
    if (decision[d] === 1) continue
    const { kind, g } = kindOf(pairs, d, found, thresholds)
    const meant = kind === 'classification' || kind === 'localisation'
    const corrects = meant && found[g] === 0 && correctable[g] === 0
    if (corrects) correctable[g] = 1
    errors.push({ kind, d, g, ignored: decision[d] === -1, corrects })
  }
  for (let g = 0; g < objects.length; g++) {
    if (crowd[g] || found[g] === 1 || correctable[g] === 1) continue
    errors.push({ kind: 'missed', d: -1, g, ignored: false, corrects: false })
  }
  return { decision, errors, found }
}

/** Each detection takes the free object of its category that it covers best, and is right from the threshold on. */
function matchGreedily(
  { detections, objects, crowd, ious }: ImagePairs,
  iouThr: number,
): { decision: Int8Array; found: Uint8Array } {
  const G = objects.length
  const decision = new Int8Array(detections.length)
  const found = new Uint8Array(G)
  detections.forEach(({ category_id }, d) => {
    let best = -1
    let bestIou = 0
    for (let g = 0; g < G; g++) {
      if (crowd[g] || found[g] === 1 || objects[g].category_id !== category_id) continue
      if (ious[d * G + g] <= bestIou) continue
      best = g
      bestIou = ious[d * G + g]
    }
    if (best < 0 || bestIou < iouThr) return
    decision[d] = 1
    found[best] = 1
  })
  return { decision, found }
}

/** False positives that lie in a crowd of their category are ignored. */
function ignoreInCrowds(
  { detections, objects, crowd, ious }: ImagePairs,
  iouThr: number,
  decision: Int8Array,
): void {
  const G = objects.length
  for (let g = 0; g < G; g++) {
    if (!crowd[g]) continue
    for (let d = 0; d < detections.length; d++) {
      if (decision[d] !== 0 || detections[d].category_id !== objects[g].category_id) continue
      if (ious[d * G + g] > iouThr) decision[d] = -1
    }
  }
}

/** The kind of a false positive, and the object that decided it, the first of several that are covered equally. */
function kindOf(
  { detections, objects, crowd, ious }: ImagePairs,
  d: number,
  found: Uint8Array,
  { iouThr, backgroundIou }: ErrorThresholds,
): { kind: ErrorKind; g: number } {
  const G = objects.length
  const same = { g: -1, iou: 0 }
  const taken = { g: -1, iou: 0 }
  const other = { g: -1, iou: 0 }
  for (let g = 0; g < G; g++) {
    if (crowd[g]) continue
    const iou = ious[d * G + g]
    const mine = objects[g].category_id === detections[d].category_id
    for (const best of mine ? (found[g] === 1 ? [same, taken] : [same]) : [other]) {
      if (best.g >= 0 && iou <= best.iou) continue
      best.g = g
      best.iou = iou
    }
  }
  if (same.g >= 0 && same.iou >= backgroundIou && same.iou <= iouThr)
    return { kind: 'localisation', g: same.g }
  if (other.g >= 0 && other.iou >= iouThr) return { kind: 'classification', g: other.g }
  if (taken.g >= 0 && taken.iou >= iouThr) return { kind: 'duplicate', g: taken.g }
  if (Math.max(same.iou, other.iou) <= backgroundIou) return { kind: 'background', g: -1 }
  return { kind: 'both', g: other.iou > same.iou ? other.g : same.g }
}
