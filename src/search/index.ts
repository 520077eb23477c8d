/// <reference types="node" preserve="true" />

/**
 * Searching for cells. {@link createSearch} and {@link resumeSearch} make a study of a folder, which runs the whole
 * search and emits what happens. The parts that it is made of are here too: a strategy proposes children, a queue has
 * them evaluated, and {@link runSearch} keeps both busy and writes the journal. Each of the three can be replaced.
 *
 * @module nasnet-toolkit/search
 */

export type { Block, Cell, Genotype, OperationName, Path } from '../../models/genotype.js'
export { type DrawnCells, drawCell, drawGenotype } from '../drawing/draw-cell.js'
export { UserError } from '../shared/errors.js'
export type { AutoencoderCost } from '../train/autoencoder/describe.js'
export type {
  AugmentationConfig,
  CheckpointConfig,
  DataConfig,
  DataFingerprint,
  FilesFingerprint,
  LearningRateConfig,
  LengthConfig,
  ModelConfig,
  OptimizerConfig,
  PartName,
  RunConfig,
} from '../train/index.js'
export type { AutoencoderComparison } from './comparison.js'
export type { Budget, SearchConfig, SearchTask } from './config.js'
export type { SearchResult, StudyEvents, WarmUpProgress } from './course.js'
export { type CreateOptions, createSearch, resumeSearch, type SearchChanges } from './create-study.js'
export type * from './evaluate/child.js'
/** To write an evaluator: a module that exports `createEvaluator`, whose URL queues and workers are given. */
export type { CreateEvaluator, EvaluatorSettings } from './evaluate/evaluator.js'
export type * from './evaluate/machine.js'
export { retrainRecipe, sharedRecipe, trainRecipe } from './evaluate/recipes.js'
export type {
  ChildRecipe,
  ImageRecipe,
  ReconstructSettings,
  SharedSettings,
  TrainSettings,
} from './evaluate/settings.js'
export { type WarmUpOptions, warmUpShared } from './evaluate/shared.js'
export { openLocalQueue } from './execution/local-queue.js'
export type { WorkQueue } from './execution/queue.js'
export type { PoolOptions } from './execution/worker-pool.js'
export { type Best, bestChildren } from './journal/best.js'
export type * from './journal/journal.js'
export { kendallTau } from './journal/rank-correlation.js'
export { readJournal } from './journal/read-journal.js'
export type { QueuePlace } from './open-queue.js'
export type { ConnectionOptions } from './redis/connection.js'
export { openRedisQueue, type RedisQueueOptions } from './redis/queue.js'
export type { Timing } from './redis/search.js'
export type { NamedCells, RankedChild } from './results.js'
export type { Compared, Comparison } from './retrain/compare-autoencoders.js'
export {
  type Progress,
  runSearch,
  type SearchOptions,
  type SearchParts,
  type Standing,
} from './search.js'
export type { SearchFolder } from './search-folder.js'
export type { SearchSettings } from './settings.js'
export { canonicalKey } from './space/canonical.js'
export { distinctGenotypes, spaceSize } from './space/count.js'
export { type Cells, decode, encode, mutate, randomDecisions, type Uniform } from './space/genotypes.js'
export { type CellKind, type Decisions, paperSpace, type SearchSpace } from './space/space.js'
export { type EvolutionSettings, evolutionFor, regularizedEvolution } from './strategy/evolution.js'
export { createPpo } from './strategy/ppo.js'
export { type PpoOptions, paperController, smallController } from './strategy/ppo-options.js'
export { randomSearch } from './strategy/random.js'
export { qualityAlone, type RewardConfig } from './strategy/reward.js'
export type * from './strategy/strategy.js'
export type { RunOptions, Study, StudyOptions } from './study.js'
