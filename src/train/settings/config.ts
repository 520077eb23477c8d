/**
 * The parts that the configs of several tasks share. A part is switched off by a value (0, 1, null or an empty list),
 * never by a missing field. Fields that came later may be missing; what that means, they say.
 */
import * as z from 'zod/mini'
import { genotype } from '../../../models/genotype.js'
import { nasnetFields, type StridedPools } from '../../../models/nasnet-config.js'
import { PREPROCESSINGS } from '../../shared/classifier-input.js'
import { type Fields, number, rule, text, wholeNumber } from '../../shared/validation.js'

const fraction = number({ from: 0, below: 1 })
const positive = number({ above: 0 })

/** Of a set of files. */
export const filesFingerprint = z.strictObject({
  files: wholeNumber(0),
  bytes: wholeNumber(0),
  names: text(),
  contents: text(),
})

/** Of the parts of a data set for classification. */
export const dataFingerprint = z.strictObject({
  train: filesFingerprint,
  validation: z.optional(filesFingerprint),
  test: z.optional(filesFingerprint),
})

/** About two gigabytes of photographs, of which the file system's cache holds what is read. */
export const SHUFFLE_BUFFER = 16_384

const data = z.strictObject({
  /** `cifar10`, `embedded`, … as the datasets know it. */
  name: text(),
  /** Folder that the images come from; null: where the data set lies by default. */
  folder: z.nullable(text()),
  /** Training images held out for validation, chosen by `seed`; ignored where the data set brings its own. */
  validation: wholeNumber(0),
  /**
   * Instead of `validation`: the share of the training images of folders and shards that is held out, stratified by class.
   * Null in presets: it is chosen, and noted when a run begins.
   */
  validationFraction: z.optional(z.nullable(fraction)),
  /** Names of the classes, noted when a run begins; null in presets. */
  classes: z.nullable(z.array(text())),
  /** Side of the images in pixels, noted when a run begins; null in presets. */
  imageSize: z.nullable(wholeNumber(1)),
  /** How images are brought to that size. Missing: `cover`. */
  preprocessing: z.optional(z.enum(PREPROCESSINGS)),
  /**
   * Images among which the next one is drawn where they lie in shards, by default `SHUFFLE_BUFFER`; other data is
   * shuffled as a whole.
   */
  shuffleBuffer: z.optional(wholeNumber(1)),
  /** Whether training goes on with the next image where one cannot be read; otherwise it stops. */
  skipUnreadable: z.optional(z.boolean()),
  /** Of the data that a run began with, noted then; missing in presets, and for data that comes with the package. */
  fingerprint: z.optional(dataFingerprint),
})
export type DataConfig = z.infer<typeof data>

/** How much brightness, contrast, saturation and hue change by chance, in [0, 1]; 0: not at all, as in old configs. */
export const colourStrength = z._default(number({ from: 0, to: 1 }), 0)

/** How training images are changed by chance; the first is meant where none is named. */
export const AUGMENTATIONS = ['padded-crop', 'random-resized-crop', 'inception'] as const

/** `magnitude` as in torchvision, from 0 to 30. */
const randaugment = z.strictObject({ operations: wholeNumber(1, 14), magnitude: wholeNumber(0, 30) })

const augmentation = z
  .strictObject({
    /**
     * `padded-crop`: scaled to cover the square, then shifted, and changed by `cutout` and `colour`. `random-resized-crop`: a
     * random part of the image, 0.08 of it or more, scaled to the square as in torchvision, and changed by the same two.
     * `inception`: a random part, a tenth or more, scaled to the square, its colours distorted as in TF-Slim.
     */
    kind: z.optional(z.enum(AUGMENTATIONS)),
    /** Pixels padded at each side before a random crop to the first size; 0: off. */
    crop: wholeNumber(0, 1000),
    /** Mirror every other image, by chance. */
    flip: z.boolean(),
    /** Side of the square blanked out at a random place, in pixels; 0: off. */
    cutout: wholeNumber(0, 1000),
    /** How much brightness, contrast, saturation and hue change by chance, in [0, 1]; 0: not at all. */
    colour: colourStrength,
    /** RandAugment (Cubuk et al. 2020): so many operations for each image, of this magnitude; null or missing: off. */
    randaugment: z.optional(z.nullable(randaugment)),
  })
  .check(
    rule(({ kind, crop, cutout, colour, randaugment }, refuse) => {
      if (kind === 'random-resized-crop' && crop !== 0)
        refuse(['crop'], 'must be 0 with the augmentation "random-resized-crop", which has a crop of its own')
      if (kind !== 'inception') return
      if (randaugment) refuse(['randaugment'], 'must be off with the augmentation "inception"')
      for (const [field, value] of Object.entries({ crop, cutout, colour }))
        if (value !== 0)
          refuse(
            [field],
            'must be 0 with the augmentation "inception", which has a crop and colours of its own',
          )
    }),
  )
export type AugmentationConfig = z.infer<typeof augmentation>

/** Images are scaled down to `size` × `size` until the epoch `untilEpoch` (first epoch: 0) begins. */
const resolutionStage = z.strictObject({ untilEpoch: wholeNumber(1), size: wholeNumber(4, 10_000) })
export type ResolutionStage = z.infer<typeof resolutionStage>

export const model = z.strictObject({
  /** Name of the architecture for people, for example `nasnet-a`. */
  name: text(),
  /** The genotype itself, so that the run needs no file beside it. */
  genotype,
  ...nasnetFields,
})
export type ModelConfig = z.infer<typeof model>

