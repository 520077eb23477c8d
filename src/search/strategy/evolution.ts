/**
 * Regularized evolution (Real et al. 2018, "Regularized Evolution for Image Classifier Architecture Search", algorithm 1):
 * the fittest of a sample has a mutated child, and the oldest dies, however good.
 */
import * as z from 'zod/mini'
import { random } from '../../shared/random.js'
import { number, validate, wholeNumber } from '../../shared/validation.js'
import { below, mutate, randomDecisions } from '../space/genotypes.js'
import type { Decisions, SearchSpace } from '../space/space.js'
import type { Strategy, StrategyFigures } from './strategy.js'

export const evolutionSettings = z.object({
  /** P, the architectures that are alive. So many are random at first. */
  population: wholeNumber(2),
  /** S, how often a candidate is drawn, with replacement; the best of them is the parent. */
  sample: wholeNumber(1),
  /** Probability that the child is its parent unchanged, which tries the parent once more. */
  identity: number({ from: 0, below: 1 }),
})
export type EvolutionSettings = z.infer<typeof evolutionSettings>

/** What the paper found best of five settings, for 20,000 children. */
export const paperEvolution: EvolutionSettings = { population: 100, sample: 25, identity: 0.05 }

/**
 * For a budget of so many children. The paper's population begins with 100 random architectures, which a small budget
 * does not recover from. On made-up rewards (effects of single decisions and of pairs, two sizes of noise, 40 searches
 * each) populations of 25 led, with others close by, from 50 to 1,000 children, and of 50 at 2,000; a quarter of the
 * population, the paper's share, was as good a sample as a third or a half. Real rewards may differ.
 */
export function evolutionFor(children: number): EvolutionSettings {
  const fewest = Math.min(25, Math.max(2, children / 2))
  const population = Math.round(Math.min(Math.max(children / 40, fewest), paperEvolution.population))
  return { ...paperEvolution, population, sample: Math.max(2, Math.round(population / 4)) }
}

interface Individual {
  decisions: Decisions
  reward: number
}

/**
 * The strategy. Age counts from when a reward came: the paper's oldest is the one that was trained the earliest. A
 * proposal is random until as many were made as the population holds, and while no reward has come.
 */
export function regularizedEvolution(
  space: SearchSpace,
  seed: number,
  settings: EvolutionSettings,
): Strategy {
  const { population: size, sample, identity } = validate(evolutionSettings, settings, { field: 'evolution' })
  const population: Individual[] = []
  let asked = 0
  return {
    async ask() {
      const { uniform } = random(seed, 'evolution', asked++)
      if (asked <= size || population.length === 0) return randomDecisions(space, uniform)
      const { decisions } = fittest(population, sample, uniform)
      return uniform() < identity ? [...decisions] : mutate(space, decisions, uniform)
    },
    async tell(decisions, reward) {
      population.push({ decisions: [...decisions], reward })
      if (population.length > size) population.shift()
    },
    figures(): StrategyFigures {
      if (population.length === 0) return {}
      const rewards = population.map(({ reward }) => reward)
      return {
        population: population.length,
        best: Math.max(...rewards),
        mean: rewards.reduce((sum, reward) => sum + reward) / rewards.length,
      }
    },
    close: async () => {},
  }
}

function fittest(population: Individual[], sample: number, uniform: () => number): Individual {
  const drawn = Array.from({ length: sample }, () => population[below(population.length, uniform)])
  return drawn.reduce((best, other) => (other.reward > best.reward ? other : best))
}
