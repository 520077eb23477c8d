/** The flags of `finetune-coco`, and how they change a config. */
import { Command, Option } from '@commander-js/extra-typings'
import { BOX_LOSSES } from '../../../models/faster-rcnn-config.js'
import { RESIZE_MODES } from '../../shared/detector-input.js'
import { UserError } from '../../shared/errors.js'
import {
  type AnnotatedImages,
  type DetectionDataConfig,
  type DetectorRunConfig,
  validateDetectorConfig,
} from '../../train/detection/config.js'
import { cocoData, detectorPresets, embeddedData } from '../../train/detection/presets.js'
import { categoriesOption, formatOption } from '../shared/annotation-options.js'
import {
  changed,
  type FlagsOf,
  listOf,
  number,
  orOff,
  type Parser,
  size,
  WrongValue,
  wholeNumber,
} from '../shared/flags.js'
import { json } from '../shared/options.js'
import * as training from './training-options.js'

export const DEFAULT_PRESET = 'faster-rcnn-nas-small'
export const EMBEDDED_PRESET = 'faster-rcnn-nas-fpn-embedded'

const shares = listOf(
  number({ from: 0, to: 1 }),
  'a probability, or a probability and a fraction like 0.5,0.8',
)

/** Fraction of the run until which there are mosaics. */
const MOSAIC_UNTIL = 0.8

const mosaic: Parser<{ probability: number; until: number }> = (text) => {
  const [probability, until = MOSAIC_UNTIL, ...more] = shares(text)
  if (more.length > 0) throw new WrongValue('a probability, or a probability and a fraction like 0.5,0.8')
  return { probability, until }
}

const sizes = listOf(size, 'sizes like 480,600,720x900 (a side, or height x width), or off')
const factors = listOf(number({ above: 0 }), 'two factors like 0.5,2, or off', 2)

/** The command with its flags. */
export const finetuneCocoFlags = () =>
  new Command('finetune-coco')
    .option('--backbone <run-or-file>', "a classifier's run, or a .safetensors file of its weights")
    .option('--init <run>', "a detector's run: begin with its weights, and take over its architecture")
    .option('--from-scratch', 'begin with random weights, for comparison')
    .addOption(
      new Option(
        '--preset <name>',
        `settings to start from (default: ${DEFAULT_PRESET}; with --data embedded: ${EMBEDDED_PRESET})`,
      ).choices(Object.keys(detectorPresets)),
    )
    .addOption(training.out)
    .addOption(training.resume)
    .option('--threads <n>', 'threads that compute (default: one for each processor core)', wholeNumber(1))
    .option('--preview <png>', 'do not train: draw some augmented training images into this file')
    .addOption(json)

    .option(
      '--data <folder>',
      'annotated images (COCO, YOLO, Pascal VOC or CSV), a YOLO data.yaml, or embedded for the embedded scenes',
    )
    .option('--annotations <file>', 'annotations of the images in --data, where they are not in that folder')
    .option('--val-images <folder>', 'annotated images to measure on, as --data')
    .option('--val-annotations <file>', 'annotations of the images in --val-images')
    .option(
      '--val-fraction <share>',
      'share of the images to hold out where none are named to measure on; 0: none (default: 0.2 of 10 or more)',
      number({ from: 0, below: 1 }),
    )
    .addOption(categoriesOption)
    .addOption(formatOption)
    .option('--limit <images>', 'train on the first n images only', wholeNumber(1))
    .option('--val-limit <images>', 'evaluate on the first n validation images only', wholeNumber(0))

    .option(
      '--input-size <size>',
      'pixels of the input: 600 for both sides, or 480x640 for height x width',
      size,
    )
    .addOption(
      new Option(
        '--resize <mode>',
        'keep the aspect ratio and pad, or stretch to the input size (-tf1: as TensorFlow 1 interpolates)',
      ).choices(RESIZE_MODES),
    )
    .option(
      '--multi-scale <sizes|off>',
      'more sizes to train at, chosen at random: 480,720',
      (text): [number, number][] => (text === 'off' ? [] : sizes(text)),
    )
    .option(
      '--multi-scale-until <fraction>',
      'fraction of the run after which it trains at the input size alone',
      number({ from: 0, to: 1 }),
    )
    .addOption(
      new Option(
        '--batch-norm <kind>',
        "whether the backbone's batch norm stays as loaded or is trained",
      ).choices(['frozen', 'trained']),
    )
    .option(
      '--freeze <part|off>',
      "keep the backbone's first weights and statistics: of the stem, of the stem and the first N cells (cells:N), or all",
      orOff(training.frozenPart),
    )
    .addOption(
      new Option(
        '--box-loss <kind>',
        'distance of a proposal’s box from its object: on its deltas, or by generalized or complete IoU',
      ).choices(BOX_LOSSES),
    )

    .addOption(training.epochs)
    .addOption(training.steps)
    .addOption(training.seconds)
    .option('--batch-size <n>', 'images in a forward and backward pass', wholeNumber(1))
    .addOption(training.accumulate)
    .option(
      '--max-objects <n>',
      'ground-truth boxes of an image that are trained on, at most',
      wholeNumber(1),
    )
    .addOption(training.seed)

    .addOption(training.schedule)
    .addOption(training.learningRate)
    .addOption(training.warmup)
    .addOption(training.clip)
    .addOption(training.weightDecay)
    .addOption(training.average)
    .addOption(training.flip)
    .addOption(training.noFlip)
    .option(
      '--scale <factors|off>',
      'random scaling between two factors, 0.1 to 10 (0.5,2), then a crop or padding',
      (text): [number, number] => (text === 'off' ? [1, 1] : (factors(text) as [number, number])),
    )
    .addOption(training.colour)
    .option(
      '--mosaic <probability|off>',
      'show four images in one with this probability; 0.5,0.8: until that fraction of the run (default: 0.8)',
      orOff(mosaic),
    )
    .option(
      '--balance <share|off>',
      'show images with classes in less than this share of the images more often, as LVIS does',
      orOff(number({ above: 0, to: 1 })),
    )

    .option(
      '--evaluate-every <epochs>',
      'epochs between evaluations on the validation images, for example 0.5',
      number({ above: 0 }),
    )
    .option(
      '--check-minutes <n|off>',
      'minutes between quick looks at AP of up to 64 validation images; more where they would take over 5 % of the time',
      orOff(number({ above: 0 })),
    )
    .addOption(training.keep('AP'))
    .addOption(training.earlyStopping('AP'))
    .addOption(training.checkpointSteps)
    .addOption(training.checkpointSeconds)

