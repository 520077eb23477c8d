/** Changes of brightness, colour, contrast, sharpness and levels, as Pillow's `ImageEnhance` and `ImageOps` make them. */
import type { RgbImage } from './rgb-image.js'

/** ITU-R BT.601 luma, in Pillow's whole numbers. */
const luma = (red: number, green: number, blue: number): number =>
  (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16

/**
 * Pillow's `Image.blend`: from `degenerate` (factor 0) by way of the image (1) and beyond it. Fractions are cut off.
 * `degenerate` gives the bytes of a pixel by their index.
 */
function blend({ data }: RgbImage, degenerate: (at: number) => number, factor: number): Uint8Array {
  const result = new Uint8Array(data.length)
  // Pillow computes in float32.
  const share = Math.fround(factor)
  for (let at = 0; at < data.length; at++) {
    const from = degenerate(at)
    const value = Math.fround(from + Math.fround(share * (data[at] - from)))
    result[at] = value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value)
  }
  return result
}

export const brightness = (image: RgbImage, factor: number): Uint8Array => blend(image, () => 0, factor)

export function saturation(image: RgbImage, factor: number): Uint8Array {
  const grey = greyOf(image)
  return blend(image, (at) => grey[Math.floor(at / 3)], factor)
}

export function contrast(image: RgbImage, factor: number): Uint8Array {
  const grey = greyOf(image)
  const mean = Math.floor(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5)
  return blend(image, () => mean, factor)
}

function greyOf({ data }: RgbImage): Uint8Array {
  return Uint8Array.from({ length: data.length / 3 }, (_, pixel) =>
    luma(data[pixel * 3], data[pixel * 3 + 1], data[pixel * 3 + 2]),
  )
}

export function sharpness(image: RgbImage, factor: number): Uint8Array {
  const smooth = smoothed(image)
  return blend(image, (at) => smooth[at], factor)
}

/** Pillow's filter `SMOOTH`: each pixel five times and its eight neighbours once, over 13. The border stays as it is. */
function smoothed({ data, width, height }: RgbImage): Uint8Array {
  const result = data.slice()
  const row = width * 3
  for (let y = 1; y < height - 1; y++)
    for (let at = y * row + 3; at < (y + 1) * row - 3; at++) {
      let sum = 4 * data[at]
      for (let line = at - row; line <= at + row; line += row)
        sum += data[line - 3] + data[line] + data[line + 3]
      result[at] = Math.floor(sum / 13 + 0.5)
    }
  return result
}

/** Keeps the `bits` highest bits of each byte. */
export const posterize = ({ data }: RgbImage, bits: number): Uint8Array => {
  const mask = 0x100 - 2 ** (8 - bits)
  return data.map((value) => value & mask)
}

/** Inverts bytes from `threshold` on. */
export const solarize = ({ data }: RgbImage, threshold: number): Uint8Array =>
  data.map((value) => (value < threshold ? value : 255 - value))

/** Stretches each channel so that its darkest byte becomes 0 and its brightest 255. */
export const autoContrast = (image: RgbImage): Uint8Array =>
  throughTables(image, (histogram) => {
    const low = histogram.findIndex((count) => count > 0)
    const high = 255 - [...histogram].reverse().findIndex((count) => count > 0)
    if (high <= low) return null
    const scale = 255 / (high - low)
    return (value) => Math.trunc(value * scale - low * scale)
  })

/** Makes the bytes of each channel equally frequent. */
export const equalize = (image: RgbImage): Uint8Array =>
  throughTables(image, (histogram) => {
    const present = histogram.filter((count) => count > 0)
    const total = present.reduce((sum, count) => sum + count, 0)
    const step = Math.floor((total - present[present.length - 1]) / 255)
    if (present.length <= 1 || step === 0) return null
    let below = Math.floor(step / 2)
    const table = Array.from(histogram, (count) => {
      const value = Math.floor(below / step)
      below += count
      return value
    })
    return (value) => table[value]
  })

/** Maps the bytes of each channel by a function of its histogram; null: the channel stays. */
function throughTables(
  { data }: RgbImage,
  mapOf: (histogram: Uint32Array) => ((value: number) => number) | null,
): Uint8Array {
  const result = data.slice()
  for (let channel = 0; channel < 3; channel++) {
    const histogram = new Uint32Array(256)
    for (let at = channel; at < data.length; at += 3) histogram[data[at]]++
    const map = mapOf(histogram)
    if (map === null) continue
    const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => map(value))
    for (let at = channel; at < data.length; at += 3) result[at] = table[data[at]]
  }
  return result
}
