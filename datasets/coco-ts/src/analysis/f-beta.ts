import { CocoError } from '../common/problems.js'
import type { COCOeval } from '../eval/coco-eval.js'
import { orderByScore } from '../eval/order-by-score.js'
import {
  ALL_CATEGORIES,
  categoriesOf,
  type Decisions,
  decisionsOf,
  type EvaluatedSetting,
  type NamedCategory,
  placeOf,
} from './settings.js'

/** Precision, recall and F-β of the detections whose score is `score` or higher. */
export interface FBetaPoint {
  score: number
  precision: number
  recall: number
  fBeta: number
}

/** F-β by the lowest score that is accepted. */
export interface FBetaCurve extends NamedCategory {
  /** Objects to find, and detections that count. */
  objects: number
  detections: number
  /** The scores that occur, from the highest down; the other arrays say what is reached from each on. */
  scores: Float64Array
  precision: Float64Array
  recall: Float64Array
  fBeta: Float64Array
  /** The point of the best F-β, the highest score of several: a suggestion for a detector's `minScore`. Undefined without true positives. */
  best: FBetaPoint | undefined
}

export interface FBetaCurves {
  beta: number
  iouThr: number
  categories: FBetaCurve[]
  /** All categories' detections together: for one threshold that serves them all. */
  all: FBetaCurve
}

export interface FBetaOptions extends EvaluatedSetting {
  /** How many times as much recall weighs as precision. Default: 1. */
  beta?: number
}

/**
 * F-β = (1 + β²) P R / (β² P + R) (van Rijsbergen, "Information Retrieval", 1979) at every score that detections have.
 * P and R are the precision and recall of the detections at or above that score, as COCO matches them; the greedy
 * matching goes from the best score down, so that leaving out lower scores changes no match. P is not interpolated.
 *
 * @throws CocoError before `evaluate()`, for a setting that was not evaluated, or a β that is not above 0
 */
export function fBetaCurves(run: COCOeval, options: FBetaOptions = {}): FBetaCurves {
  const { beta = 1 } = options
  if (!(beta > 0 && Number.isFinite(beta))) throw new CocoError(`beta is ${beta}, but must be above 0.`)
  const evaluated = run.outcomes('weigh')
  const place = placeOf(evaluated.params, options)
  const decisions = evaluated.categories.map((_, k) => decisionsOf(evaluated, k, place))
  const categories = categoriesOf(run.cocoGt, evaluated.params)
  return {
    beta,
    iouThr: evaluated.params.iouThrs[place.t],
    categories: categories.map((category, k) => curveOf(category, decisions[k], beta)),
    all: curveOf(ALL_CATEGORIES, joined(decisions), beta),
  }
}

/** All categories' decisions from the best score down; equal scores in the order of the categories. */
export function joined(decisions: readonly Decisions[]): Decisions {
  const count = decisions.reduce((sum, { scores }) => sum + scores.length, 0)
  const scores = new Float64Array(count)
  const correct = new Uint8Array(count)
  let at = 0
  for (const one of decisions) {
    scores.set(one.scores, at)
    correct.set(one.correct, at)
    at += one.scores.length
  }
  const order = orderByScore(scores)
  return {
    scores: Float64Array.from(order, (d) => scores[d]),
    correct: Uint8Array.from(order, (d) => correct[d]),
    objects: decisions.reduce((sum, { objects }) => sum + objects, 0),
  }
}

function curveOf(category: NamedCategory, { scores, correct, objects }: Decisions, beta: number): FBetaCurve {
  const points: FBetaPoint[] = []
  let found = 0
  let best: FBetaPoint | undefined
  for (let d = 0; d < scores.length; d++) {
    found += correct[d]
    if (d + 1 < scores.length && scores[d + 1] === scores[d]) continue
    const precision = found / (d + 1)
    const recall = objects > 0 ? found / objects : 0
    const fBeta =
      found > 0 && objects > 0 ? ((1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall) : 0
    const point = { score: scores[d], precision, recall, fBeta }
    points.push(point)
    if (fBeta > (best?.fBeta ?? 0)) best = point
  }
  const column = (key: keyof FBetaPoint): Float64Array => Float64Array.from(points, (point) => point[key])
  return {
    ...{ ...category, objects, detections: scores.length },
    ...{ scores: column('score'), precision: column('precision') },
    ...{ recall: column('recall'), fBeta: column('fBeta'), best },
  }
}
