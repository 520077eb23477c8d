import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Genotype } from '../../../models/genotype.js'
import { PUBLISHED_CELLS } from '../../../models/published-cells.js'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../../train/classification/config.js'
import { validateConfig } from '../../train/classification/config.js'
import type {
  LearningRateConfig,
  LengthConfig,
  OptimizerConfig,
  ResolutionStage,
} from '../../train/settings/config.js'

/** Schedules that a flag can name; the steps of a `step` schedule are a preset's. */
type Schedule = Exclude<LearningRateConfig['kind'], 'step'>

export interface TrainFlags extends LengthFlags, LearningRateFlags {
  data?: string
  dataDir?: string
  imageSize?: number
  validation?: number
  arch?: string
  stem?: 'cifar' | 'imagenet'
  cells?: number
  filters?: number
  stemFilters?: number
  skipReduction?: boolean
  dropout?: number
  seed?: number
  batchSize?: number
  optimizer?: OptimizerConfig['kind']
  momentum?: number
  nesterov?: boolean
  weightDecay?: number
  clip?: number | 'off'
  dropPathKeep?: number
  auxiliary?: number
  labelSmoothing?: number
  average?: number | 'off'
  crop?: number
  flip?: boolean
  cutout?: number
  colour?: number
  resolution?: ResolutionStage[]
  evaluateEvery?: number
  checkpointSteps?: number | 'off'
  checkpointSeconds?: number | 'off'
}

export const numeric = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('Give a number.')
  return value
}

export const numericOrOff = (text: string): number | 'off' => (text === 'off' ? text : numeric(text))

/** What a flag that knows `off` makes of a setting. */
export const orNull = (flag: number | 'off' | undefined, before: number | null): number | null =>
  flag === undefined ? before : flag === 'off' ? null : flag

/** `16@5,24@10`: 16 pixels until epoch 5 begins, then 24 until epoch 10; `off`: none. */
export function parseResolution(text: string): ResolutionStage[] {
  if (text === 'off') return []
  return text.split(',').map((stage) => {
    const match = /^(\d+)@(\d+)$/.exec(stage.trim())
    if (match === null)
      throw new InvalidArgumentError('Give stages like 16@5,24@10: 16 pixels until epoch 5, 24 until 10.')
    return { size: Number(match[1]), untilEpoch: Number(match[2]) }
  })
}

/** Adds the flags to the command. */
export function addTrainFlags(command: Command): Command {
  const flag = (flags: string, description: string, parse?: (text: string) => unknown) => {
    const option = new Option(flags, description)
    if (parse !== undefined) option.argParser(parse)
    command.addOption(option)
  }
  const choices = (flags: string, description: string, values: string[]) =>
    command.addOption(new Option(flags, description).choices(values))

  flag('--data <name>', 'embedded, cifar10, or a folder with train/<class>/*.jpg')
  flag('--data-dir <folder>', 'where fetched data sets lie')
  flag('--image-size <pixels>', 'side of the images, where the data leaves a choice', numeric)
  flag('--validation <images>', 'training images held out for validation; 0: none', numeric)

  flag('--arch <name>', `${Object.keys(PUBLISHED_CELLS).join(', ')}, or a genotype.json`)
  flag('--cells <n>', 'normal cells in each of the three stages (N)', numeric)
  flag('--filters <n>', 'filters of the first stage (F)', numeric)
  choices('--stem <kind>', 'for small or for large images', ['cifar', 'imagenet'])
  flag('--stem-filters <n>', "filters of the stem's convolution", numeric)
  flag('--skip-reduction', 'previous inputs skip reduction cells, as in NASNet-A Large')
  flag('--no-skip-reduction', 'they do not')
  flag('--dropout <fraction>', 'dropped before the classifier; 0: off', numeric)

  flag('--epochs <n>', 'passes over the training images', numeric)
  flag('--steps <n>', 'or: batches', numeric)
  flag('--seconds <n>', 'or: a time budget, which the learning rate follows', numeric)
  flag('--batch-size <n>', 'images in a step', numeric)
  flag('--seed <n>', 'same seed, same run', numeric)

  choices('--optimizer <kind>', 'the rule of the update', ['momentum', 'rmsprop', 'adam'])
  flag('--momentum <fraction>', 'for momentum and rmsprop', numeric)
  flag('--nesterov', "Nesterov's form of momentum")
  flag('--no-nesterov', 'the plain form')
  choices('--schedule <kind>', 'of the learning rate', ['cosine', 'exponential', 'constant', 'one-cycle'])
  flag('--learning-rate <rate>', 'at its highest', numeric)
  flag('--warmup <epochs>', 'of linear growth (one-cycle: fraction of the run)', numeric)
  flag('--clip <norm|off>', 'largest global norm of the gradient', numericOrOff)

  flag('--weight-decay <factor>', '0: off', numeric)
  flag('--drop-path-keep <p>', "ScheduledDropPath's keep probability; 1: off", numeric)
  flag('--auxiliary <weight>', "of the auxiliary head's loss; 0: no such head", numeric)
  flag('--label-smoothing <fraction>', '0: off', numeric)
  flag('--average <decay|off>', 'moving average of the weights, which is exported', numericOrOff)
  flag('--crop <pixels>', 'padding for random crops; 0: off', numeric)
  flag('--flip', 'mirror images by chance')
  flag('--no-flip', 'do not')
  flag('--cutout <pixels>', 'side of the square blanked out; 0: off', numeric)
  flag('--colour <strength>', 'brightness, contrast, saturation and hue by chance, up to 1; 0: off', numeric)
  flag('--resolution <stages|off>', '16@5,24@10: small images at first', parseResolution)

  flag('--evaluate-every <epochs>', 'on the validation images', numeric)
  flag('--checkpoint-steps <n|off>', 'steps between checkpoints', numericOrOff)
  flag('--checkpoint-seconds <n|off>', 'seconds between checkpoints', numericOrOff)
  return command
}

