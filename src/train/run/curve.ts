/** Training curves as a picture: loss and metrics of one or several runs, in SVG. */
import { extentOf } from '../../shared/charts/axis.js'
import { drawChart, type Plot } from '../../shared/charts/chart.js'
import { swatch } from '../../shared/charts/legend.js'
import { line, type Point, type LineStyle as Stroke } from '../../shared/charts/marks.js'
import { UserError } from '../../shared/errors.js'
import type { CheckRow, EvaluationRow, Metrics, MetricsRow, TrainingRow } from './metrics.js'

export interface CurveRun<M extends Metrics> {
  name: string
  rows: readonly MetricsRow<M>[]
}

/** What is drawn of a task's runs: two panels, and what their lines mean. */
export interface CurveKind<M extends Metrics> {
  panels: [CurvePanel<M>, CurvePanel<M>]
  hint: string
}

export interface CurvePanel<M extends Metrics> {
  title: string
  curves: Curve<M>[]
}

/** One line of each run, with gaps where a value is not finite. */
export type Curve<M extends Metrics> =
  | { of: 'training'; style: LineStyle; value: (row: TrainingRow<M>) => number }
  | { of: 'evaluation'; style: LineStyle; value: (row: EvaluationRow<M>) => number }
  | { of: 'check'; style: LineStyle; value: (row: CheckRow<M>) => number }

/** Thin and pale; strong with dots; or dashed. */
export type LineStyle = 'thin' | 'strong' | 'dashed'

/** What the horizontal axis counts. */
export type CurveAxis = 'epoch' | 'minutes'

const STROKES: Record<LineStyle, Stroke> = { thin: 'pale', strong: 'strong', dashed: 'dashed' }

/**
 * Draws runs of one task against epochs or minutes, side by side in the panels of their kind.
 *
 * @throws UserError when a run has no rows to draw
 */
export function drawCurves<M extends Metrics>(
  runs: CurveRun<M>[],
  axis: CurveAxis,
  { panels, hint }: CurveKind<M>,
): string {
  for (const { name, rows } of runs)
    if (!rows.some((row) => row.kind === 'training'))
      throw new UserError(`${name} has no metrics to draw yet; train it first`)
  return drawChart(
    panels.map((panel) => plotOf(runs, axis, panel)),
    { legend: runs.map(({ name }, i) => swatch(name, i)), note: hint },
  )
}

function plotOf<M extends Metrics>(
  runs: CurveRun<M>[],
  axis: CurveAxis,
  { title, curves }: CurvePanel<M>,
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

function pointsOf<M extends Metrics>(
  rows: readonly MetricsRow<M>[],
  axis: CurveAxis,
  curve: Curve<M>,
): Point[] {
  const at = (row: { epoch: number; seconds: number }) => (axis === 'epoch' ? row.epoch : row.seconds / 60)
  return rows.flatMap((row): Point[] => {
    if (row.kind === 'training' && curve.of === 'training') return [{ x: at(row), y: curve.value(row) }]
    if (row.kind === 'evaluation' && curve.of === 'evaluation') return [{ x: at(row), y: curve.value(row) }]
    if (row.kind === 'check' && curve.of === 'check') return [{ x: at(row), y: curve.value(row) }]
    return []
  })
}
