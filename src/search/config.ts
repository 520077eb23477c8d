/** A search: everything needed to repeat it, as `search.json` in the search's folder holds it. */
import { UserError } from '../shared/errors.js'
import { boolean, choice, integer, nullable, number, record, string, variants } from '../shared/schema.js'
import { autoencoderSizes, autoencoderTraining } from '../train/autoencoder/config.js'
import { validateConfig } from '../train/classification/config.js'
import type { ReconstructSettings } from './evaluate/reconstruct.js'
import type { SharedSettings } from './evaluate/shared-settings.js'
import type { TrainSettings } from './evaluate/train.js'
import type { Budget } from './search.js'
import { autoencoderSpace, type SearchSpace, validateSpace } from './space/space.js'
import { ppoOptions } from './strategy/ppo-options.js'
import type { RewardConfig } from './strategy/reward.js'
import type { StrategyConfig } from './strategy/strategies.js'

export type ChildEvaluator = TrainSettings | SharedSettings | ReconstructSettings

export const TASKS = ['classify', 'autoencode'] as const
export type SearchTask = (typeof TASKS)[number]

export interface SearchConfig {
  /** For people, and for the queue. */
  name: string
  /** Of this search alone, drawn when it begins. */
  id: string
  seed: number
  /** A config without it is of the time when classifiers alone were searched. */
  task: SearchTask
  space: SearchSpace
  strategy: StrategyConfig
  evaluator: ChildEvaluator
  reward: RewardConfig
  budget: Budget
  /** At the end the best `count` different children are trained again, longer, and `ranksChecked` of all ranks; null: none. */
  retrain: { count: number; ranksChecked: number; evaluator: TrainSettings | ReconstructSettings } | null
}

const fraction = number({ from: 0, to: 1 })
const whole = integer(1)

const images = {
  space: validateSpace,
  imageSize: nullable(integer(8, 1024)),
  trainImages: nullable(whole),
  validationImages: nullable(whole),
  latency: boolean,
}
const recipe = { ...images, run: validateConfig }
const train = { kind: choice('train'), ...recipe, hopelessBelow: fraction }
const reconstruct = {
  kind: choice('reconstruct'),
  ...images,
  run: autoencoderTraining,
  sizes: autoencoderSizes,
}
const evaluator = variants<ChildEvaluator>({
  train,
  reconstruct,
  shared: {
    kind: choice('shared'),
    ...recipe,
    weights: string,
    warmUp: record<SharedSettings['warmUp']>({
      rounds: whole,
      sideBySide: integer(1, 64),
      rate: number({ above: 0, to: 1 }),
    }),
  },
})

const searchConfig = record<SearchConfig>({
  name: string,
  id: string,
  seed: integer(0, 2 ** 32 - 1),
  task: (value, field) => choice(...TASKS)(value ?? 'classify', field),
  space: validateSpace,
  strategy: variants<StrategyConfig>({
    random: { kind: choice('random') },
    evolution: {
      kind: choice('evolution'),
      population: integer(2),
      sample: whole,
      identity: number({ from: 0, below: 1 }),
    },
    ppo: { kind: choice('ppo'), options: ppoOptions },
  }),
  evaluator,
  reward: record<RewardConfig>({
    cost: nullable(choice('multiplyAdds', 'latencyMillis')),
    target: number({ above: 0 }),
    exponent: number({ to: 0 }),
  }),
  budget: record<Budget>({ kind: choice('children', 'seconds'), amount: number({ above: 0 }) }),
  retrain: nullable(
    record<NonNullable<SearchConfig['retrain']>>({
      count: integer(0),
      ranksChecked: integer(0),
      evaluator: variants<TrainSettings | ReconstructSettings>({ train, reconstruct }),
    }),
  ),
})

/** Checks a search's config, for example one read from `search.json`. Throws a `UserError` that names the field. */
export function validateSearchConfig(value: unknown): SearchConfig {
  const config = searchConfig(value, '')
  checkTask(config)
  for (const [field, evaluator] of [
    ['evaluator', config.evaluator],
    ['retrain.evaluator', config.retrain?.evaluator],
  ] as const)
    if (evaluator !== undefined && JSON.stringify(evaluator.space) !== JSON.stringify(config.space))
      throw new UserError(`"${field}.space" is not the same as "space"; make both alike`)
  const { kind, amount } = config.budget
  if (kind === 'children' && !Number.isInteger(amount))
    throw new UserError(`"budget.amount" is ${amount}, but children are whole numbers`)
  return config
}

/** The task decides what evaluates, and an autoencoder's space has its three cells. */
function checkTask({ task, space, evaluator, retrain }: SearchConfig): void {
  const fits = (kind: ChildEvaluator['kind']) => (task === 'autoencode') === (kind === 'reconstruct')
  for (const [field, kind] of [
    ['evaluator.kind', evaluator.kind],
    ...(retrain === null ? [] : [['retrain.evaluator.kind', retrain.evaluator.kind] as const]),
  ] as const)
    if (!fits(kind))
      throw new UserError(`"${field}" is ${kind}, which is not an evaluator of the task ${task}`)
  const wanted = [...autoencoderSpace.cells].sort().join()
  if (task === 'autoencode' && [...space.cells].sort().join() !== wanted)
    throw new UserError(
      `"space.cells" is ${space.cells.join(', ')}, but an autoencoder has ${autoencoderSpace.cells.join(', ')}`,
    )
}
