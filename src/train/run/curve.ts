/** Training curves as a picture: loss and accuracy of one or several runs, in SVG. */
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

/** One line of each run. What is not finite is not drawn. */
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

interface Point {
  x: number
  y: number
}

interface Line {
  points: Point[]
  color: string
  style: LineStyle
}

const PANEL = { width: 440, height: 300, left: 62, right: 18, top: 44, bottom: 46 }
const LEGEND_ROW = 20
/** Distinguishable for the colour-blind (Okabe and Ito, "Color Universal Design", 2008). */
export const SERIES_COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']

/**
 * Draws runs of one task against epochs or minutes, side by side in the panels of their kind.
 *
 * @throws UserError when a run has no rows to draw
 */
export function drawCurves<F extends Figures>(
  runs: CurveRun<F>[],
  axis: CurveAxis,
  { panels: [left, right], hint }: CurveKind<F>,
): string {
  for (const { name, rows } of runs)
    if (!rows.some((row) => row.kind === 'training'))
      throw new UserError(`${name} has no metrics to draw yet; train it first`)
  const height = PANEL.height + LEGEND_ROW * runs.length + 34
  const lines = ({ curves }: CurvePanel<F>): Line[] =>
    runs.flatMap((run, i) => linesOf(run, SERIES_COLOURS[i % SERIES_COLOURS.length], axis, curves))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * PANEL.width}" height="${height}" viewBox="0 0 ${2 * PANEL.width} ${height}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" fill="#333">`,
    `<title>${escapeText([left.title, right.title].join(', '))}</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    panel(0, left.title, axis, lines(left)),
    panel(PANEL.width, right.title, axis, lines(right)),
    legend(runs, hint),
    '</svg>\n',
  ].join('\n')
}

function linesOf<F extends Figures>(
  { rows }: CurveRun<F>,
  color: string,
  axis: CurveAxis,
  curves: Curve<F>[],
): Line[] {
  const at = (row: { epoch: number; seconds: number }) => (axis === 'epoch' ? row.epoch : row.seconds / 60)
  return curves
    .map((curve): Line => {
      const points = rows.flatMap((row): Point[] => {
        if (row.kind === 'training' && curve.of === 'training') return [{ x: at(row), y: curve.value(row) }]
        if (row.kind === 'evaluation' && curve.of === 'evaluation')
          return [{ x: at(row), y: curve.value(row) }]
        return []
      })
      return { points: points.filter(({ y }) => Number.isFinite(y)), color, style: curve.style }
    })
    .filter((line) => line.points.length > 0)
}

/** Round numbers that cover [low, high] in at most about six steps of 1, 2 or 5 × 10ⁿ. */
export function ticks(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1
  const rough = span / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999)!
  const first = Math.floor(low / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9))
  // Rounded, because 3 × 0.1 is not 0.3.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}

function panel(offset: number, title: string, axis: CurveAxis, lines: Line[]): string {
  const points = lines.flatMap((line) => line.points)
  const xTicks = ticks(0, Math.max(0, ...points.map(({ x }) => x)))
  const yTicks = ticks(0, Math.max(0, ...points.map(({ y }) => y)))
  const [right, top] = [xTicks.at(-1)!, yTicks.at(-1)!]
  const inner = {
    width: PANEL.width - PANEL.left - PANEL.right,
    height: PANEL.height - PANEL.top - PANEL.bottom,
  }
  const x = (value: number): string => (offset + PANEL.left + (value / right) * inner.width).toFixed(1)
  const y = (value: number): string => (PANEL.top + inner.height * (1 - value / top)).toFixed(1)
  const grid = yTicks.map(
    (tick) =>
      `<path d="M${x(0)} ${y(tick)}H${x(right)}" stroke="#e3e3e3"/><text x="${Number(x(0)) - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${tick}</text>`,
  )
  const below = xTicks.map(
    (tick) =>
      `<path d="M${x(tick)} ${y(0)}v5" stroke="#888"/><text x="${x(tick)}" y="${Number(y(0)) + 19}" text-anchor="middle">${tick}</text>`,
  )
  return [
    `<text x="${x(0)}" y="${PANEL.top - 16}" font-size="14" font-weight="600">${title}</text>`,
    ...grid,
    ...below,
    `<path d="M${x(0)} ${y(0)}H${x(right)}" stroke="#888"/>`,
    `<text x="${x(right / 2)}" y="${PANEL.height - 8}" text-anchor="middle">${axis === 'epoch' ? 'Epochs' : 'Minutes'}</text>`,
    ...lines.map((line) => drawLine(line, x, y)),
  ].join('\n')
}

const STROKES: Record<LineStyle, string> = {
  thin: 'stroke-width="1.2" stroke-opacity="0.45"',
  strong: 'stroke-width="2"',
  dashed: 'stroke-width="1.5" stroke-dasharray="6 4"',
}

function drawLine(
  { points, color, style }: Line,
  x: (value: number) => string,
  y: (value: number) => string,
): string {
  const path = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('')
  const stroke = `<path d="${path}" fill="none" stroke="${color}" stroke-linejoin="round" ${STROKES[style]}/>`
  const dots =
    style === 'strong'
      ? points.map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="2.6" fill="${color}"/>`)
      : []
  return [stroke, ...dots].join('')
}

function legend(runs: { name: string }[], text: string): string {
  const left = PANEL.left
  const top = PANEL.height + 18
  const rows = runs.map(({ name }, i) => {
    const color = SERIES_COLOURS[i % SERIES_COLOURS.length]
    const y = top + i * LEGEND_ROW
    return `<path d="M${left} ${y}h28" stroke="${color}" stroke-width="3"/><text x="${left + 38}" y="${y + 4}">${escapeText(name)}</text>`
  })
  const hint = `<text x="${left}" y="${top + runs.length * LEGEND_ROW + 2}" fill="#777">${text}</text>`
  return [...rows, hint].join('\n')
}

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
