/** The strategies by name. */
import * as z from 'zod/mini'
import type { SearchSpace } from '../space/space.js'
import { evolutionSettings, regularizedEvolution } from './evolution.js'
import { ppoOptions } from './ppo-options.js'
import { randomSearch } from './random.js'
import type { Strategy } from './strategy.js'

/** A strategy and its settings, as a search's config holds them. */
export const strategyConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('random') }),
  z.strictObject({ kind: z.literal('evolution'), ...evolutionSettings.shape }),
  z.strictObject({ kind: z.literal('ppo'), options: ppoOptions }),
])
export type StrategyConfig = z.infer<typeof strategyConfig>

export const STRATEGIES = ['ppo', 'random', 'evolution'] as const

/** Starts the strategy of a search. Throws a `UserError` when its settings cannot be. */
export async function startStrategy({
  space,
  seed,
  strategy,
}: {
  space: SearchSpace
  seed: number
  strategy: StrategyConfig
}): Promise<Strategy> {
  switch (strategy.kind) {
    case 'random':
      return randomSearch(space, seed)
    case 'evolution':
      return regularizedEvolution(space, seed, strategy)
    case 'ppo': {
      // Loaded only here: it brings TensorFlow.js.
      const { createPpo } = await import('./ppo.js')
      return createPpo(space, seed, strategy.options)
    }
  }
}
