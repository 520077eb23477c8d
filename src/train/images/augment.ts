/** Augmentation of square RGB images, from bytes to float32 in [−1, 1]. */
import type { AugmentationConfig } from '../settings/config.js'

/** The augmentation of one image, in pixels of the full-size image. */
export interface Augmentation {
  /** The image is shifted right and down by so many pixels. The pixels beside it are grey. */
  dx: number
  dy: number
  mirrored: boolean
  /** The blanked rectangle: columns [left, right), rows [top, bottom), clipped to the image. */
  cutout: { left: number; right: number; top: number; bottom: number }
}

/** The augmentation that changes nothing. */
export const noAugmentation: Augmentation = {
  dx: 0,
  dy: 0,
  mirrored: false,
  cutout: { left: 0, right: 0, top: 0, bottom: 0 },
}

/** Draws an augmentation for an image of side `side`. It always draws five numbers, whatever is switched on. */
export function drawAugmentation(
  config: AugmentationConfig,
  side: number,
  uniform: () => number,
): Augmentation {
  const shift = (): number => Math.floor(uniform() * (2 * config.crop + 1)) - config.crop
  const dx = shift()
  const dy = shift()
  const mirrored = uniform() < 0.5 && config.flip
  // As in DeVries and Taylor, "Improved Regularization with Cutout" (2017): the centre is anywhere on the
  // image, so the square may lie partly outside.
  const left = Math.floor(uniform() * side) - (config.cutout >> 1)
  const top = Math.floor(uniform() * side) - (config.cutout >> 1)
  const inside = (at: number): number => Math.min(side, Math.max(0, at))
  return {
    dx,
    dy,
    mirrored,
    cutout: {
      left: inside(left),
      right: inside(left + config.cutout),
      top: inside(top),
      bottom: inside(top + config.cutout),
    },
  }
}

/** Byte 0…255 → [−1, 1]. The grey of blanked pixels and of those beside the image is 0. */
const scaled = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1)

/**
 * Writes the augmented image into `target` (side × side × 3, float32 in [−1, 1]).
 * `pixels` has the side × side × 3 bytes of the image from index `from` on.
 */
export function augmentImage(
  pixels: Uint8Array,
  from: number,
  side: number,
  { dx, dy, mirrored, cutout }: Augmentation,
  target: Float32Array,
): void {
  let out = 0
  for (let y = 0; y < side; y++) {
    const sourceY = y - dy
    const rowInside = sourceY >= 0 && sourceY < side
    const cutRow = y >= cutout.top && y < cutout.bottom
    for (let x = 0; x < side; x++, out += 3) {
      const shifted = x - dx
      const blank =
        !rowInside || shifted < 0 || shifted >= side || (cutRow && x >= cutout.left && x < cutout.right)
      if (blank) {
        target[out] = target[out + 1] = target[out + 2] = 0
        continue
      }
      const sourceX = mirrored ? side - 1 - shifted : shifted
      const at = from + (sourceY * side + sourceX) * 3
      target[out] = scaled[pixels[at]]
      target[out + 1] = scaled[pixels[at + 1]]
      target[out + 2] = scaled[pixels[at + 2]]
    }
  }
}

/** Writes an RGB float image of side `from`, scaled down to side `to`, into `target` at `offset`. */
export type Downscale = (source: Float32Array, target: Float32Array, offset: number) => void

/** Scales down by area: each new pixel is the mean of the area that it covers. */
export function boxDownscale(from: number, to: number): Downscale {
  if (from === to) return (source, target, offset) => target.set(source, offset)
  const { first, weights, taps } = areaWeights(from, to)
  const rows = new Float32Array(from * to * 3)
  return (source, target, offset) => {
    // Columns first, into `from` rows of `to` pixels, then rows.
    for (let y = 0, out = 0; y < from; y++)
      for (let x = 0; x < to; x++, out += 3) {
        let [red, green, blue] = [0, 0, 0]
        for (let tap = 0, at = (y * from + first[x]) * 3; tap < taps; tap++, at += 3) {
          const weight = weights[x * taps + tap]
          red += weight * source[at]
          green += weight * source[at + 1]
          blue += weight * source[at + 2]
        }
        rows[out] = red
        rows[out + 1] = green
        rows[out + 2] = blue
      }
    const stride = to * 3
    for (let y = 0, out = offset; y < to; y++)
      for (let i = 0; i < stride; i++, out++) {
        let sum = 0
        for (let tap = 0; tap < taps; tap++)
          sum += weights[y * taps + tap] * rows[(first[y] + tap) * stride + i]
        target[out] = sum
      }
  }
}

/** For each of `to` new pixels in a line: the first of the `taps` old pixels that it covers, and their weights. */
function areaWeights(from: number, to: number): { first: Int32Array; weights: Float32Array; taps: number } {
  const scale = from / to
  const starts = Array.from({ length: to }, (_, i) => Math.floor(i * scale))
  const taps = Math.max(...starts.map((start, i) => Math.ceil((i + 1) * scale - 1e-9) - start))
  // All taps are inside the line. Those that are not covered have weight 0.
  const first = Int32Array.from(starts, (start) => Math.min(start, from - taps))
  const weights = new Float32Array(to * taps)
  for (let i = 0; i < to; i++)
    for (let tap = 0; tap < taps; tap++) {
      const pixel = first[i] + tap
      const covered = Math.min((i + 1) * scale, pixel + 1) - Math.max(i * scale, pixel)
      weights[i * taps + tap] = Math.max(0, covered) / scale
    }
  return { first, weights, taps }
}
