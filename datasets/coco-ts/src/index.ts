export {
  type Completion,
  type CompletionKind,
  type CompletionLog,
  describeCompletion,
} from './common/completions.js'
export {
  CocoError,
  describeProblem,
  type Problem,
  type ProblemKind,
  type ProblemLog,
} from './common/problems.js'
export type * from './common/types.js'
export { COCO, type LoadOptions, type OneOrMore } from './dataset/coco.js'
export type { ByteStream } from './dataset/read.js'
export { DatasetBuilder, writeResults } from './dataset/write.js'
export type { Accumulated } from './eval/accumulate.js'
export { type CategoryStats, COCOeval, type EvalImg } from './eval/coco-eval.js'
export { defaultParams, type EvalParams } from './eval/params.js'
export { type ImageBatch, StreamingEval } from './eval/streaming-eval.js'
export { LVISeval } from './lvis/lvis-eval.js'
export * as mask from './masks/mask.js'
export type { Runs } from './masks/rle.js'
