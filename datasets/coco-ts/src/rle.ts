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

/** Doubles the scratch and keeps what it holds. */
function growNumbers(): Uint32Array {
  const larger = new Uint32Array(numbers.length * 2)
  larger.set(numbers)
  numbers = larger
  return larger
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

/** The counts of a compressed string; undefined for a character that is none of its 64, or an end within a number. */
export function parseCounts(text: string): Uint32Array | undefined {
  const length = text.length
  const out = numberScratch(length)
  let m = 0
  let p = 0
  let strange = 0
  while (p < length) {
    let x = 0
    let shift = 0
    let more = true
    while (more) {
      if (p === length) return undefined
      const piece = text.charCodeAt(p++) - 48
      strange |= piece & ~0x3f
      if (shift < 32) x |= (piece & 0x1f) << shift
      shift += 5
      more = (piece & 0x20) !== 0
      if (!more && (piece & 0x10) !== 0 && shift < 32) x |= -1 << shift
    }
    out[m] = m > 2 ? x + out[m - 2] : x
    m++
  }
  return strange === 0 ? out.slice(0, m) : undefined
}

let rows = new Int32Array(1 << 10)

/**
 * Runs of a mask that lies row by row, one byte a pixel; any byte but 0 is part of the object. A run ends where a
 * pixel differs from the one above it (in the top row: from the last one of the column before), so rows are
 * compared with one another, four pixels at a time, and what differs is put in order by columns.
 */
export function runsFromMask(data: Uint8Array, height: number, width: number): Uint32Array {
  const rowWords = (width + 3) >> 2
  const stride = rowWords * 4
  if (rows.length < (height + 1) * rowWords) rows = new Int32Array((height + 1) * rowWords * 2)
  const pixels = new Uint8Array(rows.buffer)
  pixels.fill(0, 0, stride)
  pixels.set(data.subarray((height - 1) * width, height * width - 1), 1)
  if (stride === width) {
    pixels.set(data, stride)
  } else {
    pixels.fill(0, stride, (height + 1) * stride)
    for (let y = 0; y < height; y++) pixels.set(data.subarray(y * width, (y + 1) * width), (y + 1) * stride)
  }

  let places = numberScratch(1)
  let n = 0
  const next = new Uint32Array(width + 1)
  for (let y = 0, word = 0; y < height; y++) {
    for (let x = 0; x < width; x += 4, word++) {
      if (rows[word] === rows[word + rowWords]) continue
      if (n + 4 > places.length) places = growNumbers()
      for (let k = 0, at = word * 4; k < 4; k++, at++) {
        if ((pixels[at] === 0) === (pixels[at + stride] === 0) || x + k >= width) continue
        places[n++] = (x + k) * height + y
        next[x + k + 1]++
      }
    }
  }
  for (let x = 0; x < width; x++) next[x + 1] += next[x]
  const ordered = new Uint32Array(n)
  for (let i = 0; i < n; i++) ordered[next[Math.floor(places[i] / height)]++] = places[i]

  const counts = new Uint32Array(n + 1)
  for (let i = 0; i <= n; i++)
    counts[i] = (i < n ? ordered[i] : height * width) - (i > 0 ? ordered[i - 1] : 0)
  return counts
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

/** Pixels that two masks of the same size have in common. */
export function runsIntersection(a: Uint32Array, b: Uint32Array): number {
  if (a.length < 2 || b.length < 2) return 0
  let i = 2
  let j = 2
  let startA = a[0]
  let endA = startA + a[1]
  let startB = b[0]
  let endB = startB + b[1]
  let common = 0
  for (;;) {
    const overlap = Math.min(endA, endB) - Math.max(startA, startB)
    if (overlap > 0) common += overlap
    if (endA <= endB) {
      if (i + 1 >= a.length) return common
      startA = endA + a[i]
      endA = startA + a[i + 1]
      i += 2
    } else {
      if (j + 1 >= b.length) return common
      startB = endB + b[j]
      endB = startB + b[j + 1]
      j += 2
    }
  }
}
