/** The flags of `train-backbone`, and how they change a config. */
import { Command, Option } from '@commander-js/extra-typings'
import type { Genotype } from '../../../models/genotype.js'
import { PUBLISHED_CELLS } from '../../../models/published-cells.js'
import { PREPROCESSINGS, type Preprocessing } from '../../shared/classifier-input.js'
import { type RunConfig, validateConfig } from '../../train/classification/config.js'
import { DEVICES } from '../../train/classification/devices.js'
import {
  FINETUNE_PRESET,
  FOLDER_PRESET,
  IMAGENET_PRESET,
  presets,
} from '../../train/classification/presets.js'
import { refusePreprocessing } from '../../train/images/data-place.js'
import { AUGMENTATIONS, type AugmentationConfig, type ResolutionStage } from '../../train/settings/config.js'
import { changed, type FlagsOf, listOf, number, WrongValue, wholeNumber } from '../shared/flags.js'
import * as network from '../shared/network-options.js'
import { dataDir, IMAGES, json } from '../shared/options.js'
import * as classifier from './classifier-options.js'
import { optimizerOf } from './optimizer-flags.js'
import * as training from './training-options.js'

export const DEFAULT_PRESET = 'paper-cifar'

const stages = listOf((text): ResolutionStage => {
  const match = /^(\d+)@(\d+)$/.exec(text.trim())
  if (match === null) throw new WrongValue('a stage')
  return { size: Number(match[1]), untilEpoch: Number(match[2]) }
}, 'stages like 16@5,24@10 (16 pixels until epoch 5, 24 until epoch 10), or off')

/** `16@5,24@10`: 16 pixels until epoch 5 begins, then 24 until epoch 10; `off`: none. */
export const resolution = (text: string): ResolutionStage[] => (text === 'off' ? [] : stages(text))

/** The command with its flags. */
export const trainBackboneFlags = () =>
  new Command('train-backbone')
    .addOption(
      new Option(
        '--preset <name>',
        `settings to start from (default: ${DEFAULT_PRESET}; with a folder or shards in --data: ${FOLDER_PRESET}; with --data imagenet: ${IMAGENET_PRESET}; with --init: ${FINETUNE_PRESET})`,
      ).choices(Object.keys(presets)),
    )
    .addOption(training.out)
    .addOption(training.resume)
    .option(
      '--init <run-or-file>',
      "begin with the weights of a classifier's run or of a .safetensors file, and with its architecture",
    )
    .addOption(
      new Option('--device <name>', 'ONNX Runtime on cpu, cuda or webgpu; or TensorFlow, if it is installed')
        .choices(DEVICES)
        .default('cpu'),
    )
    .addOption(json)

    .option('--data <name>', `images: ${IMAGES}`)
    .addOption(dataDir)
    .option(
      '--image-size <pixels>',
      'height and width of the images, where the data set leaves a choice',
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--preprocessing <kind>',
        'how images are brought to that size to evaluate and to serve (default: as the weights of --init say; slim with --augmentation inception; or else cover)',
      ).choices(PREPROCESSINGS),
    )
    .addOption(classifier.validation)
    .addOption(classifier.valFraction)
    .option(
      '--shuffle-buffer <images>',
      'of images in shards: among how many the next one is drawn (default: 16384)',
      wholeNumber(1),
    )
    .option('--skip-unreadable', 'go on with the next image where one cannot be read, instead of stopping')
    .option('--no-skip-unreadable', 'stop at an image that cannot be read')
    .option(
      '--workers <n>',
      'threads that read and decode images of files while the network trains (default: half of the cores)',
      wholeNumber(1, 256),
    )
    .option(
      '--cache <MiB>',
      'memory for decoded images of files, which need not be decoded again then (default: 1024)',
      wholeNumber(0),
    )

    .option(
      '--arch <name>',
      `cells: ${Object.keys(PUBLISHED_CELLS).join(', ')}, or the path of a genotype.json`,
    )
    .addOption(network.cells)
    .addOption(network.filters)
    .addOption(network.stem)
    .addOption(network.stemFilters)
    .addOption(network.skipReduction)
    .addOption(network.noSkipReduction)
    .option(
      '--dropout <fraction>',
      'fraction of features dropped before the classifier; 0: off',
      number({ from: 0, below: 1 }),
    )

    .addOption(training.epochs)
    .addOption(training.steps)
    .addOption(training.seconds)
    .option('--batch-size <n>', 'images in a forward and backward pass', wholeNumber(1))
    .addOption(training.accumulate)
    .addOption(training.seed)

    .addOption(new Option('--optimizer <kind>', 'optimizer').choices(['momentum', 'rmsprop', 'adam']))
    .option(
      '--momentum <fraction>',
      'momentum of the optimizers momentum and rmsprop',
      number({ from: 0, below: 1 }),
    )
    .option('--nesterov', "Nesterov's momentum")
    .option('--no-nesterov', 'plain momentum')
    .addOption(training.schedule)
    .addOption(training.learningRate)
    .addOption(training.warmup)
    .addOption(training.clip)

    .addOption(training.weightDecay)
    .option(
      '--drop-path-keep <p>',
      'keep probability of ScheduledDropPath at the end of training; 1: off',
      number({ above: 0, to: 1 }),
    )
    .option(
      '--auxiliary <weight>',
      "weight of the auxiliary head's loss; 0: no auxiliary head",
      number({ from: 0 }),
    )
    .option('--label-smoothing <fraction>', 'label smoothing; 0: off', number({ from: 0, below: 1 }))
    .addOption(training.average)
    .addOption(classifier.freeze)
    .addOption(classifier.layerDecay)
    .addOption(classifier.balance)
    .addOption(
      new Option(
        '--augmentation <kind>',
        'how training images change: a shift of some pixels (--crop), a random part of the image, or the random parts and colours of Inception; --cutout, --colour and --randaugment go with the first two',
      ).choices(AUGMENTATIONS),
    )
    .option('--crop <pixels>', 'padding on each side before a random crop; 0: off', wholeNumber(0, 1000))
    .addOption(training.flip)
    .addOption(training.noFlip)
    .option(
      '--cutout <pixels>',
      'side of a square blanked out at a random place; 0: off',
      wholeNumber(0, 1000),
    )
    .addOption(training.colour)
    .addOption(classifier.randaugment)
    .addOption(classifier.mixup)
    .addOption(classifier.cutmix)
    .option(
      '--resolution <stages|off>',
      'smaller images at first: 16@5,24@10 means 16 pixels until epoch 5, 24 until epoch 10',
      resolution,
    )

    .option(
      '--evaluate-every <epochs>',
      'epochs between evaluations on the validation images',
      wholeNumber(1),
    )
    .addOption(training.earlyStopping('accuracy'))
    .addOption(training.keep('accuracy'))
    .addOption(training.checkpointSteps)
    .addOption(training.checkpointSeconds)

