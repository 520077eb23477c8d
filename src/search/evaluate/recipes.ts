/** Recipes for children to start from; the command's flags change single settings of a copy. */

import type { RunConfig } from '../../train/classification/config.js'
import { presets } from '../../train/classification/presets.js'
import type { SearchSpace } from '../space/space.js'
import type { ReconstructSettings, SharedSettings, TrainSettings } from './settings.js'

/** Small enough for seconds or minutes on one core: N = 1, F = 16, images of 16 × 16. */
const child: RunConfig = {
  ...presets['laptop-cifar10'],
  model: { ...presets['laptop-cifar10'].model, cells: 1, filters: 16, stemFilters: 32 },
  learningRate: { kind: 'cosine', peak: 0.05, warmup: 0 },
  averageDecay: null,
  resolution: [],
  augmentation: { crop: 2, flip: true, cutout: 0, colour: 0 },
}

const recipe = (space: SearchSpace, run: RunConfig) => ({
  space,
  run,
  imageSize: 16,
  trainImages: null,
  latency: false,
})

/** Children trained on their own for two epochs of 10,000 images: a minute or two on one core. */
export function trainRecipe(space: SearchSpace): TrainSettings {
  return {
    kind: 'train',
    ...recipe(space, { ...child, length: { kind: 'epochs', amount: 2 } }),
    trainImages: 10_000,
    validationImages: 2500,
    stopBelow: 0.25,
  }
}

/** Children that start from shared weights: some seconds on one core. `weights`: where those lie. */
export function sharedRecipe(space: SearchSpace, weights: string): SharedSettings {
  return {
    kind: 'shared',
    ...recipe(space, { ...child, batchSize: 32, length: { kind: 'steps', amount: 30 } }),
    validationImages: 1000,
    weights,
    warmUp: { rounds: 120, sideBySide: 2, rate: 0.3 },
  }
}

/** The best, trained longer: five epochs of all images. */
export function retrainRecipe(space: SearchSpace): TrainSettings {
  return {
    ...trainRecipe(space),
    run: {
      ...child,
      length: { kind: 'epochs', amount: 5 },
      learningRate: { kind: 'cosine', peak: 0.1, warmup: 0.5 },
    },
    trainImages: null,
    validationImages: null,
    stopBelow: 0,
  }
}

/**
 * Autoencoders trained on their own: images of 16 × 16 through a code of 4 × 4 × 16, a third of their numbers; four
 * stages of one normal cell.
 */
export function reconstructRecipe(space: SearchSpace): ReconstructSettings {
  const { data, seed, clipNorm, averageDecay } = child
  return {
    kind: 'reconstruct',
    space,
    sizes: {
      stages: 2,
      cells: 1,
      filters: 8,
      stemFilters: 16,
      codeChannels: 16,
      batchNorm: child.model.batchNorm,
    },
    run: {
      data,
      seed,
      batchSize: 32,
      length: { kind: 'steps', amount: 200 },
      // Squared errors of pixels are small, and so are their gradients: their size must not matter.
      optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
      learningRate: { kind: 'cosine', peak: 0.006, warmup: 0 },
      weightDecay: 0,
      clipNorm,
      averageDecay,
      augmentation: { crop: 0, flip: true, cutout: 0, colour: 0 },
    },
    imageSize: 16,
    trainImages: 10_000,
    validationImages: 1000,
    latency: false,
  }
}

/** The best, and the plain autoencoder that they are compared with, trained longer: three times as many steps. */
export function longerReconstructRecipe(space: SearchSpace): ReconstructSettings {
  const recipe = reconstructRecipe(space)
  return {
    ...recipe,
    run: { ...recipe.run, length: { kind: 'steps', amount: 600 } },
    trainImages: null,
    validationImages: null,
  }
}