export type FinetuneFlags = FlagsOf<typeof finetuneCocoFlags>

/** The config with the flags' changes, checked. */
export function applyFinetuneFlags(
  config: DetectorRunConfig,
  flags: Partial<FinetuneFlags>,
): DetectorRunConfig {
  const { freeze: before, ...all } = config
  const { detector, augmentation } = all
  const { freeze = before } = flags
  const { inputSize, resize, multiScale, multiScaleUntil, accumulate, maxObjects, evaluateEvery } = flags
  const kept = training.keepSettings(flags)
  return validateDetectorConfig({
    ...changed(all, {
      ...{ inputSize, resize, multiScale, multiScaleUntil, accumulate, maxObjects, evaluateEvery },
      balance: flags.balance === 'off' ? null : flags.balance,
      checkMinutes: flags.checkMinutes === 'off' ? null : flags.checkMinutes,
      ...kept,
    }),
    ...(freeze !== undefined && freeze !== 'off' && { freeze }),
    ...training.trainingSettings(config, flags),
    data: dataOf(config.data, flags),
    detector: {
      ...changed(detector, { batchNorm: flags.batchNorm }),
      roiHeads: changed(detector.roiHeads, { boxLoss: flags.boxLoss }),
    },
    augmentation: changed(augmentation, {
      ...{ flip: flags.flip, scale: flags.scale, colour: flags.colour },
      mosaic: flags.mosaic === 'off' ? null : flags.mosaic,
    }),
  })
}

function dataOf(before: DetectionDataConfig, flags: Partial<FinetuneFlags>): DetectionDataConfig {
  const { data: images, annotations, valImages, valAnnotations } = flags
  if (images === 'embedded' || (images === undefined && before.kind === 'embedded')) {
    if (annotations !== undefined || (valImages ?? valAnnotations) !== undefined)
      throw new UserError(
        'The embedded scenes bring their own annotations: leave out --annotations, --val-images and --val-annotations, or name a folder of images with --data',
      )
    const scenes = before.kind === 'embedded' ? before : embeddedData
    return {
      ...scenes,
      train: flags.limit ?? scenes.train,
      validation: flags.valLimit ?? scenes.validation,
    }
  }
  const { train, validation, ...coco } = before.kind === 'coco' ? before : cocoData
  // Of a run that has begun, images or annotations alone may have been moved.
  const begins = coco.categories === null
  const named = placed({ images, annotations }, begins ? null : train)
  // Images that a run held out lie beside those that it trains on.
  const isMovedTogether =
    !begins && annotations === undefined && images !== undefined && validation?.images === train.images
  const moved = valImages ?? (isMovedTogether ? images : undefined)
  const measured = placed({ images: moved, annotations: valAnnotations }, begins ? null : validation)
  // Images to train on that are named anew must be those that the run began with.
  const { fingerprint } = train
  return {
    ...coco,
    train: named === null ? train : { ...named, ...(fingerprint && { fingerprint }) },
    // A new run on images of its own has nothing to do with the preset's validation images.
    validation: measured ?? (named !== null && begins ? null : validation),
    limit: flags.limit ?? coco.limit,
    validationLimit: flags.valLimit ?? coco.validationLimit,
  }
}

/**
 * The images that flags name, of which one may be as it was `before`; null when they name none. Of a new run, one path
 * stands for both: images with their annotations, to be found out by looking.
 */
function placed(
  { images, annotations }: Partial<AnnotatedImages>,
  before: AnnotatedImages | null,
): AnnotatedImages | null {
  const one = images ?? annotations
  if (one === undefined) return null
  return {
    images: images ?? before?.images ?? one,
    annotations: annotations ?? before?.annotations ?? one,
  }
}
