/** What makes a run-length mask valid. */
import type { Rle } from '../common/types.js'
import { isList, isSize, show } from '../common/values.js'
import { parseCounts } from './compressed-counts.js'
import { MAX_PIXELS } from './rle.js'

/** [height, width] of a mask. */
export function sizeFault(size: unknown): string | undefined {
  if (!isList(size) || size.length !== 2 || !isSize(size[0]) || !isSize(size[1])) {
    return `size is ${show(size)}, but must be [height, width], two whole numbers above 0`
  }
  if (size[0] * size[1] > MAX_PIXELS) return `size ${show(size)} is more than ${MAX_PIXELS} pixels`
  return undefined
}

/** The counts of an RLE, or, as text, why it has none: they must be whole numbers that fill the mask exactly. */
export function countsOf(rle: unknown): Uint32Array | string {
  const { size, counts } = (rle ?? {}) as Partial<Rle>
  const fault = sizeFault(size)
  if (fault) return fault
  const [height, width] = size!
  let numbers: Uint32Array | undefined
  if (typeof counts === 'string') {
    numbers = parseCounts(counts)
    if (!numbers)
      return 'counts is not COCO’s compressed form: it is cut short or has a character that is not in it'
  } else if (isList(counts)) {
    const wrong = Array.prototype.findIndex.call(counts, (count) => !Number.isInteger(count) || count < 0)
    if (wrong >= 0) return `counts[${wrong}] is ${show(counts[wrong])}, but a run is a whole number of pixels`
    numbers = counts instanceof Uint32Array ? counts : Uint32Array.from(counts)
  } else {
    return `counts is ${show(counts)}, but must be a string or a list of numbers`
  }
  let sum = 0
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]
  if (sum === height * width) return numbers
  // What is below 0 in the compressed form shows as a number above all that are possible.
  const wrong = numbers.findIndex((count) => count > MAX_PIXELS)
  if (wrong >= 0) return `counts[${wrong}] is ${numbers[wrong] | 0}, but a run is a whole number of pixels`
  return `the counts sum to ${sum}, but height × width is ${height} × ${width} = ${height * width}`
}
