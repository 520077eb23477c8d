/** Options of `train-backbone` and `finetune-coco` alike, and the settings that they change. */
import { Option } from '@commander-js/extra-typings'
import { UserError } from '../../shared/errors.js'
import type { RunConfig } from '../../train/classification/config.js'
import { FREEZE, KEEPS, type LearningRateConfig, type LengthConfig } from '../../train/settings/config.js'
import { number, orNull, orOff, type Parser, WrongValue, wholeNumber } from '../shared/flags.js'

/** A part of the backbone, as `freeze` names it. */
export const frozenPart: Parser<string> = (text) => {
  if (FREEZE.test(text)) return text
  throw new WrongValue('stem, all, or cells:N with N of 1 or more')
}

export const out = new Option('--out <folder>', 'folder of the new run (default: a new one in runs/)')

export const resume = new Option(
  '--resume <run>',
  'continue a run; other flags may change what its saved state does not depend on',
)

export const epochs = new Option('--epochs <n>', 'train for n passes over the training images').argParser(
  wholeNumber(1),
)

export const steps = new Option('--steps <n>', 'or: for n steps').argParser(wholeNumber(1))

export const seconds = new Option(
  '--seconds <n>',
  'or: for n seconds, which the learning rate schedule is fitted to',
).argParser(number({ above: 0 }))

export const accumulate = new Option(
  '--accumulate <n>',
  'passes whose gradients are averaged into one step',
).argParser(wholeNumber(1, 100_000))

export const seed = new Option('--seed <n>', 'seed of all randomness; equal seeds give equal runs').argParser(
  wholeNumber(0, 2 ** 32 - 1),
)

export const schedule = new Option('--schedule <kind>', 'course of the learning rate').choices([
  'cosine',
  'exponential',
  'constant',
  'one-cycle',
])

export const learningRate = new Option('--learning-rate <rate>', 'highest learning rate').argParser(
  number({ above: 0 }),
)

export const warmup = new Option(
  '--warmup <epochs>',
  'epochs of linear growth of the learning rate (one-cycle: fraction of the run)',
).argParser(number({ from: 0 }))

export const clip = new Option('--clip <norm|off>', 'largest global norm of the gradient').argParser(
  orOff(number({ above: 0 })),
)

export const weightDecay = new Option(
  '--weight-decay <factor>',
  'factor of the L2 penalty; 0: off',
).argParser(number({ from: 0 }))

export const average = new Option(
  '--average <decay|off>',
  'decay of the moving average of the weights, which is evaluated and exported',
).argParser(orOff(number({ from: 0, below: 1 })))

export const flip = new Option('--flip', 'mirror every second image, at random')

export const noFlip = new Option('--no-flip', 'do not mirror images')

export const colour = new Option(
  '--colour <strength>',
  'random change of brightness, contrast, saturation and hue, from 0 (off) to 1',
).argParser(number({ from: 0, to: 1 }))

export const checkpointSteps = new Option(
  '--checkpoint-steps <n|off>',
  'steps between checkpoints',
).argParser(orOff(wholeNumber(1)))

export const checkpointSeconds = new Option(
  '--checkpoint-seconds <n|off>',
  'seconds between checkpoints',
).argParser(orOff(number({ above: 0 })))

/** Schedules that a flag can name; the steps of a `step` schedule are a preset's. */
type Schedule = Exclude<LearningRateConfig['kind'], 'step'>

type LengthFlags = Partial<Record<LengthConfig['kind'], number>>
type LearningRateFlags = Partial<Record<'learningRate' | 'warmup', number>> & { schedule?: Schedule }

/** Values of the options above. */
export type TrainingFlags = LengthFlags &
  LearningRateFlags &
  Partial<Record<'seed' | 'batchSize' | 'weightDecay', number>> &
  Partial<Record<'clip' | 'average' | 'checkpointSteps' | 'checkpointSeconds', number | 'off'>>

/** `measure`: what evaluations are ranked by. */
export const earlyStopping = (measure: string) =>
  new Option(
    '--early-stopping <n|off>',
    `end after n evaluations in a row without a higher ${measure} on the validation images`,
  ).argParser(orOff(wholeNumber(1)))

export const keep = (measure: string) =>
  new Option(
    '--keep <which>',
    `weights that are evaluated and exported: the last, or those with the highest ${measure} on the validation images`,
  ).choices(KEEPS)

export interface KeepFlags {
  earlyStopping?: number | 'off'
  keep?: (typeof KEEPS)[number]
}

export const keepSettings = ({ keep, earlyStopping }: KeepFlags) => ({
  keep,
  earlyStopping: earlyStopping === 'off' ? null : earlyStopping,
})

/** The settings that these flags change, as they are afterwards. */
export const trainingSettings = (
  before: Pick<
    RunConfig,
    | 'seed'
    | 'batchSize'
    | 'length'
    | 'learningRate'
    | 'weightDecay'
    | 'clipNorm'
    | 'averageDecay'
    | 'checkpoint'
  >,
  flags: TrainingFlags,
) => ({
  seed: flags.seed ?? before.seed,
  batchSize: flags.batchSize ?? before.batchSize,
  weightDecay: flags.weightDecay ?? before.weightDecay,
  length: lengthOf(before.length, flags),
  learningRate: learningRateOf(before.learningRate, flags),
  clipNorm: orNull(flags.clip, before.clipNorm),
  averageDecay: orNull(flags.average, before.averageDecay),
  checkpoint: {
    steps: orNull(flags.checkpointSteps, before.checkpoint.steps),
    seconds: orNull(flags.checkpointSeconds, before.checkpoint.seconds),
  },
})

function lengthOf(before: LengthConfig, flags: LengthFlags): LengthConfig {
  const given = (['epochs', 'steps', 'seconds'] as const).flatMap((kind) => {
    const amount = flags[kind]
    return amount === undefined ? [] : [{ kind, amount }]
  })
  if (given.length > 1) throw new UserError('Give one of --epochs, --steps and --seconds, not several')
  return given[0] ?? before
}

const schedules: Record<Schedule, (peak: number) => LearningRateConfig> = {
  constant: (peak) => ({ kind: 'constant', peak, warmup: 0 }),
  cosine: (peak) => ({ kind: 'cosine', peak, warmup: 0 }),
  exponential: (peak) => ({ kind: 'exponential', peak, warmup: 0, rate: 0.97, everyEpochs: 2.4 }),
  'one-cycle': (peak) => ({ kind: 'one-cycle', peak, rise: 0.3 }),
}

function learningRateOf(before: LearningRateConfig, flags: LearningRateFlags): LearningRateConfig {
  const { schedule, learningRate: peak = before.peak, warmup } = flags
  const kept = schedule === undefined || schedule === before.kind ? before : schedules[schedule](peak)
  if (warmup === undefined) return { ...kept, peak }
  return kept.kind === 'one-cycle' ? { ...kept, peak, rise: warmup } : { ...kept, peak, warmup }
}

/** What --json prints, for the help of a command; `metrics` names those of its evaluations. */
export const jsonFields = (metrics: string): string =>
  `--json prints {"run", "finished", "steps", "seconds", "validation", "model"}: the run's folder, whether it is complete,
the steps and seconds of its training, the evaluation of the weights that are exported (${metrics};
null if there was none) and the path of the exported model (null if the run is not complete).`

/** Of a run that an earlier version began. */
export const UNCHECKED_DATA =
  'The run does not record what its data was like: whether this is the same data was not checked'
