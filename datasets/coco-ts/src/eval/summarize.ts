import { CocoError } from '../common/problems.js'
import type { Accumulated } from './accumulate.js'
import { pairwiseSum } from './numeric.js'

/** One printed number: an average precision or recall over some of the settings. */
interface Row {
  measure: 'precision' | 'recall'
  iouThr?: number
  area: string
  maxDets: number
}

function rowsFor({ params }: Accumulated): Row[] {
  const { maxDets, iouType } = params
  if (iouType === 'keypoints') {
    const half = (measure: Row['measure']): Row[] => [
      { measure, area: 'all', maxDets: 20 },
      { measure, iouThr: 0.5, area: 'all', maxDets: 20 },
      { measure, iouThr: 0.75, area: 'all', maxDets: 20 },
      { measure, area: 'medium', maxDets: 20 },
      { measure, area: 'large', maxDets: 20 },
    ]
    return [...half('precision'), ...half('recall')]
  }
  if (maxDets.length < 3) {
    throw new CocoError(
      `summarize() prints three limits, but maxDets is [${maxDets.join(', ')}]: give three.`,
    )
  }
  const most = maxDets[2]
  const sizes = (measure: Row['measure']): Row[] =>
    ['small', 'medium', 'large'].map((area) => ({ measure, area, maxDets: most }))
  return [
    // pycocotools' first row is fixed at 100, whatever maxDets says.
    { measure: 'precision', area: 'all', maxDets: 100 },
    { measure: 'precision', iouThr: 0.5, area: 'all', maxDets: most },
    { measure: 'precision', iouThr: 0.75, area: 'all', maxDets: most },
    ...sizes('precision'),
    ...maxDets.slice(0, 3).map((limit): Row => ({ measure: 'recall', area: 'all', maxDets: limit })),
    ...sizes('recall'),
  ]
}

/** The 12 (keypoints: 10) numbers of COCO's table; with `k`, of one category alone. −1 where nothing is defined. */
export function summaryStats(result: Accumulated, k?: number): number[] {
  return rowsFor(result).map((row) => meanOver(result, row, k))
}

/** COCO's table, line for line. */
export function summaryLines(result: Accumulated, stats: readonly number[]): string[] {
  const { iouThrs } = result.params
  return rowsFor(result).map((row, i) => {
    const title = row.measure === 'precision' ? 'Average Precision' : 'Average Recall'
    const kind = row.measure === 'precision' ? '(AP)' : '(AR)'
    const iou =
      row.iouThr === undefined
        ? `${fixed(iouThrs[0], 2)}:${fixed(iouThrs[iouThrs.length - 1], 2)}`
        : fixed(row.iouThr, 2)
    const settings = `IoU=${iou.padEnd(9)} | area=${row.area.padStart(6)} | maxDets=${String(row.maxDets).padStart(3)}`
    return ` ${title.padEnd(18)} ${kind} @[ ${settings} ] = ${fixed(stats[i], 3)}`
  })
}

/** Mean of the defined values among those of a row, added up in NumPy's order. */
function meanOver(result: Accumulated, row: Row, only?: number): number {
  const { params, counts } = result
  const [T, R, K, A, M] = counts
  const recalls = row.measure === 'precision' ? R : 1
  const source = result[row.measure]
  const areas = places(params.areaRngLbl, row.area)
  const limits = places(params.maxDets, row.maxDets)
  const offsets = areas.flatMap((a) => limits.map((m) => a * M + m))
  const values = new Float64Array(T * recalls * K * offsets.length)
  // The values of a threshold: for each recall, one of each category, or of one alone.
  const [first, step, cells] = only === undefined ? [0, 1, recalls * K] : [only, K, recalls]
  let count = 0
  for (let t = 0; t < T; t++) {
    if (row.iouThr !== undefined && params.iouThrs[t] !== row.iouThr) continue
    const from = (t * recalls * K + first) * A * M
    count = gatherDefined(source, from, step * A * M, cells, offsets, values, count)
  }
  return count === 0 ? -1 : pairwiseSum(values, 0, count) / count
}

/**
 * Appends to the first `count` values those of the source that are defined, at all offsets from `cells` places, `step` apart.
 * Returns how many there are then.
 */
function gatherDefined(
  source: Float64Array,
  from: number,
  step: number,
  cells: number,
  offsets: readonly number[],
  values: Float64Array,
  count: number,
): number {
  let n = count
  for (let i = 0, at = from; i < cells; i++, at += step) {
    for (let o = 0; o < offsets.length; o++) {
      const value = source[at + offsets[o]]
      if (value > -1) values[n++] = value
    }
  }
  return n
}

function places<T>(list: readonly T[], wanted: T): number[] {
  return list.flatMap((value, i) => (value === wanted ? [i] : []))
}

/** As Python's fixed-point format: the few values that lie exactly in the middle go to the even digit, not up. */
export function fixed(value: number, digits: number): string {
  const scaled = value * 10 ** digits
  const whole = Math.floor(scaled)
  const isMiddle = scaled - whole === 0.5 && Number.isInteger(value * 16)
  return isMiddle && whole % 2 === 0 ? (whole / 10 ** digits).toFixed(digits) : value.toFixed(digits)
}
