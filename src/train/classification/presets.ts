/** Configs to start from. Flags of the command change single fields of a copy. */
import { NASNET_A } from '../../../models/published-cells.js'
import type { RunConfig } from './config.js'

/** The recipe of the paper for CIFAR-10 (NASNet-A 6 @ 768), without cutout: 600 epochs; days on a CPU. */
const paperCifar: RunConfig = {
  task: 'classification',
  data: { name: 'cifar10', folder: null, validation: 5000, classes: null, imageSize: null },
  model: {
    name: 'nasnet-a',
    genotype: NASNET_A,
    stem: 'cifar',
    cells: 6,
    filters: 32,
    stemFilters: 96,
    skipReduction: false,
    dropout: 0,
    batchNorm: { decay: 0.9, epsilon: 1e-5 },
  },
  seed: 1,
  batchSize: 32,
  length: { kind: 'epochs', amount: 600 },
  optimizer: { kind: 'momentum', momentum: 0.9, nesterov: false },
  learningRate: { kind: 'cosine', peak: 0.025, warmup: 0 },
  weightDecay: 5e-4,
  clipNorm: 5,
  dropPathKeep: 0.6,
  auxiliaryWeight: 0.4,
  labelSmoothing: 0,
  averageDecay: null,
  augmentation: { crop: 4, flip: true, cutout: 0, colour: 0 },
  resolution: [],
  checkpoint: { steps: null, seconds: 300 },
  evaluateEvery: 1,
}

/**
 * CIFAR-10 on two cores within an hour: a small network and 14 epochs. The first 10 of them use smaller images, whose
 * steps cost a quarter and a half as much.
 */
const laptopCifar10: RunConfig = {
  ...paperCifar,
  model: { ...paperCifar.model, cells: 1, filters: 16, stemFilters: 32 },
  batchSize: 64,
  length: { kind: 'epochs', amount: 14 },
  optimizer: { kind: 'momentum', momentum: 0.9, nesterov: true },
  learningRate: { kind: 'cosine', peak: 0.1, warmup: 0.5 },
  dropPathKeep: 1,
  auxiliaryWeight: 0,
  averageDecay: 0.999,
  resolution: [
    { untilEpoch: 6, size: 16 },
    { untilEpoch: 10, size: 24 },
  ],
  checkpoint: { steps: null, seconds: 60 },
}

/** The data set that comes with the package, within two and a half minutes. */
const embedded: RunConfig = {
  ...laptopCifar10,
  data: { ...paperCifar.data, name: 'embedded', validation: 0 },
  model: { ...paperCifar.model, cells: 1, filters: 16, stemFilters: 32 },
  batchSize: 32,
  length: { kind: 'seconds', amount: 150 },
  learningRate: { kind: 'cosine', peak: 0.05, warmup: 0.5 },
  averageDecay: 0.99,
  // With smaller images at first, a slow machine would spend its whole time budget on them.
  resolution: [],
  checkpoint: { steps: null, seconds: 30 },
  evaluateEvery: 5,
}

/**
 * A backbone for the detector preset faster-rcnn-nas-embedded, in ten minutes: the same drawings at 64 pixels, as
 * large as many objects of its scenes, through the stem that detectors need.
 */
const embeddedBackbone: RunConfig = {
  ...embedded,
  data: { ...embedded.data, imageSize: 64 },
  model: { ...embedded.model, stem: 'imagenet', cells: 2, filters: 32 },
  length: { kind: 'seconds', amount: 600 },
  augmentation: { crop: 8, flip: true, cutout: 16, colour: 1 },
}

/**
 * The recipe of TF-Slim's notes for NASNet-A mobile (4 @ 1056) on ImageNet, in pieces that fit one machine.
 *
 * The published run has 50 replicas with 32 images each, whose gradients are averaged into one step; here one machine
 * averages as many batches after each other (`accumulate`). The learning rate of "0.04 per replica" is that of all
 * replicas together, 0.04 × 50 = 2.0, as TF-Slim's notes write it: with ε = 1 RMSProp divides by little more than 1, so
 * that its steps grow with the rate as those of SGD do, and the rate grows with the number of images in a step. The length
 * is TF-Slim's `total_training_steps` (312 epochs of 1,281,167 images).
 *
 * Two things differ. Batch norm's averages take in each of the 50 batches with a decay of 0.9997, where TF-Slim takes in
 * those of one replica: they follow the last 3,300 batches, not steps. And TF-Slim's replicas read different streams;
 * here an epoch takes each image once.
 */
