import { MAX_PIXELS } from './rle.js'

/**
 * Polygons to runs, pixel for pixel as COCO's own toolbox draws them: corners are rounded to a grid five times
 * finer than the pixels, edges are walked on that grid one step at a time along their longer axis, and a pixel
 * column's boundary lies where an edge crosses the column's centre line. Here only those crossings are computed.
 */
const SCALE = 5
/** Position, on the fine grid, of the last step before a pixel column's centre line. */
const BEFORE_CENTRE = 2

let crossings = new Uint32Array(1 << 10)

function grow(needed: number): void {
  if (crossings.length >= needed) return
  const larger = new Uint32Array(needed * 2)
  larger.set(crossings)
  crossings = larger
}

/** First pixel row below a boundary at row `y` of the fine grid, kept within the image. */
function rowBelow(y: number, height: number): number {
  const row = (y + 0.5) / SCALE - 0.5
  return row < 0 ? 0 : row > height ? height : Math.ceil(row)
}

/**
 * Counts of one polygon [x0, y0, x1, y1, …] in an image of `height` × `width`. Corners may lie outside.
 * `from` and `to` bound the coordinates within `xy` (a trailing odd one is left out).
 */
export function runsFromPolygon(
  xy: ArrayLike<number>,
  height: number,
  width: number,
  from = 0,
  to = xy.length,
): Uint32Array {
  const corners = (to - from) >> 1
  let k = 0
  for (let j = 0; j < corners; j++) {
    const next = j + 1 === corners ? 0 : j + 1
    let x0 = Math.trunc(SCALE * xy[from + 2 * j] + 0.5)
    let y0 = Math.trunc(SCALE * xy[from + 2 * j + 1] + 0.5)
    let x1 = Math.trunc(SCALE * xy[from + 2 * next] + 0.5)
    let y1 = Math.trunc(SCALE * xy[from + 2 * next + 1] + 0.5)
    const dx = Math.abs(x1 - x0)
    const dy = Math.abs(y1 - y0)
    // The step along the longer axis always grows.
    if (dx >= dy ? x0 > x1 : y0 > y1) {
      let swap = x0
      x0 = x1
      x1 = swap
      swap = y0
      y0 = y1
      y1 = swap
    }
    const leftmost = Math.max(0, Math.ceil((Math.min(x0, x1) - BEFORE_CENTRE) / SCALE))
    const rightmost = Math.min(width - 1, Math.floor((Math.max(x0, x1) - 1 - BEFORE_CENTRE) / SCALE))
    if (rightmost < leftmost) continue
    grow(k + rightmost - leftmost + 2)
    if (dx >= dy) {
      const slope = (y1 - y0) / dx
      for (let column = leftmost; column <= rightmost; column++) {
        const t = column * SCALE + BEFORE_CENTRE - x0
        const before = Math.trunc(y0 + slope * t + 0.5)
        const after = Math.trunc(y0 + slope * (t + 1) + 0.5)
        crossings[k++] = column * height + rowBelow(Math.min(before, after), height)
      }
    } else {
      const slope = (x1 - x0) / dy
      for (let column = leftmost; column <= rightmost; column++) {
        const t = crossingStep(x0, slope, dy, column * SCALE + BEFORE_CENTRE)
        crossings[k++] = column * height + rowBelow(y0 + t - 1, height)
      }
    }
  }
  return runsFromCrossings(k, height * width)
}

/** First step t of a steep edge at which it has passed from grid column `c` to `c + 1`, or back. */
function crossingStep(x0: number, slope: number, steps: number, c: number): number {
  // x0 + slope · t + 0.5 is monotone in t, so an estimate and a short walk find the step that rounding decides.
  let t = Math.round((c + 0.5 - x0) / slope)
  t = t < 1 ? 1 : Math.min(t, steps)
  if (slope > 0) {
    while (t > 1 && Math.trunc(x0 + slope * (t - 1) + 0.5) > c) t--
    while (t < steps && Math.trunc(x0 + slope * t + 0.5) <= c) t++
  } else {
    while (t > 1 && Math.trunc(x0 + slope * (t - 1) + 0.5) <= c) t--
    while (t < steps && Math.trunc(x0 + slope * t + 0.5) > c) t++
  }
  return t
}

/** Sorted boundary positions cut the column-major pixels into runs; two at one place cancel out. */
function runsFromCrossings(k: number, pixels: number): Uint32Array {
  grow(k + 1)
  crossings[k++] = pixels
  const sorted = crossings.subarray(0, k).sort()
  const out = new Uint32Array(k)
  let m = 0
  let previous = 0
  let j = 0
  out[m++] = sorted[0]
  previous = sorted[j++]
  while (j < k) {
    const run = sorted[j] - previous
    previous = sorted[j++]
    if (run > 0) {
      out[m++] = run
    } else if (j < k) {
      out[m - 1] += sorted[j] - previous
      previous = sorted[j++]
    }
  }
  return out.slice(0, m)
}

/** The rectangle of a box as a polygon, in the order of corners that COCO uses. */
export function boxPolygon(box: ArrayLike<number>): number[] {
  const left = box[0]
  const top = box[1]
  const right = left + box[2]
  const bottom = top + box[3]
  return [left, top, left, bottom, right, bottom, right, top]
}

/** Whether a coordinate is one that the fine grid can hold. */
export function isDrawable(coordinate: number): boolean {
  return Math.abs(coordinate) * SCALE < MAX_PIXELS
}
