/**
 * Searching for cells: a strategy asks for children, a queue has them evaluated, {@link runSearch} keeps both busy and
 * writes down what happens. Each of the three can be exchanged for one's own.
 */

export { drawCell, drawGenotype } from '../drawing/draw-cell.js'
export type { Child, ChildResult, Evaluator, Measured } from './evaluate/child.js'
/** For an evaluator of one's own: a module that exports `createEvaluator`, which queues and workers are given. */
export type { CreateEvaluator, EvaluatorSettings } from './evaluate/evaluator.js'
export { retrainRecipe, sharedRecipe, trainRecipe } from './evaluate/recipes.js'
export { type WarmUpOptions, warmUpShared } from './evaluate/shared.js'
export type { SharedSettings } from './evaluate/shared-settings.js'
export type { TrainSettings } from './evaluate/train.js'
export { openLocalQueue } from './execution/local-queue.js'
export type { WorkQueue } from './execution/queue.js'
export { type Best, bestChildren } from './journal/best.js'
export type { JournalEvent } from './journal/journal.js'
export { kendallTau } from './journal/rank-correlation.js'
export { readJournal } from './journal/read-journal.js'
export { openRedisQueue } from './redis/queue.js'
export { type Budget, runSearch, type SearchOptions, type SearchParts } from './search.js'
export { canonicalKey } from './space/canonical.js'
export { distinctGenotypes, spaceSize } from './space/count.js'
export { decode, encode, mutate, randomDecisions } from './space/genotypes.js'
export { type Decisions, paperSpace, type SearchSpace } from './space/space.js'
export { type EvolutionSettings, evolutionFor, regularizedEvolution } from './strategy/evolution.js'
export { createPpo } from './strategy/ppo.js'
export { type PpoOptions, paperController, smallController } from './strategy/ppo-options.js'
export { randomSearch } from './strategy/random.js'
export { qualityAlone, type RewardConfig } from './strategy/reward.js'
export type { Strategy } from './strategy/strategy.js'
