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
export { type LoadDataOptions, loadData, noteData } from './train/classification/data.js'
export { buildEagerStep } from './train/classification/eager-step.js'
export {
  type ClassFigures,
  classFigures,
  type Evaluation,
  evaluate,
} from './train/classification/evaluate.js'
export { buildPredictor, exportModel, predictorFrom } from './train/classification/export.js'
export { exportRun } from './train/classification/export-run.js'
export { networkConfig } from './train/classification/network.js'
export { presets } from './train/classification/presets.js'
export { buildTrainStep, type StepOptions } from './train/classification/step.js'
export { type Compiler, type TrainingData, trainClassifier } from './train/classification/train.js'
export { applyBackbone, loadBackbone } from './train/detection/backbone.js'
export { type DetectorRunConfig, validateDetectorConfig } from './train/detection/config.js'
export { loadDetectionData, noteCategories } from './train/detection/data.js'
export { evaluateDetector } from './train/detection/evaluate.js'
export { buildDetector, exportDetectorRun } from './train/detection/export.js'
export { type DetectorFigures, detectorCurves } from './train/detection/figures.js'
export { detectorPresets } from './train/detection/presets.js'
export { buildDetectorStep } from './train/detection/step.js'
export type { Detector, DetectorStep } from './train/detection/step-types.js'
export { type DetectorCompiler, trainDetector } from './train/detection/train.js'
export {
  type CurveAxis,
  type CurveKind,
  type CurveRun,
  classifierCurves,
  drawCurves,
} from './train/run/curve.js'
export type { StepReport, TrainOptions, TrainResult } from './train/run/loop.js'
export { type EvaluationRow, type MetricsRow, readRows, type TrainingRow } from './train/run/metrics.js'
export {
  createRun,
  metricsPath,
  modelPath,
  newestCheckpoint,
  type Run,
  readAnyConfig,
  readConfig,
  readDetectorConfig,
  resumeRun,
} from './train/run/run-folder.js'
export { compilerFor, DEVICES, type Device } from './train/step/devices.js'
export type {
  ParameterSlot,
  Predictor,
  StateVectors,
  StepInputs,
  TrainStep,
} from './train/step/step-types.js'