export type TrainFlags = FlagsOf<typeof trainBackboneFlags>

/** The config with the flags' changes, checked. `genotype` is what `--arch` means. */
export function applyFlags(config: RunConfig, flags: Partial<TrainFlags>, genotype?: Genotype): RunConfig {
  const { data, model, augmentation } = config
  refusePreprocessing(flags.data ?? data.name, flags.preprocessing)
  return validateConfig({
    ...changed(config, {
      dropPathKeep: flags.dropPathKeep,
      auxiliaryWeight: flags.auxiliary,
      labelSmoothing: flags.labelSmoothing,
      resolution: flags.resolution,
      evaluateEvery: flags.evaluateEvery,
      accumulate: flags.accumulate,
      ...classifier.classifierSettings(flags),
    }),
    ...training.trainingSettings(config, flags),
    data: changed(classifier.withHeldOut(data, flags), {
      name: flags.data,
      folder: flags.dataDir,
      imageSize: flags.imageSize,
      shuffleBuffer: flags.shuffleBuffer,
      skipUnreadable: flags.skipUnreadable,
      preprocessing: preprocessingOf(config, flags),
    }),
    model: changed(model, {
      name: genotype?.name,
      genotype,
      stem: flags.stem,
      cells: flags.cells,
      filters: flags.filters,
      stemFilters: flags.stemFilters,
      skipReduction: flags.skipReduction,
      dropout: flags.dropout,
    }),
    optimizer: optimizerOf(config.optimizer, flags),
    augmentation: changed(augmentationOf(augmentation, flags), {
      crop: flags.crop,
      flip: flags.flip,
      cutout: flags.cutout,
      colour: flags.colour,
      randaugment: flags.randaugment === 'off' ? null : flags.randaugment,
    }),
  })
}

/** How images are prepared for evaluation, and by the exported model, where a flag names the augmentation of training. */
const PREPROCESSING_OF = {
  'padded-crop': 'cover',
  'random-resized-crop': 'cover',
  inception: 'slim',
} as const

/** The preprocessing that the flags choose; undefined: as before. */
function preprocessingOf(
  { data, init }: RunConfig,
  { preprocessing, augmentation }: Partial<TrainFlags>,
): Preprocessing | undefined {
  if (preprocessing !== undefined) return preprocessing
  // Trained weights were measured with theirs, however they are trained on.
  if (init !== undefined && data.preprocessing !== undefined) return undefined
  return augmentation && PREPROCESSING_OF[augmentation]
}

/** The augmentation with the kind that flags name. Random parts need no shift; Inception has colours of its own too. */
function augmentationOf(before: AugmentationConfig, flags: Partial<TrainFlags>): AugmentationConfig {
  const isShifted = before.kind === 'random-resized-crop' && Boolean(flags.crop)
  const kind = flags.augmentation ?? (isShifted ? 'padded-crop' : before.kind)
  if (kind === before.kind || kind === undefined) return before
  if (kind === 'padded-crop') return { ...before, kind }
  if (kind === 'random-resized-crop') return { ...before, kind, crop: 0 }
  const { randaugment, ...others } = before
  return { ...others, kind, crop: 0, cutout: 0, colour: 0 }
}
