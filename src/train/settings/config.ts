/**
 * The parts that the configs of several tasks share. A part is switched off by a value (0, 1, null or an empty list),
 * never by a missing field.
 */
import type { DataFingerprint, FilesFingerprint } from '../../../datasets/index.js'
import { type Genotype, parseGenotype } from '../../../models/genotype.js'
import { UserError } from '../../shared/errors.js'
import * as schema from '../../shared/schema.js'

export interface DataConfig {
  /** `cifar10`, `embedded`, … as the datasets know it. */
  name: string
  /** Folder that the images come from; null: where the data set lies by default. */
  folder: string | null
  /** Training images held out for validation, chosen by `seed`; ignored where the data set brings its own. */
  validation: number
  /** Names of the classes and side of the images, noted when a run begins; null in presets. */
  classes: string[] | null
  imageSize: number | null
  /** Of the data that a run began with, noted then; missing in presets, and for data that comes with the package. */
  fingerprint?: DataFingerprint
}

export interface ModelConfig {
  /** Name of the architecture for people, for example `nasnet-a`. */
  name: string
  /** The genotype itself, so that the run needs no file beside it. */
  genotype: Genotype
  /** `cifar` for small images, `imagenet` (32 times smaller after it all) for large ones. */
  stem: 'cifar' | 'imagenet'
  /** Normal cells in each of the three stages (N). */
  cells: number
  /** Filters of the first stage (F). */
  filters: number
  /** Filters of the 3×3 stem convolution. */
  stemFilters: number
  /** Whether the cell after a reduction cell looks past it for its previous input, as in NASNet-A Large. */
  skipReduction: boolean
  /** Dropout before the last dense layer: the fraction dropped; 0: off. */
  dropout: number
  batchNorm: { decay: number; epsilon: number }
}

export type OptimizerConfig =
  | { kind: 'momentum'; momentum: number; nesterov: boolean }
  | { kind: 'rmsprop'; decay: number; momentum: number; epsilon: number }
  | { kind: 'adam'; beta1: number; beta2: number; epsilon: number }

/** `peak` is the highest learning rate; `warmup` counts epochs of linear growth from 0 (fractions allowed). */
export type LearningRateConfig =
  | { kind: 'constant'; peak: number; warmup: number }
  /** Half a cosine from the peak to 0 over the whole run. */
  | { kind: 'cosine'; peak: number; warmup: number }
  /** Times `rate` after every `everyEpochs` epochs, in steps (the paper: ×0.97 every 2.4 epochs). */
  | { kind: 'exponential'; peak: number; warmup: number; rate: number; everyEpochs: number }
  /** Times `rate` once each of the steps `at` is reached (Faster R-CNN: ÷10 at 900,000 and at 1,200,000). */
  | { kind: 'step'; peak: number; warmup: number; rate: number; at: number[] }
  /** Up from peak/25 to the peak during the fraction `rise` of the run, then down to 0, each half a cosine. */
  | { kind: 'one-cycle'; peak: number; rise: number }

/** How long to train. A time budget makes the schedule follow the clock, so such a run cannot be repeated bit for bit. */
export interface LengthConfig {
  kind: 'epochs' | 'steps' | 'seconds'
  amount: number
}

export interface AugmentationConfig {
  /** Pixels padded at each side before a random crop to the first size; 0: off. */
  crop: number
  /** Mirror every other image, by chance. */
  flip: boolean
  /** Side of the square blanked out at a random place, in pixels; 0: off. */
  cutout: number
  /** How much brightness, contrast, saturation and hue change by chance, in [0, 1]; 0: not at all. */
  colour: number
}

/** Images are scaled down to `size` × `size` until the epoch `untilEpoch` (first epoch: 0) begins. */
export interface ResolutionStage {
  untilEpoch: number
  size: number
}

/** A checkpoint is written after this many steps or seconds, whichever comes first, and at the end. */
export interface CheckpointConfig {
  steps: number | null
  seconds: number | null
}

