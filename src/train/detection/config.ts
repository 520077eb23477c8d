/** A detector's run: everything needed to repeat it, as `config.json` in the run's folder holds it. */

import * as z from 'zod/mini'
import { detectorSettings } from '../../../models/faster-rcnn-config.js'
import { RESIZE_MODES } from '../../shared/detector-input.js'
import { number, rule, text, validate, wholeNumber } from '../../shared/validation.js'
import {
  accumulate,
  colourStrength,
  filesFingerprint,
  freeze,
  keepFields,
  model,
  refuseMissingCells,
  trainingFields,
} from '../settings/config.js'

/** A folder of images and the COCO annotations of those that count. */
const annotatedImages = z.strictObject({
  images: text(),
  annotations: text(),
  /** Of the files that a run began with, noted then. */
  fingerprint: z.optional(
    z.strictObject({
      annotations: z.strictObject({ bytes: wholeNumber(0), sha256: text() }),
      images: filesFingerprint,
    }),
  ),
})
export type AnnotatedImages = z.infer<typeof annotatedImages>

const category = z.strictObject({
  /** The data set's own number. */
  id: wholeNumber(Number.MIN_SAFE_INTEGER),
  name: text(),
})
export type Category = z.infer<typeof category>

/** The classes in their order, noted when a run begins; null before. */
const categories = z.nullable(z.array(category))

const data = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('coco'),
    train: annotatedImages,
    /** Measured while training; null: nothing is. */
    validation: z.nullable(annotatedImages),
    /** Only so many of the images, the first ones; null: all. */
    limit: z.nullable(wholeNumber(1)),
    validationLimit: z.nullable(wholeNumber(1)),
    categories,
  }),
  /** Scenes composed of the emoji that come with the package. */
  z.strictObject({
    kind: z.literal('embedded'),
    /** How many scenes. */
    train: wholeNumber(1),
    validation: wholeNumber(0),
    /** Side in pixels. */
    size: wholeNumber(64, 1024),
    seed: trainingFields.seed,
    categories,
  }),
])
export type DetectionDataConfig = z.infer<typeof data>

const scaleFactor = number({ from: 0.1, to: 10 })

const mosaic = z.strictObject({
  probability: number({ from: 0, to: 1 }),
  until: number({ from: 0, to: 1 }),
})

const augmentation = z
  .strictObject({
    /** Mirror every other image, by chance. */
    flip: z.boolean(),
    /** An image fitted to the input is scaled by a factor between these, then cut or padded. [1, 1]: off. */
    scale: z.tuple([scaleFactor, scaleFactor]),
    /** Objects that keep less than this part of their area inside count for nothing. */
    minVisible: number({ from: 0, to: 1 }),
    /** How much brightness, contrast, saturation and hue change by chance, in [0, 1]; 0: not at all. */
    colour: colourStrength,
    /**
     * Four images in one with this probability, until the fraction `until` of the run is done: the detector is to end with
     * images as it will see them. Null or missing: never.
     */
    mosaic: z.optional(z.nullable(mosaic)),
  })
  .check(
    rule(({ scale: [low, high] }, refuse) => {
      if (low > high) refuse(['scale'], `is [${low}, ${high}], but must be a smaller and a larger factor`)
    }),
  )
export type DetectionAugmentation = z.infer<typeof augmentation>

/** The second stage's features are 32 times smaller than the image. */
const side = wholeNumber(32, 10_000)

const imported = z.strictObject({
  /** Whose names the file had. */
  program: z.literal('object-detection-api'),
  file: text(),
  /** Whether moving averages of the weights were taken. */
  averages: z.boolean(),
})

const detectorRunConfig = z
  .strictObject({
    task: z.literal('detection'),
    data,
    /** The classifier whose cells the detector is made of. */
    backbone: model,
    /** A run or a .safetensors file that the backbone's weights were taken from when the run began; null: random ones. */
    weights: z.nullable(text()),
    /** The run of a detector that a new run takes its first weights from; `weights` is null then. */
    init: z.optional(text()),
    /** Of a run that was not trained here: its checkpoint holds the weights of another program, without an optimizer's state. */
    imported: z.optional(imported),
    /** Of the backbone. What is frozen needs trained weights, and its part of a step costs a third. */
    freeze,
    /** The number of classes is the data's. */
    detector: detectorSettings,
    /** [height, width] in pixels that images are brought to. */
    inputSize: z.tuple([side, side]),
    /** How images are brought to the input's size. */
    resize: z.enum(RESIZE_MODES),
    /** Further sizes to train at, one drawn for every ten steps from (seed, step); empty: the input size alone. */
    multiScale: z.array(z.tuple([side, side])),
    /** Fraction of the run from which on it trains at the input size alone, as it will detect; missing: 1. */
    multiScaleUntil: z.optional(number({ from: 0, to: 1 })),
    ...trainingFields,
    /** Scored by AP. */
    ...keepFields,
    accumulate,
    /**
     * Minutes between quick looks at AP of a few validation images, always the same; more where that would take a twentieth of
     * the time. Null or missing: there are none.
     */
    checkMinutes: z.optional(z.nullable(number({ above: 0 }))),
    augmentation,
    /**
     * Images with classes in less than this share of the images come more often: repeat factor sampling (LVIS). Null or
     * missing: each image comes once in an epoch.
     */
    balance: z.optional(z.nullable(number({ above: 0, to: 1 }))),
    /** Boxes of an image that are trained on; of more, the largest. */
    maxObjects: wholeNumber(1, 10_000),
  })
  .check(
    rule(({ freeze, backbone }, refuse) => {
      if (freeze !== undefined) refuseMissingCells(freeze, backbone, refuse)
    }),
    rule(({ backbone: { stem }, detector: { pyramid } }, refuse) => {
      if (pyramid !== undefined && stem !== 'imagenet')
        refuse(
          ['backbone', 'stem'],
          `is "${stem}", but must be "imagenet" with a "pyramid", which needs features of stride 32: choose a backbone that was trained with --stem imagenet`,
        )
    }),
  )
export type DetectorRunConfig = z.infer<typeof detectorRunConfig>

/** Checks a detector's config, for example one read from `config.json`. Throws a `UserError` that names the field. */
export function validateDetectorConfig(value: unknown): DetectorRunConfig {
  return validate(detectorRunConfig, value)
}
