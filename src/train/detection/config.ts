/** A detector's run: everything needed to repeat it, as `config.json` in the run's folder holds it. */

import type { AnnotatedFingerprint } from '../../../datasets/detection/detection-set.js'
import type { FileFingerprint } from '../../../datasets/files/fingerprint.js'
import type { FasterRcnnConfig } from '../../../models/faster-rcnn-config.js'
import { RESIZE_MODES, type ResizeMode } from '../../shared/detector-input.js'
import { UserError } from '../../shared/errors.js'
import * as schema from '../../shared/schema.js'
import {
  type CheckpointConfig,
  checkLength,
  colourStrength,
  filesFingerprint,
  type LearningRateConfig,
  type LengthConfig,
  type ModelConfig,
  type OptimizerConfig,
  shared,
} from '../settings/config.js'

/** A folder of images and the COCO annotations of those that count. */
export interface AnnotatedImages {
  images: string
  annotations: string
  /** Of the files that a run began with, noted then. */
  fingerprint?: AnnotatedFingerprint
}

export interface Category {
  /** The data set's own number. */
  id: number
  name: string
}

export type DetectionDataConfig =
  | {
      kind: 'coco'
      train: AnnotatedImages
      /** Measured while training; null: nothing is. */
      validation: AnnotatedImages | null
      /** Only so many of the images, the first ones; null: all. */
      limit: number | null
      validationLimit: number | null
      /** The classes in their order, noted when a run begins; null before. */
      categories: Category[] | null
    }
  /** Scenes composed of the emoji that come with the package. */
  | {
      kind: 'embedded'
      /** How many scenes. */
      train: number
      validation: number
      /** Side in pixels. */
      size: number
      seed: number
      categories: Category[] | null
    }

export interface DetectionAugmentation {
  /** Mirror every other image, by chance. */
  flip: boolean
  /** An image fitted to the input is scaled by a factor between these, then cut or padded. [1, 1]: off. */
  scale: [number, number]
  /** Objects that keep less than this part of their area inside count for nothing. */
  minVisible: number
  /** How much brightness, contrast, saturation and hue change by chance, in [0, 1]; 0: not at all. */
  colour: number
}

export interface DetectorRunConfig {
  task: 'detection'
  data: DetectionDataConfig
  /** The classifier whose cells the detector is made of. */
  backbone: ModelConfig
  /** A run or a .safetensors file that the backbone's weights were taken from when the run began; null: random ones. */
  weights: string | null
  /** The number of classes is the data's. */
  detector: Omit<FasterRcnnConfig, 'classes'>
  /** [height, width] in pixels that images are brought to, and how. */
  inputSize: [number, number]
  resize: ResizeMode
  /** Further sizes to train at, one drawn for each step from (seed, step); empty: the input size alone. */
  multiScale: [number, number][]
  seed: number
  /** Images that go through the network together. */
  batchSize: number
  /** Batches in a step: their gradients are averaged. */
  accumulate: number
  length: LengthConfig
  optimizer: OptimizerConfig
  learningRate: LearningRateConfig
  /** L2 factor on convolution and dense weights; 0: off. */
  weightDecay: number
  /** Largest global norm of the gradient; null: no clipping. */
  clipNorm: number | null
  /** Decay of the exponential moving average of the weights; null: no average. */
  averageDecay: number | null
  augmentation: DetectionAugmentation
  /** Boxes of an image that are trained on; of more, the largest. */
  maxObjects: number
  checkpoint: CheckpointConfig
  /** Epochs between evaluations on the validation images, fractions allowed; the end is always evaluated. */
  evaluateEvery: number
}

