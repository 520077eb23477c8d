/** Masks of one byte a pixel, from and to runs. */
import type { Runs } from './rle.js'
import { growNumbers, numberScratch } from './scratch.js'

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
