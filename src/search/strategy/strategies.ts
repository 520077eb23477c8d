/** The strategies by name. */
import type { SearchSpace } from '../space/space.js'
import { type EvolutionSettings, regularizedEvolution } from './evolution.js'
import type { PpoOptions } from './ppo-options.js'
import { randomSearch } from './random.js'
import type { Strategy } from './strategy.js'

/** A strategy and its settings, as a search's config holds them. */
export type StrategyConfig =
  | { kind: 'random' }
  | ({ kind: 'evolution' } & EvolutionSettings)
  | { kind: 'ppo'; options: PpoOptions }

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
