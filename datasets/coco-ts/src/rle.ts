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
    const piece = text.charCodeAt(p++) - 48
    strange |= piece & ~0x3f
    // Five bits with their sign; most counts need no more.
    let x = (piece << 27) >> 27
    if ((piece & 0x20) !== 0) {
      x = piece & 0x1f
      let shift = 5
      let more = true
      while (more) {
        if (p === length) return undefined
        const next = text.charCodeAt(p++) - 48
        strange |= next & ~0x3f
        if (shift < 32) x |= (next & 0x1f) << shift
        shift += 5
        more = (next & 0x20) !== 0
        if (!more && (next & 0x10) !== 0 && shift < 32) x |= -1 << shift
      }
    }
    out[m] = m > 2 ? x + out[m - 2] : x
    m++
  }
  return strange === 0 ? out.slice(0, m) : undefined
}

let padded = new Int32Array(1 << 10)

/** The mask's rows as words of four pixels: where they lie if that is possible, else copied with zeros behind each. */
function asWords(data: Uint8Array, height: number, width: number): Int32Array {
  if (width % 4 === 0 && data.byteOffset % 4 === 0) {
    return new Int32Array(data.buffer, data.byteOffset, (height * width) / 4)
  }
  const rowWords = (width + 3) >> 2
  if (padded.length < height * rowWords) padded = new Int32Array(height * rowWords * 2)
  const pixels = new Uint8Array(padded.buffer)
  pixels.fill(0, 0, height * rowWords * 4)
  for (let y = 0; y < height; y++) pixels.set(data.subarray(y * width, (y + 1) * width), y * rowWords * 4)
  return padded
}

/**
 * Runs of a mask that lies row by row, one byte a pixel; any byte but 0 is part of the object. A run ends where a
 * pixel differs from the one above it (in the top row: from the last one of the column before), so rows are
 * compared with one another, four pixels at a time, and what differs is put in order by columns.
 */
export function runsFromMask(data: Uint8Array, height: number, width: number): Uint32Array {
  const words = asWords(data, height, width)
  const rowWords = (width + 3) >> 2
  let places = numberScratch(width)
  let n = 0
  const next = new Uint32Array(width + 1)
  const lastRow = (height - 1) * width
  for (let x = 0; x < width; x++) {
    const above = x === 0 ? 0 : data[lastRow + x - 1]
    if ((above === 0) === (data[x] === 0)) continue
    places[n++] = x * height
    next[x + 1]++
  }
  for (let y = 1, word = 0; y < height; y++) {
    for (const end = word + rowWords; word < end; word++) {
      if (words[word] === words[word + rowWords]) continue
      if (n + 4 > places.length) places = growNumbers()
      const from = (word - (y - 1) * rowWords) * 4
      const to = Math.min(from + 4, width)
      for (let x = from, at = (y - 1) * width + from; x < to; x++, at++) {
        if ((data[at] === 0) === (data[at + width] === 0)) continue
        places[n++] = x * height + y
        next[x + 1]++
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
