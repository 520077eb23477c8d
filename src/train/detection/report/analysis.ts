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

/** A lowest score, and the metrics of the detections from there up. */
export interface Threshold {
  score: number
  precision: number
  recall: number
  /** Their harmonic mean: 2 · TP / (2 · TP + FP + FN). */
  f1: number
}

/** Without a true positive, no score is better than another. */
const NONE: Threshold = { score: 1, precision: 0, recall: 0, f1: 0 }

/** How often an error of one kind occurs at IoU 0.5, and what AP50 would gain without such errors. */
export interface ErrorShare {
  kind: ErrorKind
  count: number
  deltaAp: number
}

export interface DetectorAnalysis {
  /** By kind as TIDE defines them (`errorsByKind` of coco-ts), the most expensive first. */
  errors: ErrorShare[]
  /** The lowest score with which all categories' detections together have the highest F1 at IoU 0.5. */
  threshold: Threshold
  /** Of the detections from that score up, at IoU 0.5; its last row and column are the background. */
  confusion: ConfusionMatrix
  /** Of each category the lowest score with the highest F1 at IoU 0.5; null where nothing of it was found. */
  thresholds: { id: number; name: string; threshold: Threshold | null }[]
  /** Mean distance between the scores of detections and how often such detections are right, in [0, 1]. */
  calibrationError: number
}

/** Analyses an evaluation that was accumulated, over the images that were measured. */
export function analyse({ coco }: DetectorEvaluation): DetectorAnalysis {
  const { cocoGt, cocoDt, params } = coco
  const { imgIds } = params
  const { counts, deltaAp } = errorsByKind(cocoGt, cocoDt, { imgIds })
  const { all, categories } = fBetaCurves(coco)
  const threshold = all.best ? thresholdAt(all.best) : NONE
  return {
    errors: ERROR_KINDS.map((kind) => ({ kind, count: counts[kind], deltaAp: deltaAp[kind] })).sort(
      (a, b) => b.deltaAp - a.deltaAp || b.count - a.count,
    ),
    threshold,
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
