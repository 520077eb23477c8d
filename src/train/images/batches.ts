/** Batches: which images, in which order, and how they are augmented. Batch k depends on the seed and on k only. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { UserError } from '../../shared/errors.js'
import { random, shuffle } from '../../shared/random.js'
import type { ImageConfig, TrainingConfig } from '../settings/config.js'
import { augmentImage, boxDownscale, type Downscale, drawAugmentation } from './augment.js'
import { changeColours, drawColourChange } from './colour.js'
import { imageSizeAt } from './image-size.js'

export interface Batch {
  /** batchSize × S × S × 3 in [−1, 1]. */
  images: Float32Array
  labels: Int32Array
  /** S. */
  imageSize: number
}

/** The settings that batches depend on. */
export type BatchConfig = ImageConfig & Pick<TrainingConfig, 'batchSize' | 'seed'>

export interface Batches {
  /** Full batches in an epoch. The images left over are skipped in this epoch; in the next one others are. */
  stepsPerEpoch: number
  /** The batch of step `step`, counted from 0 over the whole run. */
  batch(step: number): Batch
}

/**
 * The batches of a run over `set`. The order of an epoch is drawn from (seed, epoch), and the augmentation of an image
 * from (seed, epoch, image). So a resumed run gets the same batches as one that was never stopped.
 *
 * @throws UserError when the images are not square, or fewer than one batch
 */
export function makeBatches(config: BatchConfig, set: ImageSet): Batches {
  const { batchSize, seed } = config
  const side = set.height
  if (set.width !== side)
    throw new UserError(
      `The images of ${set.name} are ${set.height}×${set.width}; training takes square ones`,
    )
  if (set.count < batchSize)
    throw new UserError(
      `${set.name} has ${set.count} images, fewer than one batch of ${batchSize}; lower the batch size`,
    )
  for (const stage of config.resolution) imageSizeAt(config, stage.untilEpoch - 1, side)
  const stepsPerEpoch = Math.floor(set.count / batchSize)
  const bytes = side * side * 3
  const full = new Float32Array(bytes)
  let shuffled: { epoch: number; order: Uint32Array } = { epoch: -1, order: new Uint32Array(0) }
  let downscale: { size: number; to: Downscale } = { size: side, to: boxDownscale(side, side) }

  return {
    stepsPerEpoch,
    batch(step) {
      const epoch = Math.floor(step / stepsPerEpoch)
      const imageSize = imageSizeAt(config, epoch, side)
      if (shuffled.epoch !== epoch) shuffled = { epoch, order: epochOrder(set.count, seed, epoch) }
      if (downscale.size !== imageSize) downscale = { size: imageSize, to: boxDownscale(side, imageSize) }
      const images = new Float32Array(batchSize * imageSize * imageSize * 3)
      const labels = new Int32Array(batchSize)
      const first = (step % stepsPerEpoch) * batchSize
      for (let i = 0; i < batchSize; i++) {
        const image = shuffled.order[first + i]
        const { uniform } = random(seed, 'augmentation', epoch, image)
        augmentImage(
          set.pixels,
          image * bytes,
          side,
          drawAugmentation(config.augmentation, side, uniform),
          full,
        )
        if (config.augmentation.colour > 0) {
          const drawn = random(seed, 'colour', epoch, image)
          changeColours(full, drawColourChange(config.augmentation.colour, drawn.uniform))
        }
        downscale.to(full, images, i * imageSize * imageSize * 3)
        labels[i] = set.labels[image]
      }
      return { images, labels, imageSize }
    },
  }
}

/** The order of an epoch's images: a permutation of 0 … count − 1. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  return shuffle(order, random(seed, 'order', epoch).uniform)
}
