/**
 * Inception's preprocessing for training, as TF-Slim's `inception_preprocessing` has it with `fast_mode=False`: a random
 * crop scaled to the input by one of four kernels, mirrored by chance, its colours distorted.
 *
 * The amounts, orders and kernels are TensorFlow's (`test/train/inception/golden`). Two things differ: images are
 * turned as their EXIF orientation says, which TensorFlow does not read, and the chances are drawn by the toolkit's own
 * generator from (seed, epoch, image), so that they can be repeated.
 */
import { type ColourStep, changeColour, drawColourSteps } from './colour.js'
import { type Crop, drawCrop } from './crop.js'
import { RESIZE_METHODS, type ResizeMethod, resizeInto } from './resize.js'

/** Everything by chance that happens to one image. */
export interface Distortion {
  crop: Crop
  method: ResizeMethod
  mirrored: boolean
  colours: ColourStep[]
}

/** Draws a distortion for an image of `width` × `height` pixels. `flip`: whether it may be mirrored. */
export function drawDistortion(
  { flip }: { flip: boolean },
  { width, height }: { width: number; height: number },
  uniform: () => number,
): Distortion {
  const method = RESIZE_METHODS[Math.floor(uniform() * RESIZE_METHODS.length)]
  const mirrored = uniform() < 0.5 && flip
  const colours = drawColourSteps(uniform)
  return { crop: drawCrop(width, height, uniform), method, mirrored, colours }
}

/** An image in bytes. */
export interface Pixels {
  /** height × width × 3, 8-bit RGB, from index `from` on. */
  data: Uint8Array
  from: number
  width: number
  height: number
}

/** Writes the distorted image into `target` at `offset`: size × size × 3 in [−1, 1]. */
export function distortInto(
  target: Float32Array,
  offset: number,
  size: number,
  { data, from, width }: Pixels,
  { crop, method, mirrored, colours }: Distortion,
): void {
  const first = from + (crop.top * width + crop.left) * 3
  const image = { pixels: data, from: first, stride: width, width: crop.width, height: crop.height }
  resizeInto(target, offset, size, image, { method, mirrored })
  const span = { values: target, start: offset, end: offset + size * size * 3 }
  for (const step of colours) changeColour(span, step)
  for (let i = span.start; i < span.end; i++) {
    const value = target[i]
    target[i] = value <= 0 ? -1 : value >= 1 ? 1 : 2 * value - 1
  }
}
