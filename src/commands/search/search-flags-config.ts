/** The config that the flags of `search` make. */
import { basename, resolve } from 'node:path'
import { type ChildEvaluator, type SearchConfig, validateSearchConfig } from '../../search/config.js'
import {
  longerReconstructRecipe,
  reconstructRecipe,
  retrainRecipe,
  sharedRecipe,
  trainRecipe,
} from '../../search/evaluate/recipes.js'
import type { TrainedFor } from '../../search/evaluate/shared-weights-file.js'
import { OWN_WEIGHTS } from '../../search/search-folder.js'
import { autoencoderSpace, paperSpace } from '../../search/space/space.js'
import { evolutionFor } from '../../search/strategy/evolution.js'
import { paperController, smallController } from '../../search/strategy/ppo-options.js'
import { qualityAlone, type RewardConfig, usualExponent } from '../../search/strategy/reward.js'
import { UserError } from '../../shared/errors.js'
import type { SearchFlags } from './search-flags.js'

/** Children that a time budget is taken to allow for when the strategy's settings are chosen. */
const CHILDREN_PER_HOUR = 600
/** From so many children on, the controller learns as slowly as the paper's. */
const MANY_CHILDREN = 5000

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
              imageSize: flags.imageSize ?? longer.imageSize,
              trainImages: flags.retrainImages ?? longer.trainImages,
              run: { ...longer.run, length: lengthOf(longer.run.length, { epochs: flags.retrainEpochs }) },
            },
          },
  })
}

/** The recipe on the images that the flags name, some of them held out to measure on. */
export function withData<R extends ChildEvaluator>(
  recipe: R,
  flags: Pick<SearchFlags, 'data' | 'dataDir' | 'validationImages' | 'seed' | 'batchSize'>,
): R {
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
