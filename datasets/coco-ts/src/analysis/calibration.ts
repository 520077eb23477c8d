import { CocoError } from '../common/problems.js'
import type { COCOeval } from '../eval/coco-eval.js'
import { joined } from './f-beta.js'
import {
  categoriesOf,
  type Decisions,
  decisionsOf,
  type EvaluatedSetting,
  type NamedCategory,
  placeOf,
} from './settings.js'

/** Detections whose scores lie above `low` and up to `high`; the first bin has a score of 0 too. */
export interface ReliabilityBin {
  low: number
  high: number
  count: number
  /** Their mean score, and the share of them that is correct; 0 in an empty bin. */
  meanScore: number
  precision: number
}

/** How far scores are from the probability of being correct. */
export interface CalibrationErrors {
  /** Detections that count. */
  detections: number
  /** Expected calibration error: the mean distance of `meanScore` and `precision`, bins weighted by their detections. */
  ece: number
  /** Maximum calibration error: the largest distance in a bin. */
  mce: number
}

export interface Calibration extends CalibrationErrors {
  iouThr: number
  minScore: number
  bins: ReliabilityBin[]
  /** The errors in each category alone; 0 where it has no detections. */
  categories: (NamedCategory & CalibrationErrors)[]
}

export interface CalibrationOptions extends EvaluatedSetting {
  /** Bins of equal width. Default: 10. */
  bins?: number
  /** Detections of lower scores are left out: near 0 there are often so many that they decide alone. Default: 0. */
  minScore?: number
}

/**
 * Reliability diagram and calibration errors of the scores (Guo et al., "On Calibration of Modern Neural Networks",
 * 2017; of detections: Küppers et al., "Multivariate Confidence Calibration for Object Detection", 2020). A detection
 * is correct where COCO's matching makes it a true positive; ignored ones are left out.
 *
 *     ECE = Σ_b n_b / n · |precision_b − meanScore_b|
 *
 * @throws CocoError before `evaluate()`, for a setting that was not evaluated, or scores that are no probabilities
 */
export function calibration(run: COCOeval, options: CalibrationOptions = {}): Calibration {
  const { bins = 10, minScore = 0 } = options
  if (!Number.isInteger(bins) || bins < 1)
    throw new CocoError(`bins is ${bins}, but must be a whole number above 0.`)
  const evaluated = run.outcomes('calibrate')
  const place = placeOf(evaluated.params, options)
  const decisions = evaluated.categories.map((_, k) => decisionsOf(evaluated, k, place))
  const all = binned(joined(decisions), bins, minScore)
  return {
    ...errorsOf(all),
    iouThr: evaluated.params.iouThrs[place.t],
    minScore,
    bins: all,
    categories: categoriesOf(run.cocoGt, evaluated.params).map((category, k) => ({
      ...category,
      ...errorsOf(binned(decisions[k], bins, minScore)),
    })),
  }
}

function binned({ scores, correct }: Decisions, count: number, minScore: number): ReliabilityBin[] {
  const edges = Array.from({ length: count + 1 }, (_, b) => b / count)
  const counts = new Float64Array(count)
  const sums = new Float64Array(count)
  const found = new Float64Array(count)
  for (let d = 0; d < scores.length; d++) {
    const score = scores[d]
    if (!(score >= 0 && score <= 1)) {
      throw new CocoError(`A score is ${score}, but calibration needs probabilities: scores from 0 to 1.`)
    }
    if (score < minScore) continue
    let b = Math.max(0, Math.ceil(score * count) - 1)
    // The product may be rounded over an edge.
    while (score > edges[b + 1]) b++
    while (b > 0 && score <= edges[b]) b--
    counts[b]++
    sums[b] += score
    found[b] += correct[d]
  }
  return Array.from(counts, (n, b) => ({
    ...{ low: edges[b], high: edges[b + 1], count: n },
    ...{ meanScore: n > 0 ? sums[b] / n : 0, precision: n > 0 ? found[b] / n : 0 },
  }))
}

function errorsOf(bins: readonly ReliabilityBin[]): CalibrationErrors {
  const detections = bins.reduce((sum, { count }) => sum + count, 0)
  const gaps = bins.map(({ precision, meanScore }) => Math.abs(precision - meanScore))
  const weighted = bins.reduce((sum, { count }, b) => sum + count * gaps[b], 0)
  return { detections, ece: detections > 0 ? weighted / detections : 0, mce: Math.max(...gaps) }
}
