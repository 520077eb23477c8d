/** The settings of a new search, each with a default, and the config that they make. */
import { basename, resolve } from 'node:path'
import { UserError } from '../shared/errors.js'
import {
  type Budget,
  type ChildEvaluator,
  type SearchConfig,
  type SearchTask,
  validateSearchConfig,
} from './config.js'
import {
  longerReconstructRecipe,
  reconstructRecipe,
  retrainRecipe,
  sharedRecipe,
  trainRecipe,
} from './evaluate/recipes.js'
import type { TrainedFor } from './evaluate/shared-weights-file.js'
import { OWN_WEIGHTS } from './search-folder.js'
import { autoencoderSpace, paperSpace } from './space/space.js'
import { evolutionFor } from './strategy/evolution.js'
import { paperController, smallController } from './strategy/ppo-options.js'
import { qualityAlone, type RewardConfig, usualExponent } from './strategy/reward.js'
import type { STRATEGIES } from './strategy/strategies.js'

export interface SearchSettings {
  /** `cifar10` (the default), `embedded`, or a folder with `train/<class>/*.jpg`. */
  data?: string
  /** Where fetched data sets lie. */
  dataDir?: string
  /** Cells of classifiers (`classify`, the default) or of autoencoders that reconstruct images (`autoencode`). */
  task?: SearchTask
  /** What proposes children: `ppo` by default. */
  strategy?: (typeof STRATEGIES)[number]
  /**
   * `train`: each child is trained on its own. `shared`, the default for classifiers: children start from shared
   * weights, which are trained first. Autoencoders have `train` alone.
   */
  evaluator?: 'train' | 'shared'
  /** 200 children by default. */
  budget?: Budget
  /** The same seed makes the same proposals; 1 by default. */
  seed?: number
  /** Blocks of a cell; 5 by default. */
  blocks?: number
  /** How many of the best children are trained longer at the end; 3 by default, 0: none. */
  top?: number
  /** How many children of all ranks are trained longer too, to measure how far rewards rank as that does; 0 by default. */
  checkRanks?: number
  /** Epochs of that longer training; by default 5, for autoencoders 600 steps. */
  retrainEpochs?: number
  /** Images of its epochs; all by default. */
  retrainImages?: number
  /** A file of shared weights that another search trained; by default the search trains its own. */
  weights?: string
  /** Rounds that shared weights are trained for; 120 by default. */
  warmUp?: number
  /** Images that a child is trained on, and measured on. */
  trainImages?: number
  validationImages?: number
  /** Side in pixels that images are scaled down to; 16 by default. */
  imageSize?: number
  /** How long a child is trained: one of the two. */
  epochs?: number
  steps?: number
  /** Images of a step. */
  batchSize?: number
  /** Weighs quality against multiply-adds, of which so many cost nothing; or against milliseconds for one image. */
  targetMultiplyAdds?: number
  targetLatency?: number
}

/** Children that a time budget is taken to allow for when the strategy's settings are chosen. */
const CHILDREN_PER_HOUR = 600
/** From so many children on, the controller learns as slowly as the paper's. */
const MANY_CHILDREN = 5000
const DEFAULT_BUDGET: Budget = { kind: 'children', amount: 200 }

/** Settings of which at most one can be given. */
const EXCLUSIVE = [
  ['epochs', 'steps'],
  ['weights', 'warmUp'],
  ['targetMultiplyAdds', 'targetLatency'],
] as const satisfies [keyof SearchSettings, keyof SearchSettings][]

/**
 * The config of a new search in `folder`, checked; `id` is its alone.
 *
 * @param given what the weights of `settings.weights` were trained for: children are then measured on images that
 *   these have not seen, whatever the seed of the search
 * @throws UserError that names what cannot be
 */
