/** Runs up to this length are sorted by insertion. */
const SHORT = 16

/**
 * Order of the scores from the highest down; equal scores keep their order. (Each loop has a function of its own: V8 then
 * compiles it once, where one function of several long loops is compiled, and thrown away, for each.)
 */
export function orderByScore(scores: Float64Array): Int32Array {
  const n = scores.length
  const [lowest, highest] = rangeOf(scores)
  const scale = (n - 1) / (highest - lowest)
  if (n > SHORT && scale > 0 && Number.isFinite(scale)) return intoBuckets(scores, highest, scale)
  const order = new Int32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  sortRun(order, new Int32Array(n), scores, 0, n)
  return order
}

/** The lowest and the highest; NaN where there is a NaN. */
function rangeOf(scores: Float64Array): [lowest: number, highest: number] {
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]
    if (Number.isNaN(score)) return [Number.NaN, Number.NaN]
    if (score < lowest) lowest = score
    if (score > highest) highest = score
  }
  return [lowest, highest]
}

/** As many buckets as scores, of equal width: most hold few, and only those few are compared with each other. */
function intoBuckets(scores: Float64Array, highest: number, scale: number): Int32Array {
  const n = scores.length
  const bucket = new Int32Array(n)
  const next = new Int32Array(n + 1)
  countBuckets(scores, highest, scale, bucket, next)
  sumUp(next)
  const order = new Int32Array(n)
  scatter(bucket, next, order)
  sortBuckets(order, scores, next)
  return order
}

function countBuckets(
  scores: Float64Array,
  highest: number,
  scale: number,
  bucket: Int32Array,
  counts: Int32Array,
): void {
  const last = scores.length - 1
  for (let i = 0; i < scores.length; i++) {
    const b = Math.min(last, (highest - scores[i]) * scale) | 0
    bucket[i] = b
    counts[b + 1]++
  }
}

/** Replaces counts by the sums up to each. */
export function sumUp(counts: Int32Array): void {
  for (let i = 1; i < counts.length; i++) counts[i] += counts[i - 1]
}

function scatter(bucket: Int32Array, next: Int32Array, order: Int32Array): void {
  for (let i = 0; i < bucket.length; i++) order[next[bucket[i]]++] = i
}

/** `ends`: where each bucket ends. */
function sortBuckets(order: Int32Array, scores: Float64Array, ends: Int32Array): void {
  let spare: Int32Array | undefined
  let from = 0
  for (let b = 0; b < order.length; b++) {
    const to = ends[b]
    if (to - from > 1) {
      if (to - from > SHORT) spare ??= new Int32Array(order.length)
      sortRun(order, spare, scores, from, to)
    }
    from = to
  }
}

/** Sorts `order[from … to)` in place, by merging; `spare` may be missing for short runs. */
function sortRun(
  order: Int32Array,
  spare: Int32Array | undefined,
  scores: Float64Array,
  from: number,
  to: number,
): void {
  for (let run = from; run < to; run += SHORT) insertionSort(order, scores, run, Math.min(run + SHORT, to))
  let source = order
  let target = spare
  for (let width = SHORT; width < to - from && target !== undefined; width *= 2) {
    for (let run = from; run < to; run += 2 * width)
      mergeHalves(source, target, scores, run, Math.min(run + width, to), Math.min(run + 2 * width, to))
    const swap: Int32Array = source
    source = target
    target = swap
  }
  if (source !== order) for (let i = from; i < to; i++) order[i] = source[i]
}

function insertionSort(order: Int32Array, scores: Float64Array, from: number, to: number): void {
  for (let i = from + 1; i < to; i++) {
    const moved = order[i]
    const score = scores[moved]
    let j = i
    while (j > from && scores[order[j - 1]] < score) {
      order[j] = order[j - 1]
      j--
    }
    order[j] = moved
  }
}

function mergeHalves(
  source: Int32Array,
  target: Int32Array,
  scores: Float64Array,
  from: number,
  middle: number,
  to: number,
): void {
  let left = from
  let right = middle
  for (let at = from; at < to; at++) {
    const takeLeft = right >= to || (left < middle && !(scores[source[left]] < scores[source[right]]))
    target[at] = takeLeft ? source[left++] : source[right++]
  }
}
