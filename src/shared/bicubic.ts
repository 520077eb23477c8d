/** The bicubic and bilinear interpolation of Pillow, with which torchvision and timm scale pictures. */

/** Keys's cubic convolution with a = −0.5 (Catmull-Rom), 0 from a distance of 2 on. */
function cubic(distance: number): number {
  const x = Math.abs(distance)
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
}

/** 0 from a distance of 1 on. */
const triangle = (distance: number): number => Math.max(0, 1 - Math.abs(distance))

/** Kernels, and the distance from which on they are 0. */
const KERNELS = { bicubic: { at: cubic, reach: 2 }, bilinear: { at: triangle, reach: 1 } }
type Kernel = keyof typeof KERNELS

/** Pillow computes with whole numbers: coefficients times 2²². */
const ONE = 2 ** 22

/** For each new pixel in a line: the first old pixel that counts, and the coefficients of that and the next ones. */
interface Taps {
  first: Int32Array
  /** How many of the coefficients are used. */
  count: Int32Array
  /** New pixels × `most`, times 2²². */
  coefficients: Int32Array
  most: number
}

/** The taps of the new pixels `start` to `start + count` of a line of `from` pixels that is scaled to `to`. */
function tapsOf(kernel: Kernel, from: number, to: number, start: number, count: number): Taps {
  const { at, reach: kernelReach } = KERNELS[kernel]
  const scale = from / to
  // Wider than the kernel where the picture shrinks, so that no pixel is skipped.
  const stretch = Math.max(1, scale)
  const reach = kernelReach * stretch
  const most = Math.ceil(reach) * 2 + 1
  const taps: Taps = {
    first: new Int32Array(count),
    count: new Int32Array(count),
    coefficients: new Int32Array(count * most),
    most,
  }
  for (let i = 0; i < count; i++) {
    const centre = (start + i + 0.5) * scale
    const first = Math.max(0, Math.floor(centre - reach + 0.5))
    const end = Math.min(from, Math.floor(centre + reach + 0.5))
    const weights = Array.from({ length: end - first }, (_, tap) =>
      at((first + tap - centre + 0.5) / stretch),
    )
    const sum = weights.reduce((total, weight) => total + weight, 0)
    taps.first[i] = first
    taps.count[i] = weights.length
    for (const [tap, weight] of weights.entries()) {
      const whole = (weight / sum) * ONE
      taps.coefficients[i * most + tap] = Math.trunc(whole < 0 ? whole - 0.5 : whole + 0.5)
    }
  }
  return taps
}

interface Size {
  width: number
  height: number
}

type Bytes = Uint8Array | Uint8ClampedArray

/**
 * Scales an RGB image as Pillow's `resize` does with `Resampling.BICUBIC`, to the bit: a filter along one axis, rounded to
 * bytes, then one along the other.
 *
 * @param pixels height × width × 3 bytes
 * @param kept the part of the scaled image that is computed
 * @returns its height × width × 3 bytes
 */
export const resizeBicubic = (
  pixels: Uint8Array,
  size: Size,
  to: Size,
  kept: Size & { left: number; top: number } = { left: 0, top: 0, ...to },
): Uint8Array => resizePillow(pixels, size, to, 'bicubic', kept)

/** As {@link resizeBicubic}, with `Resampling.BICUBIC` or `Resampling.BILINEAR`. */
export function resizePillow(
  pixels: Uint8Array,
  { width, height }: Size,
  to: Size,
  kernel: Kernel,
  kept: Size & { left: number; top: number } = { left: 0, top: 0, ...to },
): Uint8Array {
  const columns = tapsOf(kernel, width, to.width, kept.left, kept.width)
  const rows = tapsOf(kernel, height, to.height, kept.top, kept.height)
  // Pillow 13 begins with the axis that saves more work; before, it always began with the rows.
  const columnsFirst = to.height < height && height - to.height > 2 * (width - to.width)
  let scaled: Uint8ClampedArray
  if (columnsFirst) {
    const [first, end] = spanOf(columns)
    const flat = alongColumns(pixels, width, { first, end }, rows)
    scaled = alongRows(flat, end - first, { first: 0, end: kept.height }, columns, first)
  } else {
    const [first, end] = spanOf(rows)
    const narrow = alongRows(pixels, width, { first, end }, columns)
    scaled = alongColumns(narrow, kept.width, { first: 0, end: kept.width }, rows, first)
  }
  return new Uint8Array(scaled.buffer)
}

/** The old pixels of a line that count: the first, and the one after the last. */
function spanOf({ first, count }: Taps): [first: number, end: number] {
  return [first[0], first[first.length - 1] + count[count.length - 1]]
}

/** Lines of an image, from one up to another that is not among them. */
interface Lines {
  first: number
  end: number
}

/** Scales each of these rows. `offset`: the old column that the image begins with. */
function alongRows(pixels: Bytes, width: number, rows: Lines, taps: Taps, offset = 0): Uint8ClampedArray {
  const size = taps.first.length
  const result = new Uint8ClampedArray((rows.end - rows.first) * size * 3)
  for (let y = rows.first, out = 0; y < rows.end; y++)
    for (let x = 0; x < size; x++, out += 3)
      filter(pixels, (y * width + taps.first[x] - offset) * 3, 3, taps, x, result, out)
  return result
}

/** Scales each of these columns. `offset`: the old row that the image begins with. */
function alongColumns(
  pixels: Bytes,
  width: number,
  columns: Lines,
  taps: Taps,
  offset = 0,
): Uint8ClampedArray {
  const size = taps.first.length
  const result = new Uint8ClampedArray(size * (columns.end - columns.first) * 3)
  for (let y = 0, out = 0; y < size; y++)
    for (let x = columns.first; x < columns.end; x++, out += 3)
      filter(pixels, ((taps.first[y] - offset) * width + x) * 3, width * 3, taps, y, result, out)
  return result
}

/** Three channels of one new pixel, from old ones that lie `step` bytes apart from `at` on. */
function filter(
  pixels: Bytes,
  at: number,
  step: number,
  { count, coefficients, most }: Taps,
  index: number,
  result: Uint8ClampedArray,
  out: number,
): void {
  let red = ONE / 2
  let green = ONE / 2
  let blue = ONE / 2
  for (let tap = index * most, end = tap + count[index]; tap < end; tap++, at += step) {
    const coefficient = coefficients[tap]
    red += pixels[at] * coefficient
    green += pixels[at + 1] * coefficient
    blue += pixels[at + 2] * coefficient
  }
  // The array clamps to [0, 255]; shifting rounds down.
  result[out] = red >> 22
  result[out + 1] = green >> 22
  result[out + 2] = blue >> 22
}
