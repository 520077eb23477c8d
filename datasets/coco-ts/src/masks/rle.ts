import { numberScratch } from './scratch.js'

/**
 * Run-length masks as typed arrays. A mask of height × width pixels is read down its columns; `counts` are the
 * lengths of alternating runs of zeros and ones, zeros first. Everything here works on runs, without pixels.
 */
export interface Runs {
  height: number
  width: number
  counts: Uint32Array
}

/** More pixels than this do not fit the 32-bit counts that the compressed form is built on. */
export const MAX_PIXELS = 2 ** 31 - 1

/** Union (or intersection) of two masks of the same size. */
export function mergeRuns(a: Uint32Array, b: Uint32Array, intersect: boolean): Uint32Array {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  const out = numberScratch(a.length + b.length)
  // "| 0" keeps the arithmetic on 32-bit integers: counts are far below 2³¹.
  let leftA = a[0] | 0
  let leftB = b[0] | 0
  let i = 1
  let j = 1
  let m = 0
  // Bit 0: inside a; bit 1: inside b.
  let where = 0
  let inside = false
  let run = 0
  let left = 1
  while (left > 0) {
    const step = Math.min(leftA, leftB)
    run = (run + step) | 0
    leftA = (leftA - step) | 0
    if (leftA === 0 && i < a.length) {
      leftA = a[i++] | 0
      where ^= 1
    }
    leftB = (leftB - step) | 0
    if (leftB === 0 && j < b.length) {
      leftB = b[j++] | 0
      where ^= 2
    }
    left = (leftA + leftB) | 0
    const now = intersect ? where === 3 : where !== 0
    if (now !== inside || left === 0) {
      out[m++] = run
      run = 0
      inside = now
    }
  }
  return out.slice(0, m)
}

/** Pixels of the object. */
export function runsArea(counts: ArrayLike<number>): number {
  let area = 0
  for (let i = 1; i < counts.length; i += 2) area += counts[i]
  return area
}

/** Writes the tight box (x, y, width, height) into `out` at `at`; four zeros for an empty mask. */
export function runsBox(runs: Runs, out: Float64Array | number[], at = 0): void {
  const { height, counts } = runs
  let left = runs.width
  let top = height
  let right = -1
  let bottom = -1
  let position = 0
  for (let i = 0; i + 1 < counts.length; i += 2) {
    const start = position + counts[i]
    const length = counts[i + 1]
    position = start + length
    if (length === 0) continue
    const last = position - 1
    const firstColumn = Math.floor(start / height)
    const lastColumn = Math.floor(last / height)
    if (firstColumn < left) left = firstColumn
    if (lastColumn > right) right = lastColumn
    if (firstColumn < lastColumn) {
      top = 0
      bottom = height - 1
    } else {
      const column = firstColumn * height
      if (start - column < top) top = start - column
      if (last - column > bottom) bottom = last - column
    }
  }
  const empty = right < 0
  out[at] = empty ? 0 : left
  out[at + 1] = empty ? 0 : top
  out[at + 2] = empty ? 0 : right - left + 1
  out[at + 3] = empty ? 0 : bottom - top + 1
}

/** Pixels that two masks of the same size have in common. */
export function runsIntersection(a: Uint32Array, b: Uint32Array): number {
  if (a.length < 2 || b.length < 2) return 0
  let i = 2
  let j = 2
  let startA = a[0] | 0
  let endA = (startA + a[1]) | 0
  let startB = b[0] | 0
  let endB = (startB + b[1]) | 0
  let common = 0
  for (;;) {
    const overlap = Math.min(endA, endB) - Math.max(startA, startB)
    if (overlap > 0) common = (common + overlap) | 0
    if (endA <= endB) {
      if (i + 1 >= a.length) return common
      startA = (endA + a[i]) | 0
      endA = (startA + a[i + 1]) | 0
      i += 2
    } else {
      if (j + 1 >= b.length) return common
      startB = (endB + b[j]) | 0
      endB = (startB + b[j + 1]) | 0
      j += 2
    }
  }
}
