import type { COCOeval } from '../eval/coco-eval.js'
import { pairwiseSum } from '../eval/numeric.js'
import { categoriesOf, type EvaluatedSetting, type NamedCategory, placeOf } from './settings.js'

/** One category's precision by recall, as COCO's average precision reads it off. */
export interface PrecisionRecallCurve extends NamedCategory {
  iouThr: number
  /** The evaluation's recall thresholds: 0, 0.01, …, 1 by default. */
  recall: Float64Array
  /** The highest precision that is reached at this recall or a higher one; 0 beyond the highest recall. */
  precision: Float64Array
  /** The score of the detection at which the recall is reached; 0 beyond the highest recall. */
  scores: Float64Array
  /** Mean of `precision`: COCO's AP of this category at this threshold. */
  ap: number
}

/**
 * Precision–recall curves of every category at one threshold: the columns of pycocotools' `eval['precision']` and
 * `eval['scores']` (COCO's interpolated precision, Everingham et al., "The PASCAL VOC Challenge", 2010, at 101 recalls
 * instead of 11). In categories without objects nothing is defined: all values are −1.
 *
 * @throws CocoError before `accumulate()`, or for a setting that was not evaluated
 */
export function precisionRecallCurves(run: COCOeval, setting: EvaluatedSetting = {}): PrecisionRecallCurve[] {
  const { params, counts, precision, scores } = run.accumulated('plot')
  const { t, a, m } = placeOf(params, setting)
  const [, R, K, A, M] = counts
  const column = (values: Float64Array, k: number): Float64Array =>
    Float64Array.from({ length: R }, (_, r) => values[(((t * R + r) * K + k) * A + a) * M + m])
  return categoriesOf(run.cocoGt, params).map((category, k) => {
    const ofCategory = column(precision, k)
    return {
      ...category,
      iouThr: params.iouThrs[t],
      recall: Float64Array.from(params.recThrs),
      precision: ofCategory,
      scores: column(scores, k),
      ap: pairwiseSum(ofCategory) / R,
    }
  })
}
