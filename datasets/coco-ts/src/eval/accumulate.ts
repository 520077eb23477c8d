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

/** Which of a category's results to accumulate, and where to. */
interface Target {
  out: Accumulated
  k: number
  a: number
  m: number
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
  results.forEach((result, k) => {
    if (!result) return
    for (let m = 0; m < M; m++) {
      const chosen = chooseDetections(result, params.maxDets[m], included)
      areas.forEach((area, a) => {
        accumulateOne(result, area, chosen, { out, k, a, m }, included)
      })
    }
  })
  return out
}

/** Places of the detections that are among the best `maxDet` of their image. */
function chooseDetections(result: CategoryResult, maxDet: number, included: Uint8Array): Int32Array {
  const chosen = new Int32Array(result.detections)
  let n = 0
  for (let d = 0; d < result.detections; d++) {
    if (result.rank[d] < maxDet && included[result.image[d]] === 1) chosen[n++] = d
  }
  return chosen.subarray(0, n)
}

function countObjects(result: CategoryResult, area: number, included: Uint8Array): number {
  const images = result.objectImages.length
  let sum = 0
  for (let s = 0; s < images; s++) {
    if (included[result.objectImages[s]] === 1) sum += result.objectCounts[area * images + s]
  }
  return sum
}

/** Where matched detections are among those chosen, and the false positives before them that never match anything. */
interface Matched {
  count: number
  /** Places of the detections. */
  place: Int32Array
  wrongBefore: Int32Array
}

/** `exempt` and the matches say what each detection is; those without a row are the same at every threshold. */
function findMatched({ row, exempt, detections }: CategoryResult, area: number, chosen: Int32Array): Matched {
  const place = new Int32Array(chosen.length)
  const wrongBefore = new Int32Array(chosen.length)
  const base = area * detections
  let count = 0
  let wrong = 0
  for (let i = 0; i < chosen.length; i++) {
    const d = chosen[i]
    if (row[d] >= 0) {
      place[count] = d
      wrongBefore[count++] = wrong
    } else if (exempt[base + d] === 0) {
      wrong++
    }
  }
  return { count, place, wrongBefore }
}

/** The curves of one category, area and limit, at every threshold. */
function accumulateOne(
  result: CategoryResult,
  area: number,
  chosen: Int32Array,
  target: Target,
  included: Uint8Array,
): void {
  const objects = countObjects(result, area, included)
  if (objects === 0) return
  const { out, k, a, m } = target
  const [T, , K, A, M] = out.counts
  const { matches, row, exempt, detections } = result
  const areas = detections > 0 ? exempt.length / detections : 0
  const matched = findMatched(result, area, chosen)
  const precision = new Float64Array(matched.count)
  const place = new Int32Array(matched.count)
  for (let t = 0; t < T; t++) {
    let found = 0
    let wrong = 0
    // Recall only grows, and precision only peaks, at true detections: the curve is needed nowhere else.
    for (let i = 0; i < matched.count; i++) {
      const d = matched.place[i]
      const what = matches[(row[d] * areas + area) * T + t]
      if (what === TRUE_POSITIVE) {
        precision[found] = (found + 1) / (wrong + matched.wrongBefore[i] + (found + 1) + EPSILON)
        place[found++] = d
      } else if (what === UNMATCHED && exempt[area * detections + d] === 0) {
        wrong++
      }
    }
    for (let i = found - 1; i > 0; i--) if (precision[i] > precision[i - 1]) precision[i - 1] = precision[i]
    out.recall[((t * K + k) * A + a) * M + m] = found / objects
    readOff(result, chosen, { found, objects, precision, place }, t, target)
  }
}

interface Curve {
  found: number
  objects: number
  precision: Float64Array
  place: Int32Array
}

/** Reads precision and score off a curve at every recall threshold; 0 beyond the recall that is reached. */
function readOff(result: CategoryResult, chosen: Int32Array, curve: Curve, t: number, target: Target): void {
  const { out, k, a, m } = target
  const [, R, K, A, M] = out.counts
  const { recThrs } = out.params
  const { found, objects, precision, place } = curve
  let i = 0
  let reached = chosen.length > 0
  for (let r = 0; r < R; r++) {
    const at = (((t * R + r) * K + k) * A + a) * M + m
    const recall = recThrs[r]
    if (r > 0 && recall < recThrs[r - 1]) i = 0
    while (i < found && (i + 1) / objects < recall) i++
    // Once a recall is not reached, pycocotools reads no further.
    reached &&= recall <= 0 || i < found
    if (!reached) {
      out.precision[at] = 0
      out.scores[at] = 0
    } else if (recall <= 0) {
      out.precision[at] = found > 0 ? precision[0] : 0
      out.scores[at] = result.scores[chosen[0]]
    } else {
      out.precision[at] = precision[i]
      out.scores[at] = result.scores[place[i]]
    }
  }
}
