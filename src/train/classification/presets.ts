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

/** The data set that comes with the package, within two and a half minutes: what `npm start` runs. */
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
}

/** The preset of runs that begin with trained weights. */
export const FINETUNE_PRESET = 'finetune'

/** Configs of classifiers by name, as `--preset` takes it. */
export const presets: Record<string, RunConfig> = {
  'paper-cifar': paperCifar,
  'laptop-cifar10': laptopCifar10,
  embedded,
  'embedded-backbone': embeddedBackbone,
  [FINETUNE_PRESET]: finetune,
}
