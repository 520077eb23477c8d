/**
 * Searching for cells: a strategy asks for children, a queue has them evaluated, {@link runSearch} keeps both busy and
 * writes down what happens. Each of the three can be exchanged for one's own.
 */

export { type Best, bestChildren } from './best.js'
export { canonicalKey } from './canonical.js'
export type { Child, ChildResult, Measured } from './child.js'
export { distinctGenotypes, spaceSize } from './count.js'
export { drawCell, drawGenotype } from './draw-cell.js'
export { type WarmUpOptions, warmUpShared } from './evaluate/shared.js'
export type { SharedSettings } from './evaluate/shared-settings.js'
export type { TrainSettings } from './evaluate/train.js'
/** For an evaluator of one's own: a module that exports `createEvaluator`, which queues and workers are given. */
export type { CreateEvaluator, EvaluatorSettings } from './evaluator.js'
export { type EvolutionSettings, evolutionFor, regularizedEvolution } from './evolution.js'
export { decode, encode, mutate, randomDecisions } from './genotypes.js'
export type { JournalEvent } from './journal.js'
export { openLocalQueue } from './local-queue.js'
export { createPpo } from './ppo.js'
export { type PpoOptions, paperController, smallController } from './ppo-options.js'
export type { Evaluator, WorkQueue } from './queue.js'
export { randomSearch } from './random.js'
export { kendallTau } from './rank-correlation.js'
export { readJournal } from './read-journal.js'
export { retrainRecipe, sharedRecipe, trainRecipe } from './recipes.js'
export { openRedisQueue } from './redis-queue.js'
export { qualityAlone, type RewardConfig } from './reward.js'
export { type Budget, runSearch, type SearchOptions, type SearchParts } from './search.js'
export { type Decisions, paperSpace, type SearchSpace } from './space.js'
export type { Strategy } from './strategy.js'
