/** Axes: from values to pixels, with round ticks and their labels. */
import { type ScaleLinear, scaleLinear } from 'd3-scale'
import { textWidth } from './text.js'

export interface Axis {
  /** The lowest and the highest value to show. Where they are one value, or none, the axis makes room itself. */
  domain: readonly [low: number, high: number]
  /** Whether the axis is widened to end at round numbers. */
  nice?: boolean
  /** What it counts. */
  label?: string
  /** For what is counted in wholes: no tick stands between two of them. */
  whole?: boolean
  /** Instead of round ones. */
  ticks?: readonly number[]
  format?: (tick: number) => string
}

export interface Tick {
  value: number
  label: string
}

/** About so many ticks, if there is room; the first is preferred. */
const COUNTS = [5, 6, 4]
/** More would be noise. */
export const MOST_TICKS = 8
/** Relative to their size, values that are closer are drawn as one: their ticks could not be told apart. */
const SAME = 1e-9
/** Smaller values are 0: nearer to the least number there is, ticks cannot be told apart. */
const LEAST = 1e-290

/** The least and the greatest of finite values, however many there are; with `zero`, of them and of 0. */
export function extentOf(values: Iterable<number | null>, zero = false): [low: number, high: number] {
  let [low, high] = zero ? [0, 0] : [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}

export interface AxisScale {
  /** From values to pixels. Values beyond the ends of the axis lie on them. */
  scale: ScaleLinear<number, number>
  /** How many ticks the axis is made for, about. */
  count: number
}

export function scaleOf({ domain, nice, whole }: Axis): AxisScale {
  const exact = scaleLinear().domain(roomFor(domain, whole)).clamp(true)
  if (!nice) return { scale: exact, count: COUNTS[0] }
  const lengthOf = ({ scale }: AxisScale) => scale.domain()[1] - scale.domain()[0]
  const candidates = COUNTS.map((count) => ({ scale: exact.copy().nice(count), count }))
  const few = candidates.filter(({ scale, count }) => scale.ticks(count).length <= MOST_TICKS)
  // Round ends of one step leave more of the plot empty than those of another.
  return (few.length > 0 ? few : candidates).reduce((best, other) =>
    lengthOf(other) < lengthOf(best) ? other : best,
  )
}

function roomFor([low, high]: Axis['domain'], whole = false): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (size < LEAST) return [0, 1]
  if (high - low > SAME * size) return [low, high]
  const room = whole ? 1 : size / 10
  return [low - room, high + room]
}

/**
 * Ticks of an axis, as many as there is room for.
 *
 * @param fits Whether labels of these widths, in pixels, fit.
 */
export function ticksOf(
  axis: Axis,
  { scale, count: most }: AxisScale,
  fits: (widths: readonly number[]) => boolean,
): Tick[] {
  const [low, high] = scale.domain()
  for (let count = most; ; count--) {
    const values = axis.ticks?.filter((tick) => tick >= low && tick <= high) ?? scale.ticks(count)
    const format = axis.format ?? formatOf(axis, scale, count)
    const ticks = labelled(
      values.filter((value) => !axis.whole || Number.isInteger(value)),
      format,
    )
    if (count === 1 || axis.ticks !== undefined || fits(ticks.map(({ label }) => textWidth(label))))
      return ticks
  }
}

/** Where rounding gives two ticks one label, all have the digits that they need. */
function labelled(values: readonly number[], format: (tick: number) => string): Tick[] {
  const labels = values.map(format)
  if (new Set(labels).size === labels.length) return values.map((value, i) => ({ value, label: labels[i] }))
  return values.map((value) => ({ value, label: String(Number(value.toPrecision(12))) }))
}

/** As many decimals as the ticks need; very large and very small numbers with a letter or a power of ten. */
function formatOf(
  { whole }: Axis,
  scale: ScaleLinear<number, number>,
  count: number,
): (tick: number) => string {
  const size = Math.max(...scale.domain().map(Math.abs))
  const small = whole ? ',d' : undefined
  const format = scale.tickFormat(count, size >= 1e15 || size < 1e-3 ? 'e' : size >= 1e6 ? '~s' : small)
  return (tick) => (tick === 0 ? '0' : format(tick))
}
