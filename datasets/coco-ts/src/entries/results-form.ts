/** What makes a result valid for a writer, and which form results have. */

import { isNumber, isObject, show } from '../common/values.js'
import { packedPolygons } from '../masks/packed-polygons.js'
import {
  boxFault,
  type Fault,
  isCaption,
  type Known,
  keypointsFault,
  missing,
  NOT_AN_OBJECT,
  referenceFault,
  segmentationFault,
} from './validate.js'

/** What a results file holds: decided, as in pycocotools, by its first entry. */
export type ResultForm = 'bbox' | 'segmentation' | 'keypoints' | 'caption'

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0)

/** Looking at packed polygons would unpack them. */
const has = (entry: Record<string, unknown>, form: ResultForm): boolean =>
  (form === 'segmentation' && packedPolygons(entry) !== undefined) || !isNothing(entry[form])

/**
 * The form of the first result; undefined if it has none. An empty list or null is no box, mask or keypoints: some
 * writers leave them.
 */
export function resultForm(first: unknown): ResultForm | undefined {
  if (!isObject(first)) return undefined
  if (isCaption(first)) return 'caption'
  return (['bbox', 'segmentation', 'keypoints'] as const).find((form) => has(first, form))
}

/** What a result needs beside its references: a score, and what the first result has. */
export function formFault(
  detection: Record<string, unknown>,
  score: unknown,
  form: ResultForm | undefined,
): Fault {
  if (score === undefined) return missing('score')
  if (!isNumber(score))
    return { kind: 'bad-score', message: `score is ${show(score)}, but must be a finite number` }
  if (resultForm(detection) === undefined) {
    return { kind: 'missing-key', message: 'none of the keys "bbox", "segmentation", "keypoints" is there' }
  }
  if (form !== undefined && !has(detection, form)) {
    const message = `it has no "${form}", but the first result has: all need the same form`
    return { kind: 'missing-key', message }
  }
  return undefined
}

/** A detector's result: a box, a mask or keypoints, and a score; or a caption. Without `known`, any id will do. */
export function detectionFault(
  detection: unknown,
  known: Known | undefined,
  form: ResultForm | undefined,
): Fault {
  if (!isObject(detection)) return NOT_AN_OBJECT
  const caption = isCaption(detection)
  const fault = referenceFault(detection, known, !caption)
  if (fault || caption) return fault
  const lacking = formFault(detection, detection.score, form)
  if (lacking) return lacking
  const { bbox, keypoints } = detection
  const box = isNothing(bbox) ? undefined : boxFault(bbox)
  if (box) return { kind: 'bad-box', message: box }
  const image = known?.imgs.get(detection.image_id as number)
  return segmentationFault(detection, image) ?? keypointsFault(keypoints)
}
