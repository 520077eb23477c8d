export {
  type Bootstrap,
  type BootstrapOptions,
  bootstrap,
  type Comparison,
  compareRuns,
  type DifferenceInterval,
  type Interval,
  type Metric,
  type PerMetric,
} from './analysis/bootstrap.js'
export {
  type Calibration,
  type CalibrationErrors,
  type CalibrationOptions,
  calibration,
  type ReliabilityBin,
} from './analysis/calibration.js'
export { type ConfusionMatrix, type ConfusionOptions, confusionMatrix } from './analysis/confusion-matrix.js'
export { ERROR_KINDS, type ErrorKind } from './analysis/error-kinds.js'
export {
  type DetectionError,
  type ErrorOptions,
  type ErrorsByKind,
  errorsByKind,
} from './analysis/errors-by-kind.js'
export {
  type FBetaCurve,
  type FBetaCurves,
  type FBetaOptions,
  type FBetaPoint,
  fBetaCurves,
} from './analysis/f-beta.js'
export type { PairOptions } from './analysis/image-pairs.js'
export { type PrecisionRecallCurve, precisionRecallCurves } from './analysis/precision-recall.js'
export type { EvaluatedSetting, NamedCategory } from './analysis/settings.js'
export { type AveragePrecisions, WeightedAp } from './analysis/weighted-ap.js'
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
