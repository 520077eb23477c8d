export { COCO, type LoadOptions } from './coco.js'
export {
  type Completion,
  type CompletionKind,
  type CompletionLog,
  describeCompletion,
} from './completions.js'
export type { Accumulated } from './eval/accumulate.js'
export { type CategoryStats, COCOeval, type EvalImg } from './eval/coco-eval.js'
export { defaultParams, type EvalParams } from './eval/params.js'
export * as mask from './mask.js'
export { CocoError, describeProblem, type Problem, type ProblemKind, type ProblemLog } from './problems.js'
export type { ByteStream } from './read.js'
export type * from './types.js'
export { DatasetBuilder, writeResults } from './write.js'
