/** What is wrong with detections, and from which score up to accept them. */
import {
  type ConfusionMatrix,
  calibration,
  confusionMatrix,
  ERROR_KINDS,
  type ErrorKind,
  errorsByKind,
  type FBetaPoint,
  fBetaCurves,
} from '#coco-ts'
import type { DetectorEvaluation } from '../evaluate.js'
import type { Threshold } from './matches.js'

/** How often an error of one kind occurs at IoU 0.5, and what AP50 would gain without such errors. */
export interface ErrorShare {
  kind: ErrorKind
  count: number
  deltaAp: number
}

export interface DetectorAnalysis {
  /** By kind as TIDE defines them (`errorsByKind` of coco-ts), the most expensive first. */
  errors: ErrorShare[]
  /** Of the detections from the overall threshold up, at IoU 0.5; its last row and column are the background. */
  confusion: ConfusionMatrix
  /** Of each category the lowest score with the highest F1 at IoU 0.5; null where nothing of it was found. */
  thresholds: { id: number; name: string; threshold: Threshold | null }[]
  /** Mean distance between the scores of detections and how often such detections are right, in [0, 1]. */
  calibrationError: number
}

/**
 * @param threshold the lowest score of the confusion matrix's detections
 */
export function analyse({ coco }: DetectorEvaluation, threshold: Threshold): DetectorAnalysis {
  const { cocoGt, cocoDt, params } = coco
  const { imgIds } = params
  const { counts, deltaAp } = errorsByKind(cocoGt, cocoDt, { imgIds })
  const { categories } = fBetaCurves(coco)
  return {
    errors: ERROR_KINDS.map((kind) => ({ kind, count: counts[kind], deltaAp: deltaAp[kind] })).sort(
      (a, b) => b.deltaAp - a.deltaAp || b.count - a.count,
    ),
    confusion: confusionMatrix(cocoGt, cocoDt, { minScore: threshold.score, imgIds }),
    thresholds: categories.map(({ categoryId: id, name, best }) => ({
      ...{ id, name },
      threshold: best ? thresholdAt(best) : null,
    })),
    calibrationError: calibration(coco).ece,
  }
}

const thresholdAt = ({ score, precision, recall, fBeta: f1 }: FBetaPoint): Threshold => ({
  ...{ score, precision, recall, f1 },
})
