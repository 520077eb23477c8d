/** Which of an evaluation's thresholds, areas and limits an analysis looks at. */
import { CocoError } from '../common/problems.js'
import type { COCO } from '../dataset/coco.js'
import { IGNORED, outcomeOf, TRUE_POSITIVE } from '../eval/category-result.js'
import type { Evaluated } from '../eval/coco-eval.js'
import type { EvalParams } from '../eval/params.js'

/** One setting of an evaluation. */
export interface EvaluatedSetting {
  /** Intersection over union from which a detection counts as found; one of `params.iouThrs`. Default: 0.5. */
  iouThr?: number
  /** One of `params.areaRngLbl`. Default: "all". */
  area?: string
  /** Detections an image, of one category, that count; one of `params.maxDets`. Default: the largest. */
  maxDets?: number
}

/** Places of a setting in the evaluation's arrays. */
export interface SettingPlace {
  t: number
  a: number
  m: number
}

/** @throws CocoError for a setting that was not evaluated */
export function placeOf(params: EvalParams, setting: EvaluatedSetting): SettingPlace {
  const { iouThr = 0.5, area = 'all', maxDets = Math.max(...params.maxDets) } = setting
  return {
    t: placeOfThreshold(params, iouThr),
    a: found(params.areaRngLbl.indexOf(area), `The area "${area}"`, params.areaRngLbl.join(', ')),
    m: found(params.maxDets.indexOf(maxDets), `maxDets ${maxDets}`, params.maxDets.join(', ')),
  }
}

/** @throws CocoError for a threshold that was not evaluated */
export function placeOfThreshold({ iouThrs }: EvalParams, iouThr: number): number {
  // 0.7 is 0.7000000000000001 where thresholds are computed as pycocotools computes them.
  const place = iouThrs.findIndex((threshold) => Math.abs(threshold - iouThr) < 1e-9)
  return found(place, `The IoU threshold ${iouThr}`, iouThrs.map((one) => Number(one.toFixed(6))).join(', '))
}

function found(place: number, what: string, all: string): number {
  if (place < 0) throw new CocoError(`${what} was not evaluated; there are ${all}.`)
  return place
}

/** A category of an evaluation; −1 and "all categories" where categories were not told apart. */
export interface NamedCategory {
  categoryId: number
  name: string
}

export function categoriesOf(cocoGt: COCO, params: EvalParams): NamedCategory[] {
  if (!params.useCats) return [ALL_CATEGORIES]
  return params.catIds.map((id) => nameCategory(cocoGt, id))
}

export const ALL_CATEGORIES: NamedCategory = { categoryId: -1, name: 'all categories' }

export function nameCategory(coco: COCO, categoryId: number): NamedCategory {
  return { categoryId, name: coco.cats.get(categoryId)?.name ?? '' }
}

/** The detections that count at one setting, from the best score down, and how many objects there are to find. */
export interface Decisions {
  scores: Float64Array
  /** 1 for true positives, 0 for false ones. */
  correct: Uint8Array
  objects: number
}

/** What became of category k's detections; those that are ignored are left out. */
export function decisionsOf({ params, categories }: Evaluated, k: number, place: SettingPlace): Decisions {
  const { t, a, m } = place
  const { detections, rank, scores, objectCounts, objectImages } = categories[k]
  const T = params.iouThrs.length
  const chosen = { scores: new Float64Array(detections), correct: new Uint8Array(detections) }
  let n = 0
  for (let d = 0; d < detections; d++) {
    if (rank[d] >= params.maxDets[m]) continue
    const what = outcomeOf(categories[k], d, a, t, T)
    if (what === IGNORED) continue
    chosen.scores[n] = scores[d]
    chosen.correct[n++] = what === TRUE_POSITIVE ? 1 : 0
  }
  const images = objectImages.length
  const objects = objectCounts.subarray(a * images, (a + 1) * images).reduce((sum, count) => sum + count, 0)
  return { scores: chosen.scores.subarray(0, n), correct: chosen.correct.subarray(0, n), objects }
}
