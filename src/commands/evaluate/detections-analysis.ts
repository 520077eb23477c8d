/** What `toolkit evaluate-detections --analysis` says beside the metrics. */
import {
  type Calibration,
  type COCO,
  type COCOeval,
  type ConfusionMatrix,
  calibration,
  confusionMatrix,
  ERROR_KINDS,
  type ErrorsByKind,
  errorsByKind,
  type FBetaCurve,
  type FBetaCurves,
  fBetaCurves,
  type IouType,
} from '#coco-ts'
import { shortName } from '../../../datasets/detection/annotation-notes.js'
import { grouped } from '../../shared/text.js'
import { textTable } from '../shared/text-table.js'

/** With more categories the matrix is wider than any screen; then its largest entries are listed. */
const MATRIX_CATEGORIES = 12
const LISTED = 15

export interface Analysis {
  errors: ErrorsByKind
  curves: FBetaCurves
  confusion: ConfusionMatrix
  /** Undefined where scores are no probabilities. */
  calibration: Calibration | undefined
}

export interface AnalysisSettings {
  iouType: IouType
  /** Detections of lower scores are left out of the confusion matrix. */
  minScore: number
}

/** Analyses an evaluation at an IoU of 0.5. */
export function analyse(run: COCOeval, { iouType, minScore }: AnalysisSettings): Analysis {
  const { cocoGt, cocoDt } = run
  return {
    errors: errorsByKind(cocoGt, cocoDt, { iouType }),
    curves: fBetaCurves(run),
    confusion: confusionMatrix(cocoGt, cocoDt, { iouType, minScore }),
    calibration: hasProbabilities(cocoDt) ? calibration(run) : undefined,
  }
}

const hasProbabilities = ({ dataset }: COCO): boolean =>
  dataset.annotations.every(({ score }) => score! >= 0 && score! <= 1)

/** The analysis for JSON: the numbers, without the curves and the single errors. */
export function analysisJson({ errors, curves, confusion, calibration: calibrated }: Analysis): object {
  const { errors: _, ...byKind } = errors
  const best = ({ categoryId, name, objects, detections, best: point }: FBetaCurve): object => ({
    ...{ categoryId, name, objects, detections, best: point ?? null },
  })
  return {
    errors: byKind,
    bestF1: { iouThr: curves.iouThr, all: best(curves.all), categories: curves.categories.map(best) },
    confusion,
    calibration: calibrated ?? null,
  }
}

export function analysisText(analysis: Analysis): string {
  const { errors, curves, confusion, calibration: calibrated } = analysis
  return [
    errorsText(errors),
    bestScoresText(curves),
    calibrated ? calibrationText(calibrated) : 'Calibration: the scores are no probabilities from 0 to 1.',
    confusionText(confusion),
  ].join('\n\n')
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

function errorsText({ iouThr, ap, counts, deltaAp, ...errors }: ErrorsByKind): string {
  const rows = ERROR_KINDS.map((kind) => [kind, grouped(counts[kind]), signed(deltaAp[kind])])
  return [
    `Errors by kind at IoU ${iouThr} (TIDE; AP ${ap.toFixed(3)}). ΔAP is what AP would gain without errors of the kind.`,
    ...textTable(
      [
        ['kind', 'errors', 'ΔAP'],
        ...rows,
        ['all false positives', '', signed(errors.deltaApFalsePositives)],
        ['all missed objects', '', signed(errors.deltaApFalseNegatives)],
      ],
      1,
    ),
  ].join('\n')
}

function bestScoresText({ categories, all, iouThr }: FBetaCurves): string {
  const row = ({ name, objects, best }: FBetaCurve): string[] => {
    // A score that is rounded up would leave out the detection that has it.
    const score = best && Math.floor(best.score * 1000) / 1000
    const cells = best ? [score, best.fBeta, best.precision, best.recall] : []
    const numbers = Array.from({ length: 4 }, (_, i) => cells[i]?.toFixed(3) ?? '–')
    return [shortName(name), ...numbers, grouped(objects)]
  }
  const rows = [...categories.filter(({ objects }) => objects > 0), all].map(row)
  return [
    `Lowest score to accept for the best F1 at IoU ${iouThr}`,
    ...textTable([['category', 'score', 'F1', 'precision', 'recall', 'objects'], ...rows], 1),
  ].join('\n')
}

function calibrationText({ ece, mce, bins, iouThr }: Calibration): string {
  const rows = bins
    .filter(({ count }) => count > 0)
    .map(({ low, high, count, meanScore, precision }) => [
      `${low.toFixed(1)}–${high.toFixed(1)}`,
      grouped(count),
      meanScore.toFixed(3),
      precision.toFixed(3),
    ])
  return [
    `Calibration at IoU ${iouThr}: expected error ${ece.toFixed(3)}, largest ${mce.toFixed(3)}`,
    ...textTable([['scores', 'detections', 'mean score', 'precision'], ...rows], 1),
  ].join('\n')
}

function confusionText({ categories, matrix, iouThr, minScore, ignored }: ConfusionMatrix): string {
  const names = [...categories.map(({ name }) => shortName(name)), 'background']
  const crowds = ignored > 0 ? `; ${grouped(ignored)} in crowds left out` : ''
  const about = `at IoU ${iouThr}, scores from ${minScore}${crowds}`
  if (categories.length <= MATRIX_CATEGORIES) {
    const rows = matrix.map((row, i) => [names[i], ...row.map((count) => String(count || '·'))])
    return [
      `Confusion matrix ${about} (rows: objects; columns: detections; the last are missed and background)`,
      ...textTable([['', ...names], ...rows], 1),
    ].join('\n')
  }
  const entries = matrix.flatMap((row, i) =>
    row.flatMap((count, j) => (i === j || count === 0 ? [] : [{ i, j, count }])),
  )
  const most = entries.sort((a, b) => b.count - a.count).slice(0, LISTED)
  return [
    `The ${most.length} most frequent confusions ${about} (all of them with --json)`,
    ...textTable(
      [
        ['object', 'detected as', 'times'],
        ...most.map(({ i, j, count }) => [names[i], names[j], grouped(count)]),
      ],
      2,
    ),
  ].join('\n')
}