/** What a model card says about pools with a stride that are not those of training. */
export const aboutPools = ({ stridedPools = 'slim' }: ModelConfig): { stridedPools?: StridedPools } =>
  stridedPools === 'slim' ? {} : { stridedPools }

/** How long to train. A time budget makes the schedule follow the clock, so such a run cannot be repeated bit for bit. */
const length = z.strictObject({ kind: z.enum(['epochs', 'steps', 'seconds']), amount: positive }).check(
  rule(({ kind, amount }, refuse) => {
    if (kind !== 'seconds' && !Number.isInteger(amount))
      refuse(['amount'], `is ${amount}, but ${kind} are whole numbers`)
  }),
)
export type LengthConfig = z.infer<typeof length>

const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('momentum'), momentum: fraction, nesterov: z.boolean() }),
  z.strictObject({ kind: z.literal('rmsprop'), decay: fraction, momentum: fraction, epsilon: positive }),
  z.strictObject({ kind: z.literal('adam'), beta1: fraction, beta2: fraction, epsilon: positive }),
])
export type OptimizerConfig = z.infer<typeof optimizer>

/** `peak` is the highest learning rate; `warmup` counts epochs of linear growth from 0 (fractions allowed). */
const peakAndWarmup = { peak: positive, warmup: number({ from: 0 }) }
const rate = number({ above: 0, to: 1 })

const learningRate = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), ...peakAndWarmup }),
  /** Half a cosine from the peak to 0 over the whole run. */
  z.strictObject({ kind: z.literal('cosine'), ...peakAndWarmup }),
  /** Times `rate` after every `everyEpochs` epochs, in steps (the paper: ×0.97 every 2.4 epochs). */
  z.strictObject({ kind: z.literal('exponential'), ...peakAndWarmup, rate, everyEpochs: positive }),
  /** Times `rate` once each of the steps `at` is reached (Faster R-CNN: ÷10 at 900,000 and at 1,200,000). */
  z.strictObject({ kind: z.literal('step'), ...peakAndWarmup, rate, at: z.array(wholeNumber(1)) }),
  /** Up from peak/25 to the peak during the fraction `rise` of the run, then down to 0, each half a cosine. */
  z.strictObject({ kind: z.literal('one-cycle'), peak: positive, rise: fraction }),
])
export type LearningRateConfig = z.infer<typeof learningRate>

/** A checkpoint is written after this many steps or seconds, whichever comes first, and at the end. */
const checkpoint = z.strictObject({ steps: z.nullable(wholeNumber(1)), seconds: z.nullable(positive) })
export type CheckpointConfig = z.infer<typeof checkpoint>

/** Batches of `batchSize` images in a step: their gradients are averaged. */
export const accumulate = wholeNumber(1, 100_000)

/** The settings that the training of every task has. */
export const trainingFields = {
  seed: wholeNumber(0, 2 ** 32 - 1),
  batchSize: wholeNumber(1, 100_000),
  length,
  optimizer,
  learningRate,
  /** L2 factor on convolution and dense weights; 0: off. */
  weightDecay: number({ from: 0 }),
  /** Largest global norm of the gradient; null: no clipping. */
  clipNorm: z.nullable(positive),
  /** Decay of the exponential moving average of the weights; null: no average. */
  averageDecay: z.nullable(fraction),
  checkpoint,
  /** Epochs between evaluations on the validation images, fractions allowed; the end is always evaluated. */
  evaluateEvery: positive,
}
export type TrainingConfig = Fields<typeof trainingFields>

/** Which weights are evaluated and exported. */
export const KEEPS = ['last', 'best'] as const

/** The settings of the tasks whose evaluations have a score. */
export const keepFields = {
  /** Missing: the last. The best is the first one with the highest score on the validation images. */
  keep: z.optional(z.enum(KEEPS)),
  /** Evaluations in a row without a higher score after which training ends; null or missing: it does not. */
  earlyStopping: z.optional(z.nullable(wholeNumber(1))),
}

/** The weights of the first ones: those of the stem, of the stem and the first N cells after it, or of all but the head. */
export const FREEZE = /^(stem|all|cells:[1-9]\d*)$/

/** Part of the network that keeps the weights it began with, and whose batch norm uses their statistics; missing: none. */
export const freeze = z.optional(text().check(z.regex(FREEZE, 'stem, all, or cells:N with N of 1 or more')))

/** Cells after the stem that `freeze` keeps; infinite for all. */
export const frozenCells = (freeze: string): number =>
  freeze === 'all' ? Number.POSITIVE_INFINITY : Number(freeze.split(':')[1] ?? 0)

/** A check of `freeze` against the network's cells: N in each of the three stages, and two between them. */
export const refuseMissingCells = (
  freeze: string,
  { cells }: Pick<ModelConfig, 'cells'>,
  refuse: (path: string[], problem: string) => void,
): void => {
  const after = 3 * cells + 2
  if (frozenCells(freeze) > after && freeze !== 'all')
    refuse(['freeze'], `is ${freeze}, but the network has ${after} cells after its stem`)
}

/** The settings of the tasks that train on whole images. */
export const imageFields = {
  data,
  augmentation,
  /** Smaller images at first; empty: full size throughout. */
  resolution: z.array(resolutionStage),
}
export type ImageConfig = Fields<typeof imageFields>
