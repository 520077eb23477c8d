/** From the bytes of an image to the floats that a step trains on: augmented, in the size of the epoch. */
import { random } from '../../shared/random.js'
import { distortInto, drawDistortion, type Pixels } from '../inception/distort.js'
import type { ImageConfig, TrainingConfig } from '../settings/config.js'
import { augmentImage, boxDownscale, type Downscale, drawAugmentation } from './augment.js'
import { changeColours, drawColourChange } from './colour.js'

/** The settings that augmentation depends on. */
export type AugmentConfig = Pick<ImageConfig, 'augmentation'> & Pick<TrainingConfig, 'seed'>

/** An image of a run: the place that its chances are drawn for. */
export interface ImageKey {
  epoch: number
  /** Index in its set or source. */
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
  const full = new Float32Array(side * side * 3)
  let downscale: { size: number; to: Downscale } = { size: side, to: boxDownscale(side, side) }
  return ({ values, offset, size }, { data, from }, { epoch, image }) => {
    if (downscale.size !== size) downscale = { size, to: boxDownscale(side, size) }
    const { uniform } = random(seed, 'augmentation', epoch, image)
    augmentImage(data, from, side, drawAugmentation(augmentation, side, uniform), full)
    if (augmentation.colour > 0) {
      const drawn = random(seed, 'colour', epoch, image)
      changeColours(full, drawColourChange(augmentation.colour, drawn.uniform))
    }
    downscale.to(full, values, offset)
  }
}