/** The settings that the training of every task has. */
export interface TrainingConfig {
  seed: number
  batchSize: number
  length: LengthConfig
  optimizer: OptimizerConfig
  learningRate: LearningRateConfig
  /** L2 factor on convolution and dense weights; 0: off. */
  weightDecay: number
  /** Largest global norm of the gradient; null: no clipping. */
  clipNorm: number | null
  /** Decay of the exponential moving average of the weights; null: no average. */
  averageDecay: number | null
  checkpoint: CheckpointConfig
  /** Epochs between evaluations on the validation images, fractions allowed; the end is always evaluated. */
  evaluateEvery: number
}

/** The settings of the tasks that train on whole images. */
export interface ImageConfig {
  data: DataConfig
  augmentation: AugmentationConfig
  /** Smaller images at first; empty: full size throughout. */
  resolution: ResolutionStage[]
}

const { boolean, choice, integer, list, nullable, number, optional, record, string, variants } = schema
const fraction = number({ from: 0, below: 1 })
const positive = number({ above: 0 })
const peakAndWarmup = { peak: positive, warmup: number({ from: 0 }) }

/** Strength of the change of colours. Runs from before there was such a thing have none. */
export const colourStrength: schema.Schema<number> = (value, field) =>
  number({ from: 0, to: 1 })(value ?? 0, field)

export const batchNormSettings = record<ModelConfig['batchNorm']>({ decay: fraction, epsilon: positive })

/** Schemas of the parts that the configs of all tasks share. */
export const shared = {
  model: record<ModelConfig>({
    name: string,
    genotype: (value, field) => parseGenotype(value, `"${field}"`),
    stem: choice('cifar', 'imagenet'),
    cells: integer(1, 100),
    filters: integer(1, 10_000),
    stemFilters: integer(1, 10_000),
    skipReduction: boolean,
    dropout: fraction,
    batchNorm: batchNormSettings,
  }),
  seed: integer(0, 2 ** 32 - 1),
  batchSize: integer(1, 100_000),
  length: record<LengthConfig>({ kind: choice('epochs', 'steps', 'seconds'), amount: positive }),
  optimizer: variants<OptimizerConfig>({
    momentum: { kind: choice('momentum'), momentum: fraction, nesterov: boolean },
    rmsprop: { kind: choice('rmsprop'), decay: fraction, momentum: fraction, epsilon: positive },
    adam: { kind: choice('adam'), beta1: fraction, beta2: fraction, epsilon: positive },
  }),
  learningRate: variants<LearningRateConfig>({
    constant: { kind: choice('constant'), ...peakAndWarmup },
    cosine: { kind: choice('cosine'), ...peakAndWarmup },
    exponential: {
      kind: choice('exponential'),
      ...peakAndWarmup,
      rate: number({ above: 0, to: 1 }),
      everyEpochs: positive,
    },
    step: {
      kind: choice('step'),
      ...peakAndWarmup,
      rate: number({ above: 0, to: 1 }),
      at: list(integer(1)),
    },
    'one-cycle': { kind: choice('one-cycle'), peak: positive, rise: fraction },
  }),
  weightDecay: number({ from: 0 }),
  clipNorm: nullable(positive),
  averageDecay: nullable(fraction),
  checkpoint: record<CheckpointConfig>({ steps: nullable(integer(1)), seconds: nullable(positive) }),
}

/** Of a set of files. */
export const filesFingerprint = record<FilesFingerprint>({
  files: integer(0),
  bytes: integer(0),
  names: string,
  contents: string,
})

/** Of the parts of a data set for classification. */
export const dataFingerprint = record<DataFingerprint>({
  train: filesFingerprint,
  validation: optional(filesFingerprint),
  test: optional(filesFingerprint),
})

/** Of the tasks that train on whole images. */
export const ofImages = {
  data: record<DataConfig>({
    name: string,
    folder: nullable(string),
    validation: integer(0),
    classes: nullable(list(string)),
    imageSize: nullable(integer(1)),
    fingerprint: optional(dataFingerprint),
  }),
  augmentation: record<AugmentationConfig>({
    crop: integer(0, 1000),
    flip: boolean,
    cutout: integer(0, 1000),
    colour: colourStrength,
  }),
}

/** Throws a `UserError` for a part of an epoch or of a step. `prefix` stands before the field's name. */
export function checkLength({ kind, amount }: LengthConfig, prefix = ''): void {
  if (kind !== 'seconds' && !Number.isInteger(amount))
    throw new UserError(`"${prefix}length.amount" is ${amount}, but ${kind} are whole numbers`)
}
