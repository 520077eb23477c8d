/** Training curves as a picture: loss and metrics of one or several runs, in SVG. */
import { extentOf } from '../../shared/charts/axis.js'
import { drawChart, type Plot } from '../../shared/charts/chart.js'
import { swatch } from '../../shared/charts/legend.js'
import { line, type Point, type LineStyle as Stroke } from '../../shared/charts/marks.js'
import { UserError } from '../../shared/errors.js'
import type { ClassifierFigures, EvaluationRow, Figures, MetricsRow, TrainingRow } from './metrics.js'

export interface CurveRun<F extends Figures = ClassifierFigures> {
  name: string
  rows: readonly MetricsRow<F>[]
}

/** What is drawn of a task's runs: two panels, and what their lines mean. */
export interface CurveKind<F extends Figures> {
  panels: [CurvePanel<F>, CurvePanel<F>]
  hint: string
}

export interface CurvePanel<F extends Figures> {
  title: string
  curves: Curve<F>[]
}

/** One line of each run, with gaps where a value is not finite. */
export type Curve<F extends Figures> =
  | { of: 'training'; style: LineStyle; value: (row: TrainingRow<F>) => number }
  | { of: 'evaluation'; style: LineStyle; value: (row: EvaluationRow<F>) => number }

/** Thin and pale; strong with dots; or dashed. */
type LineStyle = 'thin' | 'strong' | 'dashed'

/** Loss and accuracy: thin lines on the training images, strong ones on the validation images. */
export const classifierCurves: CurveKind<ClassifierFigures> = {
  panels: [
    {
      title: 'Loss',
      curves: [
        { of: 'training', style: 'thin', value: (row) => row.loss },
        { of: 'evaluation', style: 'strong', value: (row) => row.loss },
      ],
    },
    {
      title: 'Accuracy, %',
      curves: [
        { of: 'training', style: 'thin', value: (row) => 100 * row.accuracy },
        { of: 'evaluation', style: 'strong', value: (row) => 100 * row.top1 },
      ],
    },
  ],
  hint: 'thin: training images, augmented; strong: validation images',
}

/** What the horizontal axis counts. */
export type CurveAxis = 'epoch' | 'minutes'

const STROKES: Record<LineStyle, Stroke> = { thin: 'pale', strong: 'strong', dashed: 'dashed' }

/**
 * Draws runs of one task against epochs or minutes, side by side in the panels of their kind.
 *
 * @throws UserError when a run has no rows to draw
 */
export function drawCurves<F extends Figures>(
  runs: CurveRun<F>[],
  axis: CurveAxis,
  { panels, hint }: CurveKind<F>,
): string {
  for (const { name, rows } of runs)
    if (!rows.some((row) => row.kind === 'training'))
      throw new UserError(`${name} has no metrics to draw yet; train it first`)
  return drawChart(
    panels.map((panel) => plotOf(runs, axis, panel)),
    { legend: runs.map(({ name }, i) => swatch(name, i)), note: hint },
  )
}

function plotOf<F extends Figures>(
  runs: CurveRun<F>[],
  axis: CurveAxis,
  { title, curves }: CurvePanel<F>,
): Plot {
  const lines = runs.flatMap(({ rows }, series) =>
    curves.map((curve) => ({ series, style: curve.style, points: pointsOf(rows, axis, curve) })),
  )
  const points = lines.flatMap((line) => line.points)
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  return {
    title,
    x: { domain: extentOf(xs, true), nice: true, label: axis === 'epoch' ? 'epochs' : 'minutes' },
    y: { domain: extentOf(ys, true), nice: true },
    marks: lines.map(({ points, series, style }) =>
      line(points, { series, style: STROKES[style], dots: style === 'strong' }),
    ),
  }
}

function pointsOf<F extends Figures>(
  rows: readonly MetricsRow<F>[],
  axis: CurveAxis,
  curve: Curve<F>,
): Point[] {
  const at = (row: { epoch: number; seconds: number }) => (axis === 'epoch' ? row.epoch : row.seconds / 60)
  return rows.flatMap((row): Point[] => {
    if (row.kind === 'training' && curve.of === 'training') return [{ x: at(row), y: curve.value(row) }]
    if (row.kind === 'evaluation' && curve.of === 'evaluation') return [{ x: at(row), y: curve.value(row) }]
    return []
  })
}
