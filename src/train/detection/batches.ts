/**
 * Batches of a detector: which images, in which order, and where they are placed. The batches of step k depend on the
 * seed and on k only, and on how far the run is at step k where an augmentation ends early.
 */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { NO_OBJECT } from '../../../models/ground-truth.js'
import { UserError } from '../../shared/errors.js'
import { random } from '../../shared/random.js'
import { epochOrder } from '../images/order.js'
import type { DetectorRunConfig } from './config.js'
import { decodedImages } from './decoded.js'
import { repeatedCount, repeatedOrder, repeatFactors } from './repeat-factors.js'
import { drawSample, objectsOf, type SamplePlace, writeTiles } from './sample.js'
import type { DetectionBatch } from './step-types.js'

/** The input of one step. */
export interface DetectionStepBatch {
  /** As many batches as are accumulated. */
  batches: DetectionBatch[]
  /** [H, W] of all images. */
  imageSize: [number, number]
}

export interface DetectionBatches {
  /** Full steps in an epoch. The images left over are skipped in this epoch; in the next one others are. */
  stepsPerEpoch: number
  /**
   * The batches of step `step`, counted from 0 over the whole run, of which the fraction `progress` is done then (default: 0):
   * some augmentation ends before the run does.
   */
  batch(step: number, progress?: number): Promise<DetectionStepBatch>
}

export interface BatchesOptions {
  /** Called once for everything left out: objects beyond the largest `maxObjects`, images that cannot be read. */
  warn?: (text: string) => void
}

/**
 * The batches of a run over `set`. The order of an epoch is drawn from (seed, epoch), the placement of an image from
 * (seed, epoch, image), the size from (seed, step) for some
 * steps together. An image that cannot be read is replaced by the next one of the set
 * that can.
 *
 * @throws UserError when the set is smaller than a step; `batch` throws one when no image can be read
 */
export function makeDetectionBatches(
  config: DetectorRunConfig,
  set: DetectionSet,
  { warn = () => {} }: BatchesOptions = {},
): DetectionBatches {
  const { batchSize, accumulate, seed, maxObjects } = config
  const imagesPerStep = batchSize * accumulate
  const count = set.images.length
  if (count < imagesPerStep)
    throw new UserError(
      `${set.name} has ${count} images, fewer than the ${imagesPerStep} of one step; lower the batch size or how many batches are accumulated`,
    )
  warnOfCrowding(set, maxObjects, warn)
  const factors = config.balance ? repeatFactors(set, config.balance) : null
  const stepsPerEpoch = Math.floor((factors === null ? count : repeatedCount(factors)) / imagesPerStep)
  const decode = decodedImages(set, { warn })
  let shuffled: { epoch: number; order: Uint32Array } = { epoch: -1, order: new Uint32Array(0) }

  /** Places image `image` of the epoch's order and writes it to index `slot` of the batch. */
  async function fill(
    batch: DetectionBatch,
    slot: number,
    place: Omit<SamplePlace, 'inputSize'>,
  ): Promise<void> {
    const { imageSize } = batch
    const tiles = await drawSample(config, decode, { ...place, inputSize: imageSize })
    const { minVisible } = config.augmentation
    const { boxes, labels } = objectsOf(tiles, set, { minVisible, most: maxObjects })
    writeTiles(batch.images, (slot * batch.images.length) / batchSize, tiles, imageSize)
    batch.boxes.set(boxes, slot * maxObjects * 4)
    batch.labels.set(labels, slot * maxObjects)
  }

  return {
    stepsPerEpoch,
    async batch(step, progress = 0) {
      const epoch = Math.floor(step / stepsPerEpoch)
      if (shuffled.epoch !== epoch)
        shuffled = {
          epoch,
          order: factors === null ? epochOrder(count, seed, epoch) : repeatedOrder(factors, seed, epoch),
        }
      const { order } = shuffled
      const imageSize = sizeAt(config, step, progress)
      const first = (step % stepsPerEpoch) * imagesPerStep
      const batches = Array.from({ length: accumulate }, () => emptyBatch(batchSize, maxObjects, imageSize))
      await Promise.all(
        Array.from({ length: imagesPerStep }, (_, i) =>
          fill(batches[Math.floor(i / batchSize)], i % batchSize, {
            ...{ epoch, image: order[first + i], count, progress },
          }),
        ),
      )
      return { batches, imageSize }
    },
  }
}

/** Steps of one size in a row: the state moves to another compiled step at each change, which costs a third of a step. */
export const STEPS_OF_A_SIZE = 10

/**
 * [height, width] of the input in step `step`, before which the fraction `progress` of the run is done: the input size or one
 * of the further sizes, with equal probability, for {@link STEPS_OF_A_SIZE} steps each; at the end the input size.
 */
export function sizeAt(
  {
    inputSize,
    multiScale,
    multiScaleUntil = 1,
    seed,
  }: Pick<DetectorRunConfig, 'inputSize' | 'multiScale' | 'multiScaleUntil' | 'seed'>,
  step: number,
  progress = 0,
): [number, number] {
  if (progress >= multiScaleUntil) return inputSize
  const sizes = [inputSize, ...multiScale]
  return sizes[Math.floor(random(seed, 'size', Math.floor(step / STEPS_OF_A_SIZE)).uniform() * sizes.length)]
}

function emptyBatch(batchSize: number, maxObjects: number, imageSize: [number, number]): DetectionBatch {
  return {
    images: new Float32Array(batchSize * imageSize[0] * imageSize[1] * 3),
    boxes: new Float32Array(batchSize * maxObjects * 4),
    labels: new Int32Array(batchSize * maxObjects).fill(NO_OBJECT),
    imageSize,
  }
}

function warnOfCrowding({ images }: DetectionSet, maxObjects: number, warn: (text: string) => void): void {
  const crowded = images.filter(({ labels }) => labels.length > maxObjects)
  if (crowded.length === 0) return
  const most = crowded.reduce((count, { labels }) => Math.max(count, labels.length), 0)
  warn(
    `${crowded.length} of ${images.length} images have more than ${maxObjects} boxes (up to ${most}); the ${maxObjects} largest of each are trained on. Raise --max-objects to train on all.`,
  )
}
