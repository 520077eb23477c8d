/** A random part of an image, scaled to a square: torchvision's `RandomResizedCrop` with its defaults. */
import { resizePillow } from '../../shared/bicubic.js'
import type { Crop } from '../inception/crop.js'
import type { Pixels } from '../inception/distort.js'

/** Part of the area. */
const SCALE = { low: 0.08, high: 1 }
/** Width / height. */
const RATIO = { low: 3 / 4, high: 4 / 3 }
/** Afterwards the middle of the image is taken. */
const ATTEMPTS = 10

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  return value - below === 0.5 ? below + (below % 2) : Math.round(value)
}

/** Draws a crop of an image of `width` × `height` pixels. `uniform`: see `random`. */
export function drawResizedCrop(width: number, height: number, uniform: () => number): Crop {
  const below = (count: number): number => Math.floor(uniform() * count)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = width * height * (SCALE.low + uniform() * (SCALE.high - SCALE.low))
    const [low, high] = [Math.log(RATIO.low), Math.log(RATIO.high)]
    const ratio = Math.exp(low + uniform() * (high - low))
    const wide = roundHalfToEven(Math.sqrt(area * ratio))
    const tall = roundHalfToEven(Math.sqrt(area / ratio))
    if (wide < 1 || wide > width || tall < 1 || tall > height) continue
    const top = below(height - tall + 1)
    return { left: below(width - wide + 1), top, width: wide, height: tall }
  }
  return middle(width, height)
}

/** The largest crop in the middle whose ratio is allowed. */
function middle(width: number, height: number): Crop {
  const ratio = width / height
  const [wide, tall] =
    ratio < RATIO.low
      ? [width, roundHalfToEven(width / RATIO.low)]
      : ratio > RATIO.high
        ? [roundHalfToEven(height * RATIO.high), height]
        : [width, height]
  return {
    left: Math.floor((width - wide) / 2),
    top: Math.floor((height - tall) / 2),
    width: wide,
    height: tall,
  }
}

/** The crop, scaled to size × size × 3 bytes by Pillow's bilinear filter, which averages where the image shrinks. */
export function resizeCrop({ data, from, width }: Pixels, crop: Crop, size: number): Uint8Array {
  const pixels = new Uint8Array(crop.width * crop.height * 3)
  for (let y = 0; y < crop.height; y++) {
    const first = from + ((crop.top + y) * width + crop.left) * 3
    pixels.set(data.subarray(first, first + crop.width * 3), y * crop.width * 3)
  }
  return resizePillow(pixels, crop, { width: size, height: size }, 'bilinear')
}