const imagenetMobile: RunConfig = {
  task: 'classification',
  data: { ...paperCifar.data, name: 'imagenet', validation: 0, imageSize: 224, preprocessing: 'slim' },
  model: {
    name: 'nasnet-a',
    genotype: NASNET_A,
    stem: 'imagenet',
    cells: 4,
    filters: 44,
    stemFilters: 32,
    skipReduction: false,
    dropout: 0.5,
    batchNorm: { decay: 0.9997, epsilon: 1e-3 },
  },
  seed: 1,
  batchSize: 32,
  accumulate: 50,
  length: { kind: 'steps', amount: 250_000 },
  optimizer: { kind: 'rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
  learningRate: { kind: 'exponential', peak: 0.04 * 50, warmup: 0, rate: 0.97, everyEpochs: 2.4 },
  weightDecay: 4e-5,
  clipNorm: 10,
  dropPathKeep: 1,
  auxiliaryWeight: 0.4,
  labelSmoothing: 0.1,
  averageDecay: 0.9999,
  augmentation: { kind: 'inception', crop: 0, flip: true, cutout: 0, colour: 0 },
  resolution: [],
  checkpoint: { steps: null, seconds: 600 },
  evaluateEvery: 1,
}

/** As {@link imagenetMobile}, for NASNet-A large (6 @ 4032): 100 replicas with 16 images each, 0.015 × 100 = 1.5. */
const imagenetLarge: RunConfig = {
  ...imagenetMobile,
  data: { ...imagenetMobile.data, imageSize: 331 },
  model: { ...imagenetMobile.model, cells: 6, filters: 168, stemFilters: 96, skipReduction: true },
  batchSize: 16,
  accumulate: 100,
  learningRate: { kind: 'exponential', peak: 0.015 * 100, warmup: 0, rate: 0.97, everyEpochs: 2.4 },
  weightDecay: 5e-5,
  dropPathKeep: 0.7,
}

/** What `--init` starts from where no preset is named: trained weights, and images of one's own in a folder. */
const finetune: RunConfig = {
  ...paperCifar,
  data: { ...paperCifar.data, validation: 0 },
  length: { kind: 'epochs', amount: 10 },
  learningRate: { kind: 'cosine', peak: 0.01, warmup: 1 },
  weightDecay: 4e-5,
  dropPathKeep: 1,
  auxiliaryWeight: 0,
  labelSmoothing: 0.1,
  augmentation: { crop: 16, flip: true, cutout: 0, colour: 0.4 },
  keep: 'best',
}

/**
 * What a folder of one's own images starts from: a small network at 96 pixels, through the stem that detectors need, and
 * with the architecture of {@link embeddedBackbone}. Length, batch and evaluations are fitted to the number of images.
 */
const folder: RunConfig = {
  ...embeddedBackbone,
  data: { ...paperCifar.data, name: 'photos', validation: 0, validationFraction: null, imageSize: 96 },
  batchSize: 16,
  length: { kind: 'epochs', amount: 60 },
  learningRate: { kind: 'cosine', peak: 0.05, warmup: 1 },
  labelSmoothing: 0.1,
  augmentation: { kind: 'random-resized-crop', crop: 0, flip: true, cutout: 0, colour: 0.4 },
  checkpoint: { steps: null, seconds: 60 },
  keep: 'best',
}

/** The preset of folders and shards of images. */
export const FOLDER_PRESET = 'folder'

/** The preset of runs that begin with trained weights. */
export const FINETUNE_PRESET = 'finetune'

/** The preset of runs on ImageNet by its name. */
export const IMAGENET_PRESET = 'imagenet-mobile'

/**
 * A preset for steps of another number of images: one whose rate is given per replica has a rate in proportion to the
 * images of a step. Other presets stay as they are.
 */
export function withStepSize(
  name: string,
  { batchSize, accumulate }: { batchSize?: number; accumulate?: number },
): RunConfig {
  const preset = presets[name]
  const { learningRate, accumulate: replicas = 1 } = preset
  if (replicas === 1) return preset
  const published = preset.batchSize * replicas
  const images = (batchSize ?? preset.batchSize) * (accumulate ?? replicas)
  const peak = (learningRate.peak * images) / published
  return { ...preset, learningRate: { ...learningRate, peak } }
}

/** Configs of classifiers by name, as `--preset` takes it. */
export const presets: Record<string, RunConfig> = {
  'paper-cifar': paperCifar,
  'laptop-cifar10': laptopCifar10,
  embedded,
  'embedded-backbone': embeddedBackbone,
  [FOLDER_PRESET]: folder,
  [FINETUNE_PRESET]: finetune,
  [IMAGENET_PRESET]: imagenetMobile,
  'imagenet-large': imagenetLarge,
}
