import { type CategoryResult, TRUE_POSITIVE, UNMATCHED } from './category-result.js'
import { findMatched, Limits, type Matched } from './find-matched.js'
import { EPSILON } from './numeric.js'
import type { EvalParams } from './params.js'

/** Precision, recall and scores for every setting; −1 where there are no objects that count. */
export interface Accumulated {
  params: EvalParams
  /** [T, R, K, A, M]: thresholds, recalls, categories, areas, maxDets. */
  counts: [T: number, R: number, K: number, A: number, M: number]
  date: string
  /** At `(((t * R + r) * K + k) * A + a) * M + m`. */
  precision: Float64Array
  /** At `((t * K + k) * A + a) * M + m`. */
  recall: Float64Array
  /** The score at which each precision is reached; laid out as `precision`. */
  scores: Float64Array
}

/**
 * Precision and recall curves from what became of each detection. `results[k]` belongs to category k of `params`,
 * `areas[a]` is the place, in the results, of the area a of `params`; images marked 0 are left out.
 */
export function accumulateResults(
  results: readonly (CategoryResult | undefined)[],
  params: EvalParams,
  areas: readonly number[],
  included: Uint8Array,
): Accumulated {
  const [T, R, K] = [params.iouThrs.length, params.recThrs.length, results.length]
  const [A, M] = [params.areaRng.length, params.maxDets.length]
  const out: Accumulated = {
    params,
    counts: [T, R, K, A, M],
    date: new Date().toISOString().slice(0, 19).replace('T', ' '),
    precision: new Float64Array(T * R * K * A * M).fill(-1),
    recall: new Float64Array(T * K * A * M).fill(-1),
    scores: new Float64Array(T * R * K * A * M).fill(-1),
  }
  // One category's curves lie together before they are spread: one value at a time, each would miss the cache.
  const curves: Curves = {
    precision: new Float64Array(T * R * A * M),
    scores: new Float64Array(T * R * A * M),
  }
  const limits = new Limits(params.maxDets)
  for (let k = 0; k < K; k++) {
    const result = results[k]
    if (!result) continue
    accumulateCategory(result, areas, included, limits, { out, curves, k })
    spread(curves.precision, out.precision, k * A * M, K * A * M, A * M)
    spread(curves.scores, out.scores, k * A * M, K * A * M, A * M)
  }
  return out
}

/** Copies pieces of `length` values, which follow each other, to `from`, `from + step` and so on. */
function spread(
  source: Float64Array,
  target: Float64Array,
  from: number,
  step: number,
  length: number,
): void {
  let at = from
  for (let i = 0; i < source.length; at += step) for (let n = 0; n < length; n++) target[at + n] = source[i++]
}

function accumulateCategory(
  result: CategoryResult,
  areas: readonly number[],
  included: Uint8Array,
  limits: Limits,
  { out, curves, k }: Omit<Target, 'a' | 'm'>,
): void {
  curves.precision.fill(-1)
  curves.scores.fill(-1)
  const matched = findMatched(result, areas, limits, included)
  const scratch = { precision: new Float64Array(result.matched), found: new Int32Array(result.matched) }
  for (let a = 0; a < areas.length; a++) {
    const objects = countObjects(result, areas[a], included)
    if (objects === 0) continue
    for (let p = 0; p < limits.count; p++) {
      const target = { out, curves, k, a, m: limits.order[p] }
      // A limit that adds no detection changes nothing.
      if (p > 0 && matched.added[p] === 0) copyOne(target, limits.order[p - 1])
      else accumulateOne(result, matched, p, objects, areas[a], target, scratch)
    }
  }
}

/** One category's precision and scores, at `((t * R + r) * A + a) * M + m`. */
interface Curves {
  precision: Float64Array
  scores: Float64Array
}

/** Where a curve is written. */
interface Target {
  out: Accumulated
  curves: Curves
  k: number
  a: number
  m: number
}

function countObjects(result: CategoryResult, area: number, included: Uint8Array): number {
  const images = result.objectImages.length
  let sum = 0
  for (let s = 0; s < images; s++) {
    if (included[result.objectImages[s]] === 1) sum += result.objectCounts[area * images + s]
  }
  return sum
}

/** The curves of one category, area and limit, at every threshold. */
function accumulateOne(
  result: CategoryResult,
  { count, place, column, within, wrongBefore, first }: Matched,
  limit: number,
  objects: number,
  area: number,
  target: Target,
  { precision, found }: Pick<Curve, 'precision'> & { found: Int32Array },
): void {
  const { out, k, a, m } = target
  const [T, , K, A, M] = out.counts
  const { matches, matched, exempt, detections } = result
  for (let t = 0; t < T; t++) {
    const row = (area * T + t) * matched
    let n = 0
    let wrong = 0
    // Recall only grows, and precision only peaks, at true detections: the curve is needed nowhere else.
    for (let i = 0; i < count; i++) {
      if (within[i] > limit) continue
      const what = matches[row + column[i]]
      if (what === TRUE_POSITIVE) {
        precision[n] = (n + 1) / (wrong + wrongBefore[(i * A + a) * M + limit] + (n + 1) + EPSILON)
        found[n++] = place[i]
      } else if (what === UNMATCHED) {
        wrong += 1 - exempt[area * detections + place[i]]
      }
    }
    makeFalling(precision, n)
    out.recall[((t * K + k) * A + a) * M + m] = n / objects
    readOff(result, first[limit], { found: n, objects, precision, place: found }, t, target)
  }
}

/** Each of the first n values becomes the largest from there on. */
function makeFalling(values: Float64Array, n: number): void {
  for (let i = n - 1; i > 0; i--) if (values[i] > values[i - 1]) values[i - 1] = values[i]
}

/** Gives a limit the curves of another. */
function copyOne({ out, curves, k, a, m }: Target, from: number): void {
  const [T, R, K, A, M] = out.counts
  for (let t = 0; t < T; t++) {
    const at = ((t * K + k) * A + a) * M
    out.recall[at + m] = out.recall[at + from]
  }
  for (let row = 0; row < T * R; row++) {
    const at = (row * A + a) * M
    curves.precision[at + m] = curves.precision[at + from]
    curves.scores[at + m] = curves.scores[at + from]
  }
}

interface Curve {
  found: number
  objects: number
  precision: Float64Array
  place: Int32Array
}

/** Reads precision and score off a curve at every recall threshold; 0 beyond the recall that is reached. */
function readOff(result: CategoryResult, first: number, curve: Curve, t: number, target: Target): void {
  const { out, curves, a, m } = target
  const [, R, , A, M] = out.counts
  const { recThrs } = out.params
  const { found, objects, precision, place } = curve
  let i = 0
  let reached = first >= 0
  for (let r = 0; r < R; r++) {
    const at = ((t * R + r) * A + a) * M + m
    const recall = recThrs[r]
    if (r > 0 && recall < recThrs[r - 1]) i = 0
    while (i < found && (i + 1) / objects < recall) i++
    // Once a recall is not reached, pycocotools reads no further.
    reached &&= recall <= 0 || i < found
    if (!reached) {
      curves.precision[at] = 0
      curves.scores[at] = 0
    } else if (recall <= 0) {
      curves.precision[at] = found > 0 ? precision[0] : 0
      curves.scores[at] = result.scores[first]
    } else {
      curves.precision[at] = precision[i]
      curves.scores[at] = result.scores[place[i]]
    }
  }
}
