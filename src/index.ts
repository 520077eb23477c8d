/// <reference types="node" preserve="true" />

/**
 * The toolkit as a library: what its commands are made of. The functions of the tasks lie flat, the rooms
 * whose many small parts one builds models and graphs from are namespaces.
 */

/** Image sets by name or folder. */
export * from '../datasets/index.js'
/** Genotypes, cells and networks as functions of TensorFlow.js tensors. */
export * as models from '../models/index.js'
/** Serving exported models over HTTP. */
export * from '../serve/index.js'
/** From functions of TensorFlow.js tensors to ONNX graphs, and sessions that run them in worker threads. */
export * as engine from './engine/index.js'
/** Searching for cells: spaces, strategies, queues and the search. */
export * as search from './search/index.js'
export { UserError } from './shared/errors.js'
export {
  cardFromMetadata,
  cardToMetadata,
  type ModelCard,
  type ModelFile,
  readModel,
  readModelCard,
} from './shared/model-card.js'
export { readSafetensors, writeSafetensors } from './shared/safetensors.js'
export { type RunConfig, validateConfig } from './train/classification/config.js'
export { compilerFor, DEVICES, type Device } from './train/classification/devices.js'
export { buildEagerStep } from './train/classification/eager-step.js'
export {
  type ClassMetrics,
  /** The names of version 0.1. */
  type ClassMetrics as ClassFigures,
  classMetrics,
  classMetrics as classFigures,
  type Evaluation,
  evaluate,
} from './train/classification/evaluate.js'
export { buildPredictor, exportModel, predictorFrom } from './train/classification/export.js'
export { classifierCurves } from './train/classification/metrics.js'
export { networkConfig } from './train/classification/network.js'
export { presets } from './train/classification/presets.js'
export { buildTrainStep, type StepOptions } from './train/classification/step.js'
export type { Predictor, StepInputs, TrainStep } from './train/classification/step-types.js'
export { type Compiler, type TrainingData, trainClassifier } from './train/classification/train.js'
export { applyBackbone } from './train/detection/backbone.js'
export { type DetectorRunConfig, validateDetectorConfig } from './train/detection/config.js'
export { loadDetectionData, noteCategories } from './train/detection/data.js'
export { evaluateDetector } from './train/detection/evaluate.js'
export { buildDetector } from './train/detection/export.js'
export {
  type DetectorMetrics,
  type DetectorMetrics as DetectorFigures,
  detectorCurves,
} from './train/detection/metrics.js'
export { detectorPresets } from './train/detection/presets.js'
export { buildDetectorStep } from './train/detection/step.js'
export type { Detector, DetectorStep } from './train/detection/step-types.js'
export { type DetectorCompiler, trainDetector } from './train/detection/train.js'
export { type LoadDataOptions, loadData, noteData } from './train/images/data.js'
export { loadBackbone } from './train/load-backbone.js'
export { type CurveAxis, type CurveKind, drawCurves } from './train/run/curve.js'
export type { StepReport, TrainOptions, TrainResult } from './train/run/loop.js'
export { metricsPath, newestCheckpoint } from './train/run/run-folder.js'
export type { ParameterSlot, StateVectors } from './train/step/step-types.js'
export {
  type CurveRun,
  createRun,
  type EvaluationRow,
  exportDetectorRun,
  exportRun,
  type MetricsRow,
  modelPath,
  type Run,
  readAnyConfig,
  readConfig,
  readDetectorConfig,
  readRows,
  resumeRun,
  type TrainingRow,
} from './train/tasks.js'