/** The config with the flags' changes, checked. `genotype` is what `--arch` means. */
export function applyFlags(config: RunConfig, flags: TrainFlags, genotype?: Genotype): RunConfig {
  const { data, model, augmentation, checkpoint } = config
  return validateConfig({
    ...config,
    data: {
      ...data,
      name: flags.data ?? data.name,
      folder: flags.dataDir ?? data.folder,
      validation: flags.validation ?? data.validation,
      imageSize: flags.imageSize ?? data.imageSize,
    },
    model: {
      ...model,
      name: genotype?.name ?? model.name,
      genotype: genotype ?? model.genotype,
      stem: flags.stem ?? model.stem,
      cells: flags.cells ?? model.cells,
      filters: flags.filters ?? model.filters,
      stemFilters: flags.stemFilters ?? model.stemFilters,
      skipReduction: flags.skipReduction ?? model.skipReduction,
      dropout: flags.dropout ?? model.dropout,
    },
    seed: flags.seed ?? config.seed,
    batchSize: flags.batchSize ?? config.batchSize,
    length: lengthOf(config.length, flags),
    optimizer: optimizerOf(config.optimizer, flags),
    learningRate: learningRateOf(config.learningRate, flags),
    weightDecay: flags.weightDecay ?? config.weightDecay,
    clipNorm: orNull(flags.clip, config.clipNorm),
    dropPathKeep: flags.dropPathKeep ?? config.dropPathKeep,
    auxiliaryWeight: flags.auxiliary ?? config.auxiliaryWeight,
    labelSmoothing: flags.labelSmoothing ?? config.labelSmoothing,
    averageDecay: orNull(flags.average, config.averageDecay),
    augmentation: {
      crop: flags.crop ?? augmentation.crop,
      flip: flags.flip ?? augmentation.flip,
      cutout: flags.cutout ?? augmentation.cutout,
      colour: flags.colour ?? augmentation.colour,
    },
    resolution: flags.resolution ?? config.resolution,
    checkpoint: {
      steps: orNull(flags.checkpointSteps, checkpoint.steps),
      seconds: orNull(flags.checkpointSeconds, checkpoint.seconds),
    },
    evaluateEvery: flags.evaluateEvery ?? config.evaluateEvery,
  })
}

export interface LengthFlags {
  epochs?: number
  steps?: number
  seconds?: number
}

export function lengthOf(before: LengthConfig, flags: LengthFlags): LengthConfig {
  const given = (['epochs', 'steps', 'seconds'] as const).flatMap((kind) => {
    const amount = flags[kind]
    return amount === undefined ? [] : [{ kind, amount }]
  })
  if (given.length > 1) throw new UserError('Give one of --epochs, --steps and --seconds, not several')
  return given[0] ?? before
}

/** The optimisers' own settings where a flag changes the kind: the paper's for RMSProp, the usual for Adam. */
const optimizers: { [K in OptimizerConfig['kind']]: Extract<OptimizerConfig, { kind: K }> } = {
  momentum: { kind: 'momentum', momentum: 0.9, nesterov: false },
  rmsprop: { kind: 'rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
  adam: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
}

function optimizerOf(before: OptimizerConfig, flags: TrainFlags): OptimizerConfig {
  const { momentum, nesterov } = flags
  const optimizer =
    flags.optimizer === undefined || flags.optimizer === before.kind ? before : optimizers[flags.optimizer]
  if (nesterov !== undefined && optimizer.kind !== 'momentum')
    throw new UserError(`--nesterov goes with the optimizer momentum, not ${optimizer.kind}`)
  if (momentum !== undefined && optimizer.kind === 'adam')
    throw new UserError('--momentum goes with the optimizers momentum and rmsprop, not adam')
  return {
    ...optimizer,
    ...(momentum !== undefined && { momentum }),
    ...(nesterov !== undefined && { nesterov }),
  } as OptimizerConfig
}

const schedules: Record<Schedule, (peak: number) => LearningRateConfig> = {
  constant: (peak) => ({ kind: 'constant', peak, warmup: 0 }),
  cosine: (peak) => ({ kind: 'cosine', peak, warmup: 0 }),
  exponential: (peak) => ({ kind: 'exponential', peak, warmup: 0, rate: 0.97, everyEpochs: 2.4 }),
  'one-cycle': (peak) => ({ kind: 'one-cycle', peak, rise: 0.3 }),
}

export interface LearningRateFlags {
  schedule?: Schedule
  learningRate?: number
  warmup?: number
}

export function learningRateOf(before: LearningRateConfig, flags: LearningRateFlags): LearningRateConfig {
  const { schedule, learningRate: peak = before.peak, warmup } = flags
  const kept = schedule === undefined || schedule === before.kind ? before : schedules[schedule](peak)
  if (warmup === undefined) return { ...kept, peak }
  return kept.kind === 'one-cycle' ? { ...kept, peak, rise: warmup } : { ...kept, peak, warmup }
}
