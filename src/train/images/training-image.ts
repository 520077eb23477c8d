/** From the bytes of an image to the floats that a step trains on: augmented, in the size of the epoch. */
import { random } from '../../shared/random.js'
import { distortInto, drawDistortion, type Pixels } from '../inception/distort.js'
import { applyOperations, drawOperations } from '../randaugment/randaugment.js'
import type { ImageConfig, TrainingConfig } from '../settings/config.js'
import { augmentImage, boxDownscale, type Downscale, drawAugmentation, noAugmentation } from './augment.js'
import { changeColours, drawColourChange } from './colour.js'
import { drawResizedCrop, resizeCrop } from './resized-crop.js'

/** The settings that augmentation depends on. */
export type AugmentConfig = Pick<ImageConfig, 'augmentation'> & Pick<TrainingConfig, 'seed'>

/** An image of a run: the place that its chances are drawn for. */
export interface ImageKey {
  epoch: number
  /**
   * Index in its set or source; where an epoch takes an image several times, plus their count for each time before, so that
   * it looks different each time.
   */
  image: number
}

/** Where an image goes: size × size × 3 floats in [−1, 1] from `offset` on. */
export interface Target {
  values: Float32Array
  offset: number
  size: number
}

/** The chances of Inception's distortion of an image of this size. */
export const distortionOf = (
  { augmentation, seed }: AugmentConfig,
  size: { width: number; height: number },
  { epoch, image }: ImageKey,
) => drawDistortion(augmentation, size, random(seed, 'inception', epoch, image).uniform)

/**
 * Augments square images of side `side`. `data` has the bytes of the image from index `from` on. The chances of an image
 * are drawn from (seed, epoch, image).
 */
export function squareAugmenter(
  config: AugmentConfig,
  side: number,
): (target: Target, pixels: Pick<Pixels, 'data' | 'from'>, key: ImageKey) => void {
  const { augmentation, seed } = config
  if (augmentation.kind === 'inception')
    return ({ values, offset, size }, { data, from }, key) => {
      const image = { data, from, width: side, height: side }
      distortInto(values, offset, size, image, distortionOf(config, image, key))
    }
  if (augmentation.kind === 'random-resized-crop') {
    const augment = cropAugmenter(config)
    return (target, { data, from }, key) => augment(target, { data, from, width: side, height: side }, key)
  }
  const full = new Float32Array(side * side * 3)
  let downscale: { size: number; to: Downscale } = { size: side, to: boxDownscale(side, side) }
  return ({ values, offset, size }, { data, from }, key) => {
    if (downscale.size !== size) downscale = { size, to: boxDownscale(side, size) }
    const { uniform } = random(seed, 'augmentation', key.epoch, key.image)
    const drawn = drawAugmentation(augmentation, side, uniform)
    if (augmentation.randaugment) {
      const image = data.subarray(from, from + side * side * 3)
      augmentImage(operated(config, image, side, key), 0, side, drawn, full)
    } else augmentImage(data, from, side, drawn, full)
    colour(config, full, key)
    downscale.to(full, values, offset)
  }
}

/** Augments images of any size by a random part of them, scaled to the square. Chances as in {@link squareAugmenter}. */
export function cropAugmenter(config: AugmentConfig): (target: Target, image: Pixels, key: ImageKey) => void {
  const { augmentation, seed } = config
  return ({ values, offset, size }, image, key) => {
    const { uniform } = random(seed, 'resized crop', key.epoch, key.image)
    const crop = drawResizedCrop(image.width, image.height, uniform)
    // The shift of a padded crop is 0 here.
    const { mirrored, cutout } = drawAugmentation(augmentation, size, uniform)
    const pixels = operated(config, resizeCrop(image, crop, size), size, key)
    const target = values.subarray(offset, offset + size * size * 3)
    augmentImage(pixels, 0, size, { ...noAugmentation, mirrored, cutout }, target)
    colour(config, target, key)
  }
}

/** The bytes of a square image after the operations of RandAugment, if there are any. */
function operated(
  { augmentation: { randaugment }, seed }: AugmentConfig,
  data: Uint8Array,
  side: number,
  { epoch, image }: ImageKey,
): Uint8Array {
  if (!randaugment) return data
  const square = { data, width: side, height: side }
  const { uniform } = random(seed, 'randaugment', epoch, image)
  return applyOperations(square, drawOperations(randaugment, square, uniform))
}

/** Changes the colours of an image in place. */
function colour(
  { augmentation, seed }: AugmentConfig,
  values: Float32Array,
  { epoch, image }: ImageKey,
): void {
  if (augmentation.colour === 0) return
  const { uniform } = random(seed, 'colour', epoch, image)
  changeColours(values, drawColourChange(augmentation.colour, uniform))
}
