/** Curves over the children of a search, in the order in which they finished. */

/** Where a curve has no value yet, it holds null. */
export type Curve = (number | null)[]

/** The mean of the last `window` values there are; of all, while there are fewer. */
export function runningMean(values: Curve, window: number): Curve {
  const last: number[] = []
  return values.map((value) => {
    if (value !== null) last.push(value)
    if (last.length > window) last.shift()
    return last.length === 0 ? null : mean(last)
  })
}

export function bestSoFar(values: readonly number[]): number[] {
  let best = Number.NEGATIVE_INFINITY
  return values.map((value) => {
    best = Math.max(best, value)
    return best
  })
}

/**
 * The mean of the `count` best different architectures so far, from when there are so many. One that came several
 * times counts with the best that it got.
 */
export function topMean(values: Curve, keys: readonly string[], count: number): Curve {
  const top: { key: string; value: number }[] = []
  return values.map((value, i) => {
    if (value !== null) {
      const known = top.find(({ key }) => key === keys[i])
      if (known === undefined) top.push({ key: keys[i], value })
      else known.value = Math.max(known.value, value)
      top.sort((a, b) => b.value - a.value)
      // What falls out of the best can come back only with a better value.
      top.splice(count)
    }
    return top.length < count ? null : mean(top.map((entry) => entry.value))
  })
}

export interface Band {
  mean: Curve
  low: Curve
  high: Curve
}

/** Mean, minimum and maximum of several curves, as far as the shortest goes. */
export function bandOf(curves: readonly Curve[]): Band {
  const length = Math.min(...curves.map((curve) => curve.length))
  const columns = Array.from({ length }, (_, i) => curves.map((curve) => curve[i]))
  const over = (summary: (values: number[]) => number): Curve =>
    columns.map((column) => (column.includes(null) ? null : summary(column as number[])))
  return {
    mean: over(mean),
    low: over((values) => Math.min(...values)),
    high: over((values) => Math.max(...values)),
  }
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
export const mean = (values: readonly number[]): number => sum(values) / values.length

/**
 * How large a share of all each option has in the first, second, … of `parts` equal parts of a list (fewer if it is
 * shorter).
 *
 * @param drawn the options that each entry of the list took, one or more.
 */
export function sharesOverTime<T extends string>(
  drawn: readonly (readonly T[])[],
  options: readonly T[],
  parts: number,
): Partial<Record<T, number>>[] {
  const count = Math.min(parts, drawn.length)
  return Array.from({ length: count }, (_, part) => {
    const from = Math.floor((part * drawn.length) / count)
    const to = Math.floor(((part + 1) * drawn.length) / count)
    const taken = drawn.slice(from, to).flat()
    const shares = options.map((option) => [
      option,
      taken.filter((other) => other === option).length / taken.length,
    ])
    return Object.fromEntries(shares) as Partial<Record<T, number>>
  })
}
