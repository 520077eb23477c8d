/** Charts with two axes, one or several side by side, as SVG that stands alone. */
import { attributes, type Html, html } from '../html.js'
import { type Axis, MOST_TICKS, scaleOf, type Tick, ticksOf } from './axis.js'
import { drawLegend, type LegendEntry } from './legend.js'
import type { Mark, Scales } from './marks.js'
import { svgPicture, tenth } from './picture.js'
import { FONT_SIZE, svgText, textWidth, wrap } from './text.js'

export interface Plot {
  /** What y is. */
  title: string
  x: Axis
  y: Axis
  /** The later lie on top. */
  marks: readonly Mark[]
  /** Room for labels beside the plot, in pixels. */
  right?: number
}

export interface ChartOptions {
  legend?: readonly LegendEntry[]
  /** A sentence below the legend. */
  note?: string
  /** What a screen reader says; by default the plots' titles. */
  title?: string
}

/** Of one plot, with its axes. Small enough that text can be read on a phone. */
const SIZE = { width: 480, height: 300 }
/** Around the plot, apart from what the labels of the y axis take and from the lines of the title. */
const MARGIN = { left: 14, right: 18, top: 26, bottom: 52 }
const TITLE = { size: 15, line: 19, bold: true }
const TICK = { length: 4, gap: 8 }
const LEGEND_GAP = 14
const NOTE_HEIGHT = 22

/** Draws plots side by side, above one legend. */
export function drawChart(plots: readonly Plot[], { legend = [], note, title }: ChartOptions = {}): string {
  const width = SIZE.width * plots.length
  const titles = plots.map((plot) => wrap(plot.title, SIZE.width - 2 * MARGIN.left, TITLE.size, TITLE.bold))
  const lines = Math.max(...titles.map(({ length }) => length))
  const top = MARGIN.top + lines * TITLE.line
  const height = SIZE.height + (lines - 1) * TITLE.line
  const drawn = plots.map((plot, i) => drawPlot(plot, titles[i], i * SIZE.width, top, height))
  const below = drawLegend(legend, {
    left: MARGIN.left,
    right: width - MARGIN.left,
    top: height + LEGEND_GAP,
  })
  const end = height + (legend.length > 0 ? LEGEND_GAP + below.height : 0)
  const lineOfNote = note && [
    html`
`,
    svgText(MARGIN.left, end + 6, note),
  ]
  return svgPicture(
    {
      title: title ?? plots.map((plot) => plot.title).join(', '),
      width,
      height: Math.ceil(end + (note ? NOTE_HEIGHT : 0)),
    },
    [drawn, below.rows, lineOfNote],
  )
}

function drawPlot(plot: Plot, title: readonly string[], offset: number, top: number, height: number): Html {
  const bottom = height - MARGIN.bottom
  const yAxis = scaleOf(plot.y)
  const yTicks = ticksOf(plot.y, yAxis, (widths) => widths.length <= MOST_TICKS)
  const left = offset + MARGIN.left + TICK.gap + Math.ceil(Math.max(0, ...yTicks.map(widthOf)))
  const right = offset + SIZE.width - (plot.right ?? MARGIN.right)
  const xAxis = scaleOf(plot.x)
  const xTicks = ticksOf(plot.x, xAxis, (widths) => sum(widths) + 14 * widths.length < right - left)
  const [x, y] = [xAxis.scale.range([left, right]), yAxis.scale.range([bottom, top])]
  const scales: Scales = { x, y, left, right, top, bottom }
  return html`
${title.map((line, i) => svgText(offset + MARGIN.left, 24 + i * TITLE.line, line, { kind: 'ink', ...TITLE }))}${horizontals(yTicks, scales)}
<path${attributes({ class: 'axis', d: `M${left} ${bottom}H${right}`, stroke: '#999' })}/>${belowAxis(xTicks, scales)}${plot.marks.map((mark) => mark(scales))}
${plot.x.label && svgText((left + right) / 2, bottom + 40, plot.x.label, { anchor: 'middle' })}`
}

/** Labels of the y axis, and a line at each. */
function horizontals(ticks: readonly Tick[], { y, left, right }: Scales): Html[] {
  return ticks.map(({ value, label }) => {
    const at = tenth(y(value))
    const path = attributes({ class: 'grid', d: `M${left} ${at}H${right}`, stroke: '#e3e3e3' })
    return html`
<path${path}/>${svgText(left - TICK.gap, at + 0.35 * FONT_SIZE, label, { anchor: 'end' })}`
  })
}

function belowAxis(ticks: readonly Tick[], { x, right, bottom }: Scales): Html[] {
  return ticks.map((tick) => {
    const at = tenth(x(tick.value))
    const path = attributes({ class: 'axis', d: `M${at} ${bottom}v${TICK.length}`, stroke: '#999' })
    // The last label must not be cut off by the edge of the picture.
    const middle = Math.min(at, right + MARGIN.right - 3 - widthOf(tick) / 2)
    return html`
<path${path}/>${svgText(middle, bottom + 19, tick.label, { anchor: 'middle' })}`
  })
}

const widthOf = ({ label }: Tick): number => textWidth(label)
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
