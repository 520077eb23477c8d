/** What is drawn in a plot: lines, steps, bands, dots and points. */
import { curveLinear, curveLinearClosed, curveStepAfter, line as d3Line } from 'd3-shape'
import { attributes, type Html, html } from '../html.js'
import { fillOf, type Series, strokeOf, tenth } from './picture.js'

/** Where y is not finite there is a gap. */
export interface Point {
  x: number
  y: number
}

/** From values to pixels, and the plot's edges. */
export interface Scales {
  x: (value: number) => number
  y: (value: number) => number
  left: number
  right: number
  top: number
  bottom: number
}

export type Mark = (scales: Scales) => Html

export type LineStyle = 'strong' | 'thin' | 'dashed' | 'pale'

const STROKES: Record<LineStyle, Record<string, string | number>> = {
  strong: { 'stroke-width': 2.2 },
  thin: { 'stroke-width': 1.4 },
  dashed: { 'stroke-width': 1.8, 'stroke-dasharray': '6 4' },
  pale: { 'stroke-width': 1.2, 'stroke-opacity': 0.55 },
}

/** Attributes of a line. The ends are round, so that a point between two gaps is seen. */
export const lineAttributes = (series: Series, style: LineStyle) => ({
  ...strokeOf(series),
  ...STROKES[style],
  fill: 'none',
  'stroke-linejoin': 'round',
  'stroke-linecap': style === 'dashed' ? 'butt' : 'round',
})

export interface LineOptions {
  series: Series
  style?: LineStyle
  /** What a hovering mouse reads. */
  title?: string
  /** Whether the line stays at a value until the next one. */
  steps?: boolean
  /** Whether each point is marked, as long as there are few enough to tell apart. */
  dots?: boolean
}

const DOT = 2.6

/** A line through points from left to right. A point alone is a dot. */
export function line(points: readonly Point[], options: LineOptions): Mark {
  const { series, style = 'thin', title, steps = false, dots = false } = options
  return (scales) => {
    const placed = thinned(points.map((point) => scaled(point, scales)))
    const known = placed.filter(isDefined)
    if (known.length === 0) return html``
    const path = pathThrough(placed, steps ? curveStepAfter : curveLinear)
    const apart = (scales.right - scales.left) / known.length > 2.5 * DOT
    const marked = known.length === 1 || (dots && apart) ? known : []
    const stroke = attributes({ ...lineAttributes(series, style), d: path })
    return html`
<path${stroke}>${title && html`<title>${title}</title>`}</path>${marked.map(
      ({ x, y }) => html`<circle${attributes({ ...fillOf(series), cx: x, cy: y, r: DOT })}/>`,
    )}`
  }
}

/** The area between two lines. */
export function band(low: readonly Point[], high: readonly Point[], series: Series): Mark {
  return (scales) => {
    const [bottom, top] = [low, high].map((points) =>
      thinned(points.map((point) => scaled(point, scales)).filter(isDefined)),
    )
    const path = pathThrough([...top, ...bottom.reverse()], curveLinearClosed)
    return html`
<path${attributes({ ...fillOf(series), 'fill-opacity': 0.13, d: path })}/>`
  }
}

/** Many small dots, the fainter the more there are. */
export function dots(points: readonly Point[], series: Series): Mark {
  return (scales) => {
    const placed = points.map((point) => scaled(point, scales)).filter(isDefined)
    // Where there are few, each can be seen; where there are many, how many lie at a place.
    const opacity = Math.max(0.16, Math.min(0.6, 8 / Math.sqrt(placed.length)))
    // One path for all: twenty thousand circles would slow a page down.
    const path = placed.map(({ x, y }) => `M${tenth(x)} ${tenth(y)}h0`).join('')
    const stroke = { 'stroke-width': 3.4, 'stroke-linecap': 'round', 'stroke-opacity': opacity }
    return html`
<path${attributes({ ...strokeOf(series), ...stroke, d: path })}/>`
  }
}

/** Points, each with what a hovering mouse reads. */
export function points(found: readonly (Point & { title: string })[], series: Series): Mark {
  return (scales) => {
    const circles = found.map((point) => {
      const { x, y } = scaled(point, scales)
      const circle = attributes({ ...fillOf(series), cx: x, cy: y, r: 4, 'fill-opacity': 0.75 })
      return html`
<circle${circle}><title>${point.title}</title></circle>`
    })
    return html`${circles}`
  }
}

const isDefined = ({ x, y }: Point): boolean => Number.isFinite(x) && Number.isFinite(y)
const scaled = ({ x, y }: Point, scales: Scales): Point => ({
  x: scales.x(x),
  // A clamped scale would take infinity for a value.
  y: Number.isFinite(y) ? scales.y(y) : Number.NaN,
})

/** A path with one decimal. */
export function pathThrough(placed: readonly Point[], curve = curveLinear): string {
  const draw = d3Line<Point>(
    ({ x }) => x,
    ({ y }) => y,
  )
  return draw.defined(isDefined).curve(curve).digits(1)([...placed]) ?? ''
}

/**
 * Of the points in one column of pixels, the first, the lowest, the highest and the last: the line looks the same
 * (Jugel et al., "M4", 2014). Points go from left to right.
 */
export function thinned(placed: readonly Point[]): Point[] {
  const kept: Point[] = []
  const columnOf = (point: Point) => (isDefined(point) ? Math.round(point.x) : Number.NaN)
  for (let from = 0; from < placed.length; ) {
    const column = columnOf(placed[from])
    let to = from + 1
    while (to < placed.length && Object.is(columnOf(placed[to]), column)) to++
    const own = placed.slice(from, to)
    const extremes = own.length <= 4 ? own : extremesOf(own)
    kept.push(...extremes)
    from = to
  }
  return kept
}

function extremesOf(own: readonly Point[]): Point[] {
  let [least, greatest] = [0, 0]
  for (const [i, { y }] of own.entries()) {
    if (y < own[least].y) least = i
    if (y > own[greatest].y) greatest = i
  }
  return [...new Set([0, least, greatest, own.length - 1])].sort((a, b) => a - b).map((i) => own[i])
}
