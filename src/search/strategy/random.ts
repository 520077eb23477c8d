/** Random search: every architecture of the space is equally likely, whatever was learnt before. */
import { random } from '../../../models/index.js'
import { randomDecisions } from '../space/genotypes.js'
import type { SearchSpace } from '../space/space.js'
import type { Strategy } from './strategy.js'

/** Proposal i depends on the seed and i alone. */
export function randomSearch(space: SearchSpace, seed: number): Strategy {
  let asked = 0
  return {
    ask: async () => randomDecisions(space, random(seed, 'random search', asked++).uniform),
    tell: async () => {},
    figures: () => ({}),
    close: async () => {},
  }
}
