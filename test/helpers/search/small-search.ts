import type { SearchConfig } from '../../../src/search/config.js'
import { retrainRecipe, sharedRecipe, trainRecipe } from '../../../src/search/evaluate/recipes.js'
import { qualityAlone } from '../../../src/search/strategy/reward.js'
import { smallSpace } from './fake-queue.js'

/** A valid config, new each time. */
export const smallSearch = (evaluator: 'train' | 'shared' = 'train'): SearchConfig =>
  structuredClone({
    id: 'small',
    name: 'small',
    seed: 3,
    task: 'classify',
    space: smallSpace,
    strategy: { kind: 'evolution', population: 6, sample: 3, identity: 0.1 },
    evaluator: evaluator === 'train' ? trainRecipe(smallSpace) : sharedRecipe(smallSpace, 'weights'),
    reward: qualityAlone,
    budget: { kind: 'children', amount: 30 },
    retrain: { count: 2, ranksChecked: 0, evaluator: retrainRecipe(smallSpace) },
  })
