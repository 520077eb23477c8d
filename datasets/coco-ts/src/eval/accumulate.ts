import { type CategoryResult, TRUE_POSITIVE, UNMATCHED } from './category-result.js'
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
  results.forEach((result, k) => {
    if (!result) return
    curves.precision.fill(-1)
    curves.scores.fill(-1)
    const objects = areas.map((area) => countObjects(result, area, included))
    for (let m = 0; m < M; m++) {
      const matched = findMatched(result, areas, params.maxDets[m], included)
      for (let a = 0; a < A; a++)
        if (objects[a] > 0) accumulateOne(result, matched, objects[a], areas[a], { out, curves, k, a, m })
    }
    for (let row = 0; row < T * R; row++) {
      const from = row * A * M
      const at = (row * K + k) * A * M
      for (let n = 0; n < A * M; n++) {
        out.precision[at + n] = curves.precision[from + n]
        out.scores[at + n] = curves.scores[from + n]
      }
    }
  })
  return out
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

/** Detections that match something, among those that count: the best `maxDets` of each image that is included. */
interface Matched {
  count: number
  /** Their places in the result, and their columns in its matches. */
  place: Int32Array
  column: Int32Array
  /** False positives before each that never match anything, for area a and the ith of them at `a * matched + i`. */
  wrongBefore: Int32Array
  /** The first detection that counts, matched or not; −1 without. */
  first: number
}

/** Detections without a column in `matches` are the same at every threshold, so that counting them once is enough. */
function findMatched(
  result: CategoryResult,
  areas: readonly number[],
  maxDet: number,
  included: Uint8Array,
): Matched {
  const { column, exempt, rank, image, detections, matched } = result
  const place = new Int32Array(matched)
  const columns = new Int32Array(matched)
  const A = areas.length
  const wrongBefore = new Int32Array(A * matched)
  const wrong = new Int32Array(A)
  const base = Int32Array.from(areas, (area) => area * detections)
  let count = 0
  let first = -1
  for (let d = 0; d < detections; d++) {
    if (rank[d] >= maxDet || included[image[d]] === 0) continue
    if (first < 0) first = d
    if (column[d] < 0) {
      for (let a = 0; a < A; a++) wrong[a] += 1 - exempt[base[a] + d]
      continue
    }
    for (let a = 0; a < A; a++) wrongBefore[a * matched + count] = wrong[a]
    place[count] = d
    columns[count++] = column[d]
  }
  return { count, place, column: columns, wrongBefore, first }
}

/** The curves of one category, area and limit, at every threshold. */
function accumulateOne(
  result: CategoryResult,
  { count, place, column, wrongBefore, first }: Matched,
  objects: number,
  area: number,
  target: Target,
): void {
  const { out, k, a, m } = target
  const [T, , K, A, M] = out.counts
  const { matches, matched, exempt, detections } = result
  const precision = new Float64Array(count)
  const found = new Int32Array(count)
  for (let t = 0; t < T; t++) {
    const row = (area * T + t) * matched
    let n = 0
    let wrong = 0
    // Recall only grows, and precision only peaks, at true detections: the curve is needed nowhere else.
    for (let i = 0; i < count; i++) {
      const what = matches[row + column[i]]
      if (what === TRUE_POSITIVE) {
        precision[n] = (n + 1) / (wrong + wrongBefore[a * matched + i] + (n + 1) + EPSILON)
        found[n++] = place[i]
      } else if (what === UNMATCHED) {
        wrong += 1 - exempt[area * detections + place[i]]
      }
    }
    for (let i = n - 1; i > 0; i--) if (precision[i] > precision[i - 1]) precision[i - 1] = precision[i]
    out.recall[((t * K + k) * A + a) * M + m] = n / objects
    readOff(result, first, { found: n, objects, precision, place: found }, t, target)
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
