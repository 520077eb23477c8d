/** A search: everything needed to repeat it, as `search.json` in the search's folder holds it. */
import * as z from 'zod/mini'
import { number, rule, text, validate, wholeNumber } from '../shared/validation.js'
import { childEvaluator, separateEvaluator } from './evaluate/settings.js'
import { autoencoderSpace, searchSpace } from './space/space.js'
import { rewardConfig } from './strategy/reward.js'
import { strategyConfig } from './strategy/strategies.js'

export type { ChildEvaluator } from './evaluate/settings.js'

export const TASKS = ['classify', 'autoencode'] as const
export type SearchTask = (typeof TASKS)[number]

const budget = z.strictObject({ kind: z.enum(['children', 'seconds']), amount: number({ above: 0 }) }).check(
  rule(({ kind, amount }, refuse) => {
    if (kind === 'children' && !Number.isInteger(amount))
      refuse(['amount'], `is ${amount}, but children are whole numbers`)
  }),
)

const searchConfig = z
  .strictObject({
    /** For people, and for the queue. */
    name: text(),
    /** Of this search alone, drawn when it begins. */
    id: text(),
    seed: wholeNumber(0, 2 ** 32 - 1),
    /** A config without it is of the time when classifiers alone were searched. */
    task: z._default(z.enum(TASKS), 'classify'),
    space: searchSpace,
    strategy: strategyConfig,
    evaluator: childEvaluator,
    reward: rewardConfig,
    budget,
    /** At the end the best `count` different children are trained again, longer, and `ranksChecked` of all ranks; null: none. */
    retrain: z.nullable(
      z.strictObject({
        count: wholeNumber(0),
        ranksChecked: wholeNumber(0),
        evaluator: separateEvaluator,
      }),
    ),
  })
  .check(rule(checkTask), rule(checkSpaces))
export type SearchConfig = z.infer<typeof searchConfig>
export type Budget = SearchConfig['budget']

/** Checks a search's config, for example one read from `search.json`. Throws a `UserError` that names the field. */
export function validateSearchConfig(value: unknown): SearchConfig {
  return validate(searchConfig, value)
}

type Refuse = (path: readonly PropertyKey[], words: string) => void

/** The evaluators of a config, with their places in it. */
const evaluatorsOf = ({ evaluator, retrain }: SearchConfig) => [
  { path: ['evaluator'], evaluator },
  ...(retrain === null ? [] : [{ path: ['retrain', 'evaluator'], evaluator: retrain.evaluator }]),
]

/** The task decides what evaluates, and an autoencoder's space has its three cells. */
function checkTask(config: SearchConfig, refuse: Refuse): void {
  const { task, space } = config
  for (const { path, evaluator } of evaluatorsOf(config))
    if ((task === 'autoencode') !== (evaluator.kind === 'reconstruct'))
      refuse([...path, 'kind'], `is ${evaluator.kind}, which is not an evaluator of the task ${task}`)
  const wanted = [...autoencoderSpace.cells].sort().join()
  if (task === 'autoencode' && [...space.cells].sort().join() !== wanted)
    refuse(
      ['space', 'cells'],
      `is ${space.cells.join(', ')}, but an autoencoder has ${autoencoderSpace.cells.join(', ')}`,
    )
}

function checkSpaces(config: SearchConfig, refuse: Refuse): void {
  for (const { path, evaluator } of evaluatorsOf(config))
    if (JSON.stringify(evaluator.space) !== JSON.stringify(config.space))
      refuse([...path, 'space'], 'is not the same as "space"; make both alike')
}
