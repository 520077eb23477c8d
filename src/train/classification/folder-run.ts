/** Fits presets to images of one's own: to a folder or shards, whose number of images no preset can know. */
import type { RunConfig } from './config.js'

/** Side in pixels of the images that the presets for CIFAR-10 and the embedded data set are made for. */
const SMALL_IMAGES = 32

/**
 * A preset for folders and shards of images. The validation images of the preset are of its own data set: of other data a
 * share is held out, unless it brings some. Images have the size that the preset is made for.
 *
 * @param ownSize whether another size is known, such as that of the first weights
 */
export function forFolder(preset: RunConfig, ownSize: boolean): RunConfig {
  const { data } = preset
  return {
    ...preset,
    data: {
      ...data,
      validation: 0,
      validationFraction: null,
      imageSize: data.imageSize ?? (ownSize ? null : SMALL_IMAGES),
    },
  }
}

/** Steps that random weights need at least to learn classes of images. */
const STEPS = 1500
/** Bounds of a fitted length, in epochs. */
const EPOCHS = { least: 10, most: 150 }
/** Evaluations in a run. */
const EVALUATIONS = 30

/** Settings that were chosen, and are not fitted. */
export interface Chosen {
  batchSize: boolean
  length: boolean
  evaluateEvery: boolean
}

/** The config with a batch that `images` training images fill. */
export function fitBatch(config: RunConfig, images: number, chosen: Pick<Chosen, 'batchSize'>): RunConfig {
  const { batchSize, accumulate = 1 } = config
  if (chosen.batchSize || accumulate > 1 || images < 1 || batchSize <= images) return config
  return { ...config, batchSize: images }
}

/**
 * The config with a length and evaluations that suit `images` training images: of a few hundred so many epochs that there
 * are steps enough to learn something, of many thousands few.
 */
export function fitLength(config: RunConfig, images: number, chosen: Omit<Chosen, 'batchSize'>): RunConfig {
  const { batchSize, accumulate = 1 } = config
  const stepsPerEpoch = Math.max(1, Math.floor(images / (batchSize * accumulate)))
  const amount = Math.min(EPOCHS.most, Math.max(EPOCHS.least, Math.ceil(STEPS / stepsPerEpoch)))
  const length = chosen.length ? config.length : { kind: 'epochs' as const, amount }
  const epochs = length.kind === 'steps' ? length.amount / stepsPerEpoch : length.amount
  if (chosen.evaluateEvery || length.kind === 'seconds') return { ...config, length }
  return { ...config, length, evaluateEvery: Math.max(1, Math.round(epochs / EVALUATIONS)) }
}
