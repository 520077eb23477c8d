/**
 * Batches of a detector: which images, in which order, and where they are placed. The batches of step k depend on the
 * seed and on k only.
 */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { NO_OBJECT } from '../../../models/ground-truth.js'
import { UserError } from '../../shared/errors.js'
import { random } from '../../shared/random.js'
import { type ColourChange, drawColourChange } from '../images/colour.js'
import { epochOrder } from '../images/order.js'
import { changeColoursOn, placeObjects, placePixels } from './augment.js'
import type { DetectorRunConfig } from './config.js'
import { decodedImages } from './decoded.js'
import { drawPlacement, type Placement } from './placement.js'
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
  /** The batches of step `step`, counted from 0 over the whole run. */
  batch(step: number): Promise<DetectionStepBatch>
}

export interface BatchesOptions {
  /** Called once for everything left out: objects beyond the largest `maxObjects`, images that cannot be read. */
  warn?: (text: string) => void
}

/**
 * The batches of a run over `set`. The order of an epoch is drawn from (seed, epoch), the placement of an image from
 * (seed, epoch, image), the size from (seed, step). An image that cannot be read is replaced by the next one of the set
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
  const stepsPerEpoch = Math.floor(count / imagesPerStep)
  const decode = decodedImages(set, { warn })
  let shuffled: { epoch: number; order: Uint32Array } = { epoch: -1, order: new Uint32Array(0) }

  /** Places image `image` and writes it to index `slot` of the batch. */
  async function fill(batch: DetectionBatch, slot: number, image: number, epoch: number): Promise<void> {
    const { index, pixels } = await decode(image)
    const placement = placementIn(config, { epoch, image, size: pixels, inputSize: batch.imageSize })
    const { minVisible } = config.augmentation
    const { boxes, labels } = placeObjects(set.images[index], placement, { minVisible, most: maxObjects })
    const bytes = await placePixels(pixels, placement, config.resize)
    scaleInto(batch.images, slot * bytes.length, bytes)
    if (config.augmentation.colour > 0)
      changeColoursOn(batch.images, slot * bytes.length, placement, colourIn(config, { epoch, image }))
    batch.boxes.set(boxes, slot * maxObjects * 4)
    batch.labels.set(labels, slot * maxObjects)
  }

  return {
    stepsPerEpoch,
    async batch(step) {
      const epoch = Math.floor(step / stepsPerEpoch)
      if (shuffled.epoch !== epoch) shuffled = { epoch, order: epochOrder(count, seed, epoch) }
      const { order } = shuffled
      const imageSize = sizeAt(config, step)
      const first = (step % stepsPerEpoch) * imagesPerStep
      const batches = Array.from({ length: accumulate }, () => emptyBatch(batchSize, maxObjects, imageSize))
      await Promise.all(
        Array.from({ length: imagesPerStep }, (_, i) =>
          fill(batches[Math.floor(i / batchSize)], i % batchSize, order[first + i], epoch),
        ),
      )
      return { batches, imageSize }
    },
  }
}

/** The placement of image `image`, of `size` pixels, in epoch `epoch`. */
export function placementIn(
  { augmentation, resize, seed }: Pick<DetectorRunConfig, 'augmentation' | 'resize' | 'seed'>,
  {
    epoch,
    image,
    size: { width, height },
    inputSize,
  }: { epoch: number; image: number; size: { width: number; height: number }; inputSize: [number, number] },
): Placement {
  const { uniform } = random(seed, 'augmentation', epoch, image)
  return drawPlacement(augmentation, { mode: resize, inputSize, width, height }, uniform)
}

/** The change of colours of image `image` in epoch `epoch`. */
export function colourIn(
  { augmentation, seed }: Pick<DetectorRunConfig, 'augmentation' | 'seed'>,
  { epoch, image }: { epoch: number; image: number },
): ColourChange {
  return drawColourChange(augmentation.colour, random(seed, 'colour', epoch, image).uniform)
}

/** [height, width] of the input in step `step`: the input size or one of the further sizes, with equal probability. */
export function sizeAt(
  { inputSize, multiScale, seed }: Pick<DetectorRunConfig, 'inputSize' | 'multiScale' | 'seed'>,
  step: number,
): [number, number] {
  const sizes = [inputSize, ...multiScale]
  return sizes[Math.floor(random(seed, 'size', step).uniform() * sizes.length)]
}

function emptyBatch(batchSize: number, maxObjects: number, imageSize: [number, number]): DetectionBatch {
  return {
    images: new Float32Array(batchSize * imageSize[0] * imageSize[1] * 3),
    boxes: new Float32Array(batchSize * maxObjects * 4),
    labels: new Int32Array(batchSize * maxObjects).fill(NO_OBJECT),
    imageSize,
  }
}

/** Scales bytes 0…255 to [−1, 1], as the exported detector does. */
function scaleInto(target: Float32Array, offset: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) target[offset + i] = bytes[i] * (2 / 255) - 1
}

function warnOfCrowding({ images }: DetectionSet, maxObjects: number, warn: (text: string) => void): void {
  const crowded = images.filter(({ labels }) => labels.length > maxObjects)
  if (crowded.length === 0) return
  const most = crowded.reduce((count, { labels }) => Math.max(count, labels.length), 0)
  warn(
    `${crowded.length} of ${images.length} images have more than ${maxObjects} boxes (up to ${most}); the ${maxObjects} largest of each are trained on. Raise --max-objects to train on all.`,
  )
}
