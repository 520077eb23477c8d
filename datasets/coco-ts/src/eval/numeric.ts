/** Distance from 1 to the next number: what pycocotools adds so that nothing is divided by 0. */
export const EPSILON = Number.EPSILON

const BLOCK = 128

/**
 * Sum of `values[from … from + count)` in the order of additions that NumPy uses (pairwise, eight at a time), so that
 * means come out equal to the last bit.
 */
export function pairwiseSum(values: ArrayLike<number>, from = 0, count = values.length - from): number {
  if (count < 8) {
    let sum = 0
    for (let i = 0; i < count; i++) sum += values[from + i]
    return sum
  }
  if (count > BLOCK) {
    let half = count >> 1
    half -= half % 8
    return pairwiseSum(values, from, half) + pairwiseSum(values, from + half, count - half)
  }
  const lanes = new Float64Array(8)
  for (let j = 0; j < 8; j++) lanes[j] = values[from + j]
  const whole = count - (count % 8)
  for (let i = 8; i < whole; i += 8) for (let j = 0; j < 8; j++) lanes[j] += values[from + i + j]
  let sum = lanes[0] + lanes[1] + (lanes[2] + lanes[3]) + (lanes[4] + lanes[5] + (lanes[6] + lanes[7]))
  for (let i = whole; i < count; i++) sum += values[from + i]
  return sum
}

/** Order of the scores from the highest down; equal scores keep their order. A merge sort on typed arrays. */
export function orderByScore(scores: Float64Array): Int32Array {
  const n = scores.length
  let order = new Int32Array(n)
  let spare = new Int32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  const run = 16
  for (let from = 0; from < n; from += run) insertionSort(order, scores, from, Math.min(from + run, n))
  for (let width = run; width < n; width *= 2) {
    for (let from = 0; from < n; from += 2 * width) {
      mergeHalves(order, spare, scores, from, Math.min(from + width, n), Math.min(from + 2 * width, n))
    }
    const swap = order
    order = spare
    spare = swap
  }
  return order
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
