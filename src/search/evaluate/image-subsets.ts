/** Smaller image sets, for children that take seconds. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { augmentImage, boxDownscale, noAugmentation } from '../../train/images/augment.js'

/** The first `count` images; all of them for null or where there are fewer. */
export function firstImages(set: ImageSet, count: number | null): ImageSet {
  if (count === null || count >= set.count) return set
  return {
    ...set,
    count,
    pixels: set.pixels.subarray(0, count * set.height * set.width * 3),
    labels: set.labels.subarray(0, count),
  }
}

/** Square images scaled down by area to side `size`; the set itself if they are no larger. */
export function scaledDown(set: ImageSet, size: number): ImageSet {
  if (size >= set.height) return set
  const { height: side, count } = set
  const downscale = boxDownscale(side, size)
  const image = new Float32Array(side * side * 3)
  const small = new Float32Array(size * size * 3)
  const pixels = new Uint8Array(count * small.length)
  for (let i = 0; i < count; i++) {
    augmentImage(set.pixels, i * image.length, side, noAugmentation, image)
    downscale(image, small, 0)
    for (let at = 0; at < small.length; at++)
      pixels[i * small.length + at] = Math.round((small[at] + 1) * 127.5)
  }
  return { ...set, pixels, height: size, width: size }
}
