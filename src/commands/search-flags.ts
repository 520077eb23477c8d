/** The flags of `search`, and the config that they make. */
import { basename, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { UserError } from '../errors.js'
import {
  type ChildEvaluator,
  type SearchConfig,
  type SearchTask,
  TASKS,
  validateSearchConfig,
} from '../search/config.js'
import type { TrainedFor } from '../search/evaluate/shared-weights-file.js'
import { evolutionFor } from '../search/evolution.js'
import { paperController, smallController } from '../search/ppo-options.js'
import {
  longerReconstructRecipe,
  reconstructRecipe,
  retrainRecipe,
  sharedRecipe,
  trainRecipe,
} from '../search/recipes.js'
import { qualityAlone, type RewardConfig, usualExponent } from '../search/reward.js'
import type { Budget } from '../search/search.js'
import { OWN_WEIGHTS } from '../search/search-folder.js'
import { autoencoderSpace, paperSpace } from '../search/space.js'
import { STRATEGIES } from '../search/strategies.js'
import { numeric } from './train-flags.js'

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

/** Children that a time budget is taken to allow for when the strategy's settings are chosen. */
const CHILDREN_PER_HOUR = 600
/** From so many children on, the controller learns as slowly as the paper's. */
const MANY_CHILDREN = 5000

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

/** Who evaluates. Throws a UserError for flags about shared weights where there are none. */
export function evaluatorOf({ task, evaluator, weights, warmUp }: SearchFlags): 'train' | 'shared' {
  const aboutShared = (weights ?? warmUp) !== undefined
  if (task === 'autoencode') {
    if (evaluator === 'shared' || aboutShared)
      throw new UserError(
        'Autoencoders have no shared weights: with --task autoencode, each child is trained on its own; leave out --evaluator shared, --weights and --warm-up',
      )
    return 'train'
  }
  if (evaluator === 'train' && aboutShared)
    throw new UserError(
      `--${weights === undefined ? 'warm-up' : 'weights'} is about shared weights, which --evaluator ${evaluator} does without; leave one of the two out`,
    )
  return evaluator ?? 'shared'
}

/**
 * The config of a new search in `folder`, checked; `id` is its alone. `given`: what the weights of --weights were
 * trained for. Children are then measured on images that these have not seen, whatever the seed of the search.
 */
export function searchConfigOf(
  flags: SearchFlags,
  { folder, id, given }: { folder: string; id: string; given?: TrainedFor },
): SearchConfig {
  const { task, top: count, checkRanks: ranksChecked } = flags
  const cells = task === 'autoencode' ? autoencoderSpace : paperSpace
  const space = { ...cells, blocks: flags.blocks ?? cells.blocks }
  const evaluator = evaluatorOf(flags)
  const recipe =
    task === 'autoencode'
      ? reconstructRecipe(space)
      : evaluator === 'train'
        ? trainRecipe(space)
        : sharedRecipe(space, flags.weights === undefined ? OWN_WEIGHTS : resolve(flags.weights))
  const longer = withData(
    task === 'autoencode' ? longerReconstructRecipe(space) : retrainRecipe(space),
    flags,
  )
  return validateSearchConfig({
    name: basename(folder),
    id,
    seed: flags.seed,
    task,
    space,
    strategy: strategyOf(flags),
    evaluator: {
      ...withData(recipe, flags),
      run: {
        ...withData(recipe, flags).run,
        length: lengthOf(recipe.run.length, flags),
        seed: given?.seed ?? flags.seed,
      },
      ...(recipe.kind === 'shared' && {
        warmUp: given?.warmUp ?? { ...recipe.warmUp, rounds: flags.warmUp ?? recipe.warmUp.rounds },
      }),
      imageSize: flags.imageSize ?? recipe.imageSize,
      trainImages: flags.trainImages ?? recipe.trainImages,
      validationImages: flags.validationImages ?? recipe.validationImages,
      latency: flags.targetLatency !== undefined,
    },
    reward: rewardOf(flags),
    budget: flags.budget,
    retrain:
      count + ranksChecked === 0
        ? null
        : {
            count,
            ranksChecked,
            evaluator: {
              ...longer,
              trainImages: flags.retrainImages ?? longer.trainImages,
              run: { ...longer.run, length: lengthOf(longer.run.length, { epochs: flags.retrainEpochs }) },
            },
          },
  })
}

/** The recipe on the images that the flags name, some of them held out to measure on. */
function withData<R extends ChildEvaluator>(recipe: R, flags: SearchFlags): R {
  const { data } = recipe.run
  const validation = flags.data === 'cifar10' ? data.validation : (flags.validationImages ?? 1000)
  const named = { ...data, name: flags.data, folder: flags.dataDir ?? data.folder, validation }
  const { seed, batchSize = recipe.run.batchSize } = flags
  return { ...recipe, run: { ...recipe.run, seed, batchSize, data: named } }
}

function lengthOf(before: object, { epochs, steps }: Pick<SearchFlags, 'epochs' | 'steps'>): object {
  if (epochs !== undefined) return { kind: 'epochs', amount: epochs }
  return steps === undefined ? before : { kind: 'steps', amount: steps }
}

function strategyOf({ strategy, budget }: SearchFlags): SearchConfig['strategy'] {
  const children =
    budget.kind === 'children' ? budget.amount : Math.ceil((budget.amount / 3600) * CHILDREN_PER_HOUR)
  if (strategy === 'evolution') return { kind: 'evolution', ...evolutionFor(children) }
  if (strategy === 'ppo')
    return { kind: 'ppo', options: children >= MANY_CHILDREN ? paperController : smallController }
  return { kind: 'random' }
}

function rewardOf({ targetMultiplyAdds, targetLatency }: SearchFlags): RewardConfig {
  if (targetMultiplyAdds !== undefined)
    return { cost: 'multiplyAdds', target: targetMultiplyAdds, exponent: usualExponent }
  if (targetLatency !== undefined)
    return { cost: 'latencyMillis', target: targetLatency, exponent: usualExponent }
  return qualityAlone
}
