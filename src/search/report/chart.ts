/**
 * Charts with two axes, in SVG that stands alone. Colours are attributes, for light paper; classes beside them let a
 * page choose others for dark.
 */
import { escapeText, SERIES_COLOURS, ticks } from '../../train/run/curve.js'

/** Small enough that its text can be read on a phone. */
const SIZE = { width: 480, height: 300, left: 52, right: 20, top: 40, bottom: 46 }
const LEGEND_ROW = 20

export interface Axis {
  low: number
  high: number
  /** Round numbers, some of which may lie outside. */
  ticks: number[]
  show: (tick: number) => string
}

/** From values to points. */
export interface Scales {
  x: (value: number) => number
  y: (value: number) => number
}

export interface LegendEntry {
  text: string
  /** What stands before the text, in a box 24 wide around y = 0. */
  mark: string
}

export interface Chart {
  title: string
  x: Axis
  /** What x counts. What y is, the title says. */
  along: string
  y: Axis
  /** Room beside the plot, for labels. */
  right?: number
  marks: (scales: Scales) => string[]
  legend: LegendEntry[]
}

export function drawChart({
  title,
  x: xAxis,
  along,
  y: yAxis,
  right = SIZE.right,
  marks,
  legend,
}: Chart): string {
  const { width, left, top } = SIZE
  const [plotRight, plotBottom] = [width - right, SIZE.height - SIZE.bottom]
  const scale =
    ({ low, high }: Axis, from: number, to: number) =>
    (value: number) =>
      from + ((value - low) / (high - low)) * (to - from)
  const scales = { x: scale(xAxis, left, plotRight), y: scale(yAxis, plotBottom, top) }
  const within = (axis: Axis) => axis.ticks.filter((tick) => tick >= axis.low && tick <= axis.high)
  const { rows, height: below } = legendRows(legend, SIZE.height + 10)
  const height = SIZE.height + below
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, Helvetica, Arial, sans-serif" font-size="12">`,
    `<title>${escapeText(title)}</title>`,
    `<rect class="paper" width="100%" height="100%" fill="#fff"/>`,
    text(left, 20, title, 'start', 'ink', 'font-size="14" font-weight="600"'),
    ...within(yAxis).map((tick) => {
      const y = place(scales.y(tick))
      return `<path class="grid" d="M${left} ${y}H${plotRight}" stroke="#e3e3e3"/>${text(left - 7, scales.y(tick) + 4, yAxis.show(tick), 'end')}`
    }),
    ...within(xAxis).map((tick) => {
      const x = place(scales.x(tick))
      return `<path class="axis" d="M${x} ${plotBottom}v4" stroke="#999"/>${text(scales.x(tick), plotBottom + 17, xAxis.show(tick), 'middle')}`
    }),
    `<path class="axis" d="M${left} ${plotBottom}H${plotRight}" stroke="#999"/>`,
    text((left + plotRight) / 2, plotBottom + 35, along, 'middle'),
    ...marks(scales),
    ...rows,
    '</svg>\n',
  ].join('\n')
}

/** An axis over values, with round numbers. It begins at `low` and ends at `high` themselves, unless it is to widen. */
export function axisOf(low: number, high: number, widen: boolean): Axis {
  const round = ticks(low, high)
  const digits = Math.max(0, -Math.floor(Math.log10(round[1] - round[0]) + 1e-9))
  const show = (tick: number) => tick.toLocaleString('en-US', { minimumFractionDigits: digits })
  if (widen || high <= low) return { low: round[0], high: round.at(-1)!, ticks: round, show }
  return { low, high, ticks: round, show }
}

export const place = (value: number): string => String(Math.round(value * 10) / 10)

export function text(
  x: number,
  y: number,
  content: string,
  anchor: 'start' | 'middle' | 'end',
  kind: 'ink' | 'soft' = 'soft',
  more = '',
): string {
  const fill = kind === 'ink' ? '#222' : '#555'
  return `<text class="${kind}" x="${place(x)}" y="${place(y)}" text-anchor="${anchor}" fill="${fill}" ${more}>${escapeText(content)}</text>`
}

/** Attributes of a line or an area of a series. */
export const strokeOf = (series: number): string =>
  `class="stroke-${series % SERIES_COLOURS.length}" stroke="${SERIES_COLOURS[series % SERIES_COLOURS.length]}"`
export const fillOf = (series: number): string =>
  `class="fill-${series % SERIES_COLOURS.length}" fill="${SERIES_COLOURS[series % SERIES_COLOURS.length]}"`

/** A wider line would not show more. */
const MOST_POINTS = 800

/** Thins a long line; its last point stays. */
export function thinned<T>(points: readonly T[]): T[] {
  const step = Math.ceil(points.length / MOST_POINTS)
  return points.filter((_, i) => i % step === 0 || i === points.length - 1)
}

export function lineThrough(points: readonly (readonly [x: number, y: number])[]): string {
  return `M${points.map(([x, y]) => `${place(x)} ${place(y)}`).join('L')}`
}

/** Entries beside each other, in as many rows as they need. Widths of text are guesses, on the large side. */
function legendRows(entries: LegendEntry[], top: number): { rows: string[]; height: number } {
  let [x, y] = [SIZE.left, top]
  const rows = entries.map(({ text: content, mark }) => {
    const width = 30 + 6.6 * content.length + 16
    if (x > SIZE.left && x + width > SIZE.width) [x, y] = [SIZE.left, y + LEGEND_ROW]
    const entry = `<g transform="translate(${place(x)} ${y})">${mark}${text(30, 4, content, 'start', 'ink')}</g>`
    x += width
    return entry
  })
  return { rows, height: entries.length === 0 ? 0 : y - top + 24 }
}
