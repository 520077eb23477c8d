/** Training curves as a picture: loss and accuracy of one or several runs, in SVG. */
import { UserError } from '../errors.js'
import type { MetricsRow } from './metrics.js'

export interface CurveRun {
  name: string
  rows: readonly MetricsRow[]
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
  /** Drawn thin and pale (training) or strong (validation). */
  strong: boolean
}

const PANEL = { width: 440, height: 300, left: 62, right: 18, top: 44, bottom: 46 }
const LEGEND_ROW = 20
/** Distinguishable for the colour-blind (Okabe and Ito, "Color Universal Design", 2008). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000']

/**
 * Draws loss and accuracy against epochs or minutes: thin lines on the training images, strong lines with
 * dots on the validation images.
 *
 * @throws UserError when a run has no rows to draw
 */
export function drawCurves(runs: CurveRun[], axis: CurveAxis = 'epoch'): string {
  for (const { name, rows } of runs)
    if (!rows.some((row) => row.kind === 'training'))
      throw new UserError(`${name} has no metrics to draw yet; train it first`)
  const height = PANEL.height + LEGEND_ROW * runs.length + 34
  const loss = runs.flatMap((run, i) => linesOf(run, COLORS[i % COLORS.length], axis, 'loss'))
  const accuracy = runs.flatMap((run, i) => linesOf(run, COLORS[i % COLORS.length], axis, 'accuracy'))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${2 * PANEL.width}" height="${height}" viewBox="0 0 ${2 * PANEL.width} ${height}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12" fill="#333">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    panel(0, 'Loss', axis, loss),
    panel(PANEL.width, 'Accuracy, %', axis, accuracy),
    legend(runs),
    '</svg>\n',
  ].join('\n')
}

function linesOf({ rows }: CurveRun, color: string, axis: CurveAxis, figure: 'loss' | 'accuracy'): Line[] {
  const points = (kind: 'training' | 'evaluation'): Point[] =>
    rows.flatMap((row) => {
      if (row.kind === 'change' || row.kind !== kind) return []
      const share = row.kind === 'training' ? row.accuracy : row.top1
      const y = figure === 'loss' ? row.loss : 100 * share
      return Number.isFinite(y) ? [{ x: axis === 'epoch' ? row.epoch : row.seconds / 60, y }] : []
    })
  const lines: Line[] = [
    { points: points('training'), color, strong: false },
    { points: points('evaluation'), color, strong: true },
  ]
  return lines.filter((line) => line.points.length > 0)
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
  const xTicks = ticks(0, Math.max(...points.map(({ x }) => x)))
  const yTicks = ticks(0, Math.max(...points.map(({ y }) => y)))
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

function drawLine(
  { points, color, strong }: Line,
  x: (value: number) => string,
  y: (value: number) => string,
): string {
  const path = points.map((point, i) => `${i === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('')
  const stroke = `<path d="${path}" fill="none" stroke="${color}" stroke-linejoin="round" ${strong ? 'stroke-width="2"' : 'stroke-width="1.2" stroke-opacity="0.45"'}/>`
  const dots = strong
    ? points.map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="2.6" fill="${color}"/>`)
    : []
  return [stroke, ...dots].join('')
}

function legend(runs: CurveRun[]): string {
  const left = PANEL.left
  const top = PANEL.height + 18
  const rows = runs.map(({ name }, i) => {
    const color = COLORS[i % COLORS.length]
    const y = top + i * LEGEND_ROW
    return `<path d="M${left} ${y}h28" stroke="${color}" stroke-width="3"/><text x="${left + 38}" y="${y + 4}">${escapeText(name)}</text>`
  })
  const hint = `<text x="${left}" y="${top + runs.length * LEGEND_ROW + 2}" fill="#777">thin: training images, augmented; strong: validation images</text>`
  return [...rows, hint].join('\n')
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
