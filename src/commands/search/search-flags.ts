/** The flags of `search`. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Budget } from '../../search/config.js'
import { type SearchTask, TASKS } from '../../search/config.js'
import { STRATEGIES } from '../../search/strategy/strategies.js'
import { numeric } from '../train/train-flags.js'

export interface SearchFlags {
  data: string
  dataDir?: string
  task: SearchTask
  strategy: (typeof STRATEGIES)[number]
  evaluator?: 'train' | 'shared'
  budget: Budget
  seed: number
  blocks?: number
  top: number
  checkRanks: number
  retrainEpochs?: number
  retrainImages?: number
  weights?: string
  warmUp?: number
  trainImages?: number
  validationImages?: number
  imageSize?: number
  epochs?: number
  steps?: number
  batchSize?: number
  targetMultiplyAdds?: number
  targetLatency?: number
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** `200` children, or a time: `90s`, `30m`, `2h`, `1d`. */
export function parseBudget(text: string): Budget {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text.trim())
  const amount = match === null ? 0 : Number(match[1])
  const unit = match?.[2] as keyof typeof UNITS | '' | undefined
  if (match === null || !(amount > 0) || (unit === '' && !Number.isInteger(amount)))
    throw new InvalidArgumentError(
      'Give a number of children like 200, or a time like 30m or 2h; more than none.',
    )
  return unit === '' || unit === undefined
    ? { kind: 'children', amount }
    : { kind: 'seconds', amount: amount * UNITS[unit] }
}

export const wholeFrom =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`Give a whole number from ${least}.`)
  }

/** Adds the flags to the command. */
export function addSearchFlags(command: Command): Command {
  return command
    .option('--data <name>', 'cifar10, embedded, or a folder with train/<class>/*.jpg', 'cifar10')
    .option('--data-dir <folder>', 'where fetched data sets lie')
    .addOption(
      new Option('--task <name>', 'cells of classifiers, or of autoencoders that reconstruct images')
        .choices(TASKS)
        .default('classify'),
    )
    .addOption(new Option('--strategy <name>', 'what proposes children').choices(STRATEGIES).default('ppo'))
    .addOption(
      new Option(
        '--evaluator <kind>',
        'train: each child on its own; shared: from shared weights, in seconds (default: shared; of autoencoders: train)',
      ).choices(['train', 'shared']),
    )
    .addOption(
      new Option('--budget <amount>', 'children (200) or time (30m, 2h)')
        .argParser(parseBudget)
        .default({ kind: 'children', amount: 200 } satisfies Budget, '200'),
    )
    .option('--seed <n>', 'same seed, same proposals', wholeFrom(0), 1)
    .option('--blocks <n>', 'blocks of a cell (default: 5)', wholeFrom(1))
    .option('--top <k>', 'of the best, trained longer at the end; 0: none', wholeFrom(0), 3)
    .option(
      '--check-ranks <n>',
      'children of all ranks trained longer too: the report tells how far the order agrees (Kendall’s τ)',
      wholeFrom(0),
      0,
    )
    .option(
      '--retrain-epochs <n>',
      'how long that longer training is (default: 5; of autoencoders: 600 steps)',
      wholeFrom(1),
    )
    .option('--retrain-images <n>', 'images of its epochs (default: all)', wholeFrom(1))
    .addOption(
      new Option(
        '--weights <file>',
        "shared weights of another search's, instead of training some first",
      ).conflicts('warmUp'),
    )
    .option('--warm-up <rounds>', 'rounds that shared weights are trained for', wholeFrom(1))
    .option('--train-images <n>', 'images that a child is trained on', wholeFrom(1))
    .option('--validation-images <n>', 'images that a child is measured on', wholeFrom(1))
    .option('--image-size <pixels>', 'side that images are scaled down to', wholeFrom(8))
    .option('--epochs <n>', 'a child is trained for', wholeFrom(1))
    .addOption(new Option('--steps <n>', 'or: steps').argParser(wholeFrom(1)).conflicts('epochs'))
    .option('--batch-size <n>', 'images of a step', wholeFrom(1))
    .option(
      '--target-multiply-adds <n>',
      'weigh accuracy against multiply-adds: this many cost nothing',
      numeric,
    )
    .addOption(
      new Option('--target-latency <ms>', 'or against the measured milliseconds of one image')
        .argParser(numeric)
        .conflicts('targetMultiplyAdds'),
    )
}