export function searchConfig(
  settings: SearchSettings,
  { folder, id, given }: { folder: string; id: string; given?: TrainedFor },
): SearchConfig {
  for (const [one, other] of EXCLUSIVE)
    if (settings[one] !== undefined && settings[other] !== undefined)
      throw new UserError(`"${one}" and "${other}" exclude each other; leave one of them out`)
  const { task = 'classify', top: count = 3, checkRanks: ranksChecked = 0 } = settings
  const { seed = 1, budget = DEFAULT_BUDGET, strategy = 'ppo' } = settings
  const cells = task === 'autoencode' ? autoencoderSpace : paperSpace
  const space = { ...cells, blocks: settings.blocks ?? cells.blocks }
  const evaluator = evaluatorKind(settings)
  const recipe =
    task === 'autoencode'
      ? reconstructRecipe(space)
      : evaluator === 'train'
        ? trainRecipe(space)
        : sharedRecipe(space, settings.weights === undefined ? OWN_WEIGHTS : resolve(settings.weights))
  const child = withData(recipe, settings)
  const longer = withData(
    task === 'autoencode' ? longerReconstructRecipe(space) : retrainRecipe(space),
    settings,
  )
  return validateSearchConfig({
    name: basename(folder),
    id,
    seed,
    task,
    space,
    strategy: strategyConfig(strategy, budget),
    evaluator: {
      ...child,
      run: { ...child.run, length: lengthOf(recipe.run.length, settings), seed: given?.seed ?? seed },
      ...(recipe.kind === 'shared' && {
        warmUp: given?.warmUp ?? { ...recipe.warmUp, rounds: settings.warmUp ?? recipe.warmUp.rounds },
      }),
      imageSize: settings.imageSize ?? recipe.imageSize,
      trainImages: settings.trainImages ?? recipe.trainImages,
      validationImages: settings.validationImages ?? recipe.validationImages,
      latency: settings.targetLatency !== undefined,
    },
    reward: rewardConfig(settings),
    budget,
    retrain:
      count + ranksChecked === 0
        ? null
        : {
            count,
            ranksChecked,
            evaluator: {
              ...longer,
              imageSize: settings.imageSize ?? longer.imageSize,
              trainImages: settings.retrainImages ?? longer.trainImages,
              run: { ...longer.run, length: lengthOf(longer.run.length, { epochs: settings.retrainEpochs }) },
            },
          },
  })
}

/** Throws a UserError for settings of shared weights where there are none. */
function evaluatorKind({ task, evaluator, weights, warmUp }: SearchSettings): 'train' | 'shared' {
  const kind = evaluator ?? (task === 'autoencode' ? 'train' : 'shared')
  if (task === 'autoencode' && kind === 'shared')
    throw new UserError('Autoencoders have no shared weights: their evaluator is "train"')
  if (kind === 'train' && (weights ?? warmUp) !== undefined)
    throw new UserError(
      '"weights" and "warmUp" are about shared weights: leave them out with evaluator "train"',
    )
  return kind
}

/** The recipe on the images that the settings name, some of them held out to measure on. */
export function withData<R extends ChildEvaluator>(
  recipe: R,
  settings: Pick<SearchSettings, 'data' | 'dataDir' | 'validationImages' | 'seed' | 'batchSize'>,
): R {
  const { data } = recipe.run
  const { data: name = data.name, dataDir = data.folder, seed = 1 } = settings
  const validation = name === 'cifar10' ? data.validation : (settings.validationImages ?? 1000)
  const { batchSize = recipe.run.batchSize } = settings
  const named = { ...data, name, folder: dataDir, validation }
  return { ...recipe, run: { ...recipe.run, seed, batchSize, data: named } }
}

function lengthOf(before: object, { epochs, steps }: Pick<SearchSettings, 'epochs' | 'steps'>): object {
  if (epochs !== undefined) return { kind: 'epochs', amount: epochs }
  return steps === undefined ? before : { kind: 'steps', amount: steps }
}

function strategyConfig(
  strategy: NonNullable<SearchSettings['strategy']>,
  budget: Budget,
): SearchConfig['strategy'] {
  const children =
    budget.kind === 'children' ? budget.amount : Math.ceil((budget.amount / 3600) * CHILDREN_PER_HOUR)
  if (strategy === 'evolution') return { kind: 'evolution', ...evolutionFor(children) }
  if (strategy === 'ppo')
    return { kind: 'ppo', options: children >= MANY_CHILDREN ? paperController : smallController }
  return { kind: 'random' }
}

function rewardConfig({ targetMultiplyAdds, targetLatency }: SearchSettings): RewardConfig {
  if (targetMultiplyAdds !== undefined)
    return { cost: 'multiplyAdds', target: targetMultiplyAdds, exponent: usualExponent }
  if (targetLatency !== undefined)
    return { cost: 'latencyMillis', target: targetLatency, exponent: usualExponent }
  return qualityAlone
}
