/** Batches of images in memory: which, in which order, and how they are augmented. They depend on seed and step only. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { UserError } from '../../shared/errors.js'
import type { ImageConfig, TrainingConfig } from '../settings/config.js'
import { imageSizeAt } from './image-size.js'
import type { PairedLabels } from './mix.js'
import { balancedOrder, batchPlace, epochOrder, type StepSizes, stepsInEpoch } from './order.js'
import { squareAugmenter } from './training-image.js'

export interface Batch {
  /** batchSize × S × S × 3 in [−1, 1]. */
  images: Float32Array
  labels: Int32Array
  /** S. */
  imageSize: number
  /** Where images are mixed or classes weighted: what counts instead of `labels` alone. */
  pairs?: PairedLabels
}

/**
 * The settings that batches depend on. `accumulate`: batches in a step, by default 1. `balance`: with `sampling`, classes are
 * equally frequent in each epoch.
 */
export type BatchConfig = ImageConfig &
  Pick<TrainingConfig, 'batchSize' | 'seed'> &
  Partial<Pick<StepSizes, 'accumulate'>> & { balance?: string | null }

export interface Batches {
  /** Full steps in an epoch. The images left over are skipped in this epoch; in the next one others are. */
  stepsPerEpoch: number
  /** Batch `part` (by default the first) of step `step`, counted from 0 over the whole run. */
  batch(step: number, part?: number): Batch
}

/**
 * Throws a `UserError` when a data set has fewer images than a step, or a stage of `resolution` is larger than its
 * images of side `side`.
 */
export function assertTrainable(
  config: BatchConfig,
  { name, count }: { name: string; count: number },
  side: number,
): void {
  const { batchSize, accumulate = 1 } = config
  if (count < batchSize * accumulate)
    throw new UserError(
      accumulate === 1
        ? `${name} has ${count} images, fewer than one batch of ${batchSize}; lower the batch size`
        : `${name} has ${count} images, fewer than the ${batchSize * accumulate} of one step; lower the batch size or how many batches are accumulated`,
    )
  for (const stage of config.resolution) imageSizeAt(config, stage.untilEpoch - 1, side)
}

/**
 * The batches of a run over `set`. The order of an epoch is drawn from (seed, epoch), and the augmentation of an image
 * from (seed, epoch, image). So a resumed run gets the same batches as one that was never stopped.
 *
 * @throws UserError when the images are not square, or fewer than one step takes
 */
export function makeBatches(config: BatchConfig, set: ImageSet): Batches {
  const { batchSize, seed, accumulate = 1 } = config
  const side = set.height
  if (set.width !== side)
    throw new UserError(
      `The images of ${set.name} are ${set.height}×${set.width}; training takes square ones`,
    )
  assertTrainable(config, set, side)
  const sizes = { batchSize, accumulate }
  const stepsPerEpoch = stepsInEpoch(set.count, sizes)
  const augment = squareAugmenter(config, side)
  const orderOf = (epoch: number): Uint32Array =>
    config.balance === 'sampling'
      ? balancedOrder(set.labels, seed, epoch)
      : epochOrder(set.count, seed, epoch)
  let shuffled: { epoch: number; order: Uint32Array } = { epoch: -1, order: new Uint32Array(0) }

  return {
    stepsPerEpoch,
    batch(step, part = 0) {
      const { epoch, first } = batchPlace({ step, part, stepsPerEpoch }, sizes)
      const imageSize = imageSizeAt(config, epoch, side)
      if (shuffled.epoch !== epoch) shuffled = { epoch, order: orderOf(epoch) }
      const floats = imageSize * imageSize * 3
      const images = new Float32Array(batchSize * floats)
      const labels = new Int32Array(batchSize)
      for (let i = 0; i < batchSize; i++) {
        const drawn = shuffled.order[first + i]
        const image = drawn % set.count
        const target = { values: images, offset: i * floats, size: imageSize }
        augment(target, { data: set.pixels, from: image * side * side * 3 }, { epoch, image: drawn })
        labels[i] = set.labels[image]
      }
      return { images, labels, imageSize }
    },
  }
}
