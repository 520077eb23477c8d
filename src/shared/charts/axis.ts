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

/** About so many ticks, if there is room. */
const MOST_TICKS = 6
/** Relative to their size, values that are closer are drawn as one: their ticks could not be told apart. */
const SAME = 1e-9

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

/** The scale of an axis. Values beyond its ends lie on them. */
export function scaleOf({ domain, nice, whole }: Axis): ScaleLinear<number, number> {
  const scale = scaleLinear().domain(roomFor(domain, whole)).clamp(true)
  return nice ? scale.nice(MOST_TICKS) : scale
}

function roomFor([low, high]: Axis['domain'], whole = false): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (high - low > SAME * size) return [low, high]
  if (size === 0) return [0, 1]
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
  scale: ScaleLinear<number, number>,
  fits: (widths: readonly number[]) => boolean,
): Tick[] {
  const [low, high] = scale.domain()
  for (let count = MOST_TICKS; ; count--) {
    const values = axis.ticks?.filter((tick) => tick >= low && tick <= high) ?? scale.ticks(count)
    const format = axis.format ?? formatOf(scale, count)
    const ticks = values
      .filter((value) => !axis.whole || Number.isInteger(value))
      .map((value) => ({ value, label: format(value) }))
    if (count === 1 || axis.ticks !== undefined || fits(ticks.map(({ label }) => textWidth(label))))
      return ticks
  }
}

/** As many decimals as the ticks need; very large and very small numbers with a letter or a power of ten. */
function formatOf(scale: ScaleLinear<number, number>, count: number): (tick: number) => string {
  const size = Math.max(...scale.domain().map(Math.abs))
  const specifier = size >= 1e15 || size < 1e-3 ? 'e' : size >= 1e6 ? '~s' : undefined
  const format = scale.tickFormat(count, specifier)
  return (tick) => (tick === 0 ? '0' : format(tick))
}
