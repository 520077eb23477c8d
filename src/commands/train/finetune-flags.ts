/** The flags of `finetune-coco`, and how they change a config. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { RESIZE_MODES, type ResizeMode } from '../../shared/detector-input.js'
import { UserError } from '../../shared/errors.js'
import {
  type AnnotatedImages,
  type DetectionDataConfig,
  type DetectorRunConfig,
  validateDetectorConfig,
} from '../../train/detection/config.js'
import { cocoData, embeddedData } from '../../train/detection/presets.js'
import {
  type LearningRateFlags,
  type LengthFlags,
  learningRateOf,
  lengthOf,
  numeric,
  numericOrOff,
  orNull,
} from './train-flags.js'

export interface FinetuneFlags extends LengthFlags, LearningRateFlags {
  data?: string
  annotations?: string
  valImages?: string
  valAnnotations?: string
  limit?: number
  valLimit?: number
  inputSize?: [number, number]
  resize?: ResizeMode
  multiScale?: [number, number][]
  batchNorm?: 'frozen' | 'trained'
  batchSize?: number
  accumulate?: number
  maxObjects?: number
  seed?: number
  weightDecay?: number
  clip?: number | 'off'
  average?: number | 'off'
  flip?: boolean
  scale?: [number, number]
  colour?: number
  evaluateEvery?: number
  checkpointSteps?: number | 'off'
  checkpointSeconds?: number | 'off'
}

/** `600`, or `480x640`: height × width. */
export function parseSize(text: string): [number, number] {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text.trim())
  if (match === null) throw new InvalidArgumentError('Give a side like 600, or height x width like 480x640.')
  return [Number(match[1]), Number(match[2] ?? match[1])]
}

/** `480,600,720x900`; `off`: none. */
const parseSizes = (text: string): [number, number][] =>
  text === 'off' ? [] : text.split(',').map(parseSize)

/** `0.5,2`, or `off` for 1 and 1. */
function parseScale(text: string): [number, number] {
  if (text === 'off') return [1, 1]
  const factors = text.split(',').map(numeric)
  if (factors.length !== 2) throw new InvalidArgumentError('Give two factors like 0.5,2.')
  return [factors[0], factors[1]]
}

/** Adds the flags to the command. */
export function addFinetuneFlags(command: Command): Command {
  const flag = (flags: string, description: string, parse?: (text: string) => unknown) => {
    const option = new Option(flags, description)
    if (parse !== undefined) option.argParser(parse)
    command.addOption(option)
  }
  const choices = (flags: string, description: string, values: readonly string[]) =>
    command.addOption(new Option(flags, description).choices(values))

  flag('--data <folder>', 'folder of the training images, or: embedded')
  flag('--annotations <file>', 'their COCO annotations, with any categories')
  flag('--val-images <folder>', 'folder of the validation images')
  flag('--val-annotations <file>', 'their COCO annotations')
  flag('--limit <images>', 'train on the first so many', numeric)
  flag('--val-limit <images>', 'measure on the first so many', numeric)

  flag('--input-size <size>', '600, or height x width: 480x640', parseSize)
  choices('--resize <mode>', 'how images are fitted to it', RESIZE_MODES)
  flag('--multi-scale <sizes|off>', 'further sizes to train at: 480,720', parseSizes)
  choices('--batch-norm <kind>', "of the backbone's statistics, scales and offsets", ['frozen', 'trained'])

  flag('--epochs <n>', 'passes over the training images', numeric)
  flag('--steps <n>', 'or: steps', numeric)
  flag('--seconds <n>', 'or: a time budget, which the learning rate follows', numeric)
  flag('--batch-size <n>', 'images that go through the network together', numeric)
  flag('--accumulate <n>', 'batches in a step', numeric)
  flag('--max-objects <n>', 'boxes of an image that are trained on', numeric)
  flag('--seed <n>', 'same seed, same run', numeric)

  choices('--schedule <kind>', 'of the learning rate', ['cosine', 'exponential', 'constant', 'one-cycle'])
  flag('--learning-rate <rate>', 'at its highest', numeric)
  flag('--warmup <epochs>', 'of linear growth (one-cycle: fraction of the run)', numeric)
  flag('--clip <norm|off>', 'largest global norm of the gradient', numericOrOff)
  flag('--weight-decay <factor>', '0: off', numeric)
  flag('--average <decay|off>', 'moving average of the weights, which is exported', numericOrOff)
  flag('--flip', 'mirror images by chance')
  flag('--no-flip', 'do not')
  flag('--scale <factors|off>', '0.5,2: scale images by chance, then cut or pad', parseScale)
  flag('--colour <strength>', 'brightness, contrast, saturation and hue by chance, up to 1; 0: off', numeric)

  flag('--evaluate-every <epochs>', 'on the validation images; fractions allowed', numeric)
  flag('--checkpoint-steps <n|off>', 'steps between checkpoints', numericOrOff)
  flag('--checkpoint-seconds <n|off>', 'seconds between checkpoints', numericOrOff)
  return command
}

/** The config with the flags' changes, checked. */
export function applyFinetuneFlags(config: DetectorRunConfig, flags: FinetuneFlags): DetectorRunConfig {
  const { detector, augmentation, checkpoint } = config
  return validateDetectorConfig({
    ...config,
    data: dataOf(config.data, flags),
    detector: { ...detector, batchNorm: flags.batchNorm ?? detector.batchNorm },
    inputSize: flags.inputSize ?? config.inputSize,
    resize: flags.resize ?? config.resize,
    multiScale: flags.multiScale ?? config.multiScale,
    seed: flags.seed ?? config.seed,
    batchSize: flags.batchSize ?? config.batchSize,
    accumulate: flags.accumulate ?? config.accumulate,
    length: lengthOf(config.length, flags),
    learningRate: learningRateOf(config.learningRate, flags),
    weightDecay: flags.weightDecay ?? config.weightDecay,
    clipNorm: orNull(flags.clip, config.clipNorm),
    averageDecay: orNull(flags.average, config.averageDecay),
    augmentation: {
      ...augmentation,
      flip: flags.flip ?? augmentation.flip,
      scale: flags.scale ?? augmentation.scale,
      colour: flags.colour ?? augmentation.colour,
    },
    maxObjects: flags.maxObjects ?? config.maxObjects,
    checkpoint: {
      steps: orNull(flags.checkpointSteps, checkpoint.steps),
      seconds: orNull(flags.checkpointSeconds, checkpoint.seconds),
    },
    evaluateEvery: flags.evaluateEvery ?? config.evaluateEvery,
  })
}

function dataOf(before: DetectionDataConfig, flags: FinetuneFlags): DetectionDataConfig {
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
  const named = placed({ images, annotations }, begins ? null : train, '--data and --annotations')
  const measured = placed(
    { images: valImages, annotations: valAnnotations },
    begins ? null : validation,
    '--val-images and --val-annotations',
  )
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

/** The images that flags name, of which one may be as it was `before`; null when they name none. */
function placed(
  { images, annotations }: Partial<AnnotatedImages>,
  before: AnnotatedImages | null,
  flags: string,
): AnnotatedImages | null {
  if (images === undefined && annotations === undefined) return null
  const both = { images: images ?? before?.images, annotations: annotations ?? before?.annotations }
  if (both.images === undefined || both.annotations === undefined)
    throw new UserError(`${flags} belong together: give both`)
  return { images: both.images, annotations: both.annotations }
}
