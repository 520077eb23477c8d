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

let bytes = Buffer.alloc(1 << 12)
let numbers = new Uint32Array(1 << 10)

function numberScratch(length: number): Uint32Array {
  if (numbers.length < length) numbers = new Uint32Array(length * 2)
  return numbers
}

/** COCO's compressed string: each count (from the fourth on, its difference from the last but one) in 5-bit pieces. */
export function compressCounts(counts: ArrayLike<number>): string {
  const most = counts.length * 7
  if (bytes.length < most) bytes = Buffer.alloc(most * 2)
  let at = 0
  for (let i = 0; i < counts.length; i++) {
    let x = i > 2 ? counts[i] - counts[i - 2] : counts[i]
    let more = true
    while (more) {
      let piece = x & 0x1f
      x >>= 5
      more = piece & 0x10 ? x !== -1 : x !== 0
      if (more) piece |= 0x20
      bytes[at++] = piece + 48
    }
  }
  return bytes.toString('latin1', 0, at)
}

/** The counts of a compressed string. Takes any text; `countsFault` in validate.ts says whether it makes sense. */
export function decompressCounts(text: string): Uint32Array {
  const length = text.length
  const out = numberScratch(length)
  let m = 0
  let p = 0
  while (p < length) {
    let x = 0
    let shift = 0
    let more = true
    while (more && p < length) {
      const piece = text.charCodeAt(p++) - 48
      if (shift < 32) x |= (piece & 0x1f) << shift
      shift += 5
      more = (piece & 0x20) !== 0
      if (!more && (piece & 0x10) !== 0 && shift < 32) x |= -1 << shift
    }
    out[m] = m > 2 ? x + out[m - 2] : x
    m++
  }
  return out.slice(0, m)
}

/** Runs of a mask that lies row by row, one byte a pixel; any byte but 0 is part of the object. */
export function runsFromMask(data: Uint8Array, height: number, width: number): Uint32Array {
  const out = numberScratch(height * width + 1)
  let m = 0
  let current = 0
  let runStart = 0
  // Columns are copied sixteen at a time, so that each row is read in whole cache lines.
  const block = 16
  const columns = new Uint8Array(block * height)
  for (let x0 = 0; x0 < width; x0 += block) {
    const wide = Math.min(block, width - x0)
    for (let y = 0; y < height; y++) {
      let from = y * width + x0
      for (let to = y, end = y + wide * height; to < end; to += height) columns[to] = data[from++]
    }
    const length = wide * height
    const base = x0 * height
    for (let j = 0; j < length; j++) {
      const value = columns[j] === 0 ? 0 : 1
      if (value !== current) {
        out[m++] = base + j - runStart
        runStart = base + j
        current = value
      }
    }
  }
  out[m++] = height * width - runStart
  return out.slice(0, m)
}

/** The mask, row by row, one byte a pixel. */
export function maskFromRuns(runs: Runs): Uint8Array {
  const { height, width, counts } = runs
  const data = new Uint8Array(height * width)
  let position = 0
  for (let i = 0; i < counts.length; i++) {
    const end = position + counts[i]
    if (i & 1) {
      while (position < end) {
        const x = Math.floor(position / height)
        const y = position - x * height
        const rows = Math.min(end - position, height - y)
        for (let at = y * width + x, last = at + rows * width; at < last; at += width) data[at] = 1
        position += rows
      }
    }
    position = end
  }
  return data
}

/** Union (or intersection) of two masks of the same size. */
export function mergeRuns(a: Uint32Array, b: Uint32Array, intersect: boolean): Uint32Array {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  const out = numberScratch(a.length + b.length)
  let m = 0
  let i = 1
  let j = 1
  let leftA = a[0]
  let leftB = b[0]
  let inA = false
  let inB = false
  let inside = false
  let run = 0
  let left = 1
  while (left > 0) {
    const step = Math.min(leftA, leftB)
    run += step
    leftA -= step
    if (leftA === 0 && i < a.length) {
      leftA = a[i++]
      inA = !inA
    }
    leftB -= step
    if (leftB === 0 && j < b.length) {
      leftB = b[j++]
      inB = !inB
    }
    left = leftA + leftB
    const before: boolean = inside
    inside = intersect ? inA && inB : inA || inB
    if (inside !== before || left === 0) {
      out[m++] = run
      run = 0
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

/** Intersection over union of two masks of the same size; over a crowd, intersection over `a`'s own area. */
export function runsIou(a: Uint32Array, b: Uint32Array, crowd: boolean): number {
  let i = 1
  let j = 1
  let leftA = a[0]
  let leftB = b[0]
  // Bit 0: inside a; bit 1: inside b.
  let inside = 0
  let intersection = 0
  let union = 0
  let left = 1
  while (left > 0) {
    const step = Math.min(leftA, leftB)
    if (inside !== 0) {
      union += step
      if (inside === 3) intersection += step
    }
    leftA -= step
    if (leftA === 0 && i < a.length) {
      leftA = a[i++]
      inside ^= 1
    }
    leftB -= step
    if (leftB === 0 && j < b.length) {
      leftB = b[j++]
      inside ^= 2
    }
    left = leftA + leftB
  }
  if (intersection === 0) return 0
  return intersection / (crowd ? runsArea(a) : union)
}
