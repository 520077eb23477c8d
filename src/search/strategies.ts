/** The strategies by name. */
import type { SearchConfig } from './config.js'
import { regularizedEvolution } from './evolution.js'
import { randomSearch } from './random.js'
import type { Strategy } from './strategy.js'

export const STRATEGIES = ['ppo', 'random', 'evolution'] as const

/** Starts the strategy of a search. Throws a `UserError` when its settings cannot be. */
export async function startStrategy({ space, seed, strategy }: SearchConfig): Promise<Strategy> {
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