const { boolean, choice, integer, list, nullable, number, optional, record, string, tuple, variants } = schema
const share = number({ from: 0, to: 1 })
const positive = number({ above: 0 })
const weight = number({ from: 0 })
/** The second stage's features are 32 times smaller than the image. */
const side = integer(32, 10_000)
const annotatedImages = record<AnnotatedImages>({
  images: string,
  annotations: string,
  fingerprint: optional(
    record<AnnotatedFingerprint>({
      annotations: record<FileFingerprint>({ bytes: integer(0), sha256: string }),
      images: filesFingerprint,
    }),
  ),
})
const categories = nullable(list(record<Category>({ id: integer(Number.MIN_SAFE_INTEGER), name: string })))

type Detector = DetectorRunConfig['detector']

const detectorConfigSchema = record<DetectorRunConfig>({
  task: choice('detection'),
  data: variants<DetectionDataConfig>({
    coco: {
      kind: choice('coco'),
      train: annotatedImages,
      validation: nullable(annotatedImages),
      limit: nullable(integer(1)),
      validationLimit: nullable(integer(1)),
      categories,
    },
    embedded: {
      kind: choice('embedded'),
      train: integer(1),
      validation: integer(0),
      size: integer(64, 1024),
      seed: shared.seed,
      categories,
    },
  }),
  backbone: shared.model,
  weights: nullable(string),
  detector: record<Detector>({
    anchors: record<Detector['anchors']>({
      base: positive,
      scales: list(positive),
      ratios: list(positive),
      offset: number({ from: 0 }),
    }),
    proposals: record<Detector['proposals']>({
      filters: integer(1, 10_000),
      candidates: integer(1),
      nmsIou: share,
      keptInTraining: integer(1),
      kept: integer(1),
      positiveIou: share,
      negativeIou: share,
      sample: integer(1),
      positiveShare: share,
      ignoreCrossing: boolean,
    }),
    regions: record<Detector['regions']>({
      crop: integer(1, 1000),
      samplingRatio: integer(1, 100),
      sample: integer(1),
      positiveShare: share,
      positiveIou: share,
      addTruth: boolean,
    }),
    boxScale: tuple(positive, positive, positive, positive),
    weights: record<Detector['weights']>({
      objectness: weight,
      anchorBoxes: weight,
      classification: weight,
      boxes: weight,
    }),
    output: record<Detector['output']>({ nmsIou: share, count: integer(1), minScore: share }),
    batchNorm: choice('frozen', 'trained'),
  }),
  inputSize: tuple(side, side),
  resize: choice(...RESIZE_MODES),
  multiScale: list(tuple(side, side)),
  seed: shared.seed,
  batchSize: shared.batchSize,
  accumulate: integer(1, 100_000),
  length: shared.length,
  optimizer: shared.optimizer,
  learningRate: shared.learningRate,
  weightDecay: shared.weightDecay,
  clipNorm: shared.clipNorm,
  averageDecay: shared.averageDecay,
  augmentation: record<DetectionAugmentation>({
    flip: boolean,
    scale: tuple(number({ from: 0.1, to: 10 }), number({ from: 0.1, to: 10 })),
    minVisible: share,
    colour: colourStrength,
  }),
  maxObjects: integer(1, 10_000),
  checkpoint: shared.checkpoint,
  evaluateEvery: positive,
})

/** Checks a detector's config, for example one read from `config.json`. Throws a `UserError` that names the field. */
export function validateDetectorConfig(value: unknown): DetectorRunConfig {
  const config = detectorConfigSchema(value, '')
  checkLength(config.length)
  const { anchors, proposals } = config.detector
  for (const name of ['scales', 'ratios'] as const)
    if (anchors[name].length === 0)
      throw new UserError(`"detector.anchors.${name}" is empty, but must name at least one`)
  if (proposals.negativeIou > proposals.positiveIou)
    throw new UserError(
      `"detector.proposals.negativeIou" is ${proposals.negativeIou}, but must not be above "positiveIou", which is ${proposals.positiveIou}`,
    )
  const [low, high] = config.augmentation.scale
  if (low > high)
    throw new UserError(
      `"augmentation.scale" is [${low}, ${high}], but must be a smaller and a larger factor`,
    )
  return config
}
