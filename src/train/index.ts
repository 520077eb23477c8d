/// <reference types="node" preserve="true" />

/**
 * Training classifiers and detectors: configs, run folders, compiled steps, the loop, evaluation, export.
 *
 * @module nasnet-toolkit/train
 */

/** COCO's annotations, masks and evaluation: what detection sets and their evaluation are made of. */
export * as coco from '#coco-ts'
export type {
  AnnotatedFingerprint,
  DetectionImage,
  DetectionSet,
} from '../../datasets/detection/detection-set.js'
export type {
  DataFingerprint,
  Dataset,
  FileFingerprint,
  FilesFingerprint,
  ImagePlace,
  ImageSet,
  ImageSource,
  OpenOptions,
  OpenProgress,
  PartName,
} from '../../datasets/index.js'
export type { DetectorSettings, FasterRcnnConfig } from '../../models/faster-rcnn-config.js'
export type { Block, Cell, Genotype, OperationName, Path } from '../../models/genotype.js'
export type { BatchNormSettings, NasnetConfig } from '../../models/nasnet-config.js'
export type { Preprocessing } from '../shared/classifier-input.js'
export type { ResizeMode } from '../shared/detector-input.js'
export { UserError } from '../shared/errors.js'
export type { ClassifierCard, DetectorCard, ModelCard } from '../shared/model-card.js'
export {
  type Dtype,
  readSafetensors,
  type Tensor as SafetensorsTensor,
  type TensorData,
  type TensorFile,
  writeSafetensors,
} from '../shared/safetensors.js'
export type { Fields } from '../shared/validation.js'
export {
  type RunConfig,
  validateConfig,
} from './classification/config.js'
export { compilerFor, DEVICES, type Device } from './classification/devices.js'
export { buildEagerStep } from './classification/eager-step.js'
export {
  type ClassMetrics,
  /** The names of version 0.1. */
  type ClassMetrics as ClassFigures,
  classMetrics,
  classMetrics as classFigures,
  type Evaluation,
  evaluate,
  type ImageBatches,
  type LabelledBatch,
  type Measured,
} from './classification/evaluate.js'
export { buildPredictor, exportModel, predictorFrom } from './classification/export.js'
export { type ClassifierMetrics, classifierCurves } from './classification/metrics.js'
export { networkConfig } from './classification/network.js'
export { presets } from './classification/presets.js'
export { buildTrainStep, type StepOptions } from './classification/step.js'
export type { Predictor, StepInputs, StepResult, TrainStep } from './classification/step-types.js'
export {
  type Compiler,
  type TrainClassifierOptions,
  type TrainingData,
  trainClassifier,
} from './classification/train.js'
export { applyBackbone, type Backbone, type BackboneWeights } from './detection/backbone.js'
export {
  type AnnotatedImages,
  type Category,
  type DetectionAugmentation,
  type DetectionDataConfig,
  type DetectorRunConfig,
  validateDetectorConfig,
} from './detection/config.js'
export { type DetectionData, loadDetectionData, noteCategories } from './detection/data.js'
export { type DetectorEvaluation, type EvaluationOptions, evaluateDetector } from './detection/evaluate.js'
export { buildDetector } from './detection/export.js'
export type { DetectorInput } from './detection/fit-pixels.js'
export type { AppliedDetectorWeights, DetectorWeights } from './detection/initial-weights.js'
export {
  type DetectorMetrics,
  type DetectorMetrics as DetectorFigures,
  detectorCurves,
} from './detection/metrics.js'
export { detectorPresets } from './detection/presets.js'
export { buildDetectorStep, type DetectorShapes } from './detection/step.js'
export type {
  DetectionBatch,
  Detector,
  DetectorStep,
  DetectorStepInputs,
  DetectorStepResult,
  RawDetections,
} from './detection/step-types.js'
export {
  type DetectorCompiler,
  type DetectorTrainingData,
  type TrainDetectorOptions,
  trainDetector,
} from './detection/train.js'
export {
  type LoadDataOptions,
  loadData,
  noteData,
  type OpenDataOptions,
  type OpenDataset,
  openData,
} from './images/data.js'
export type { PairedLabels } from './images/mix.js'
export type { TrainingImages } from './images/training-images.js'
export { type LoadedBackbone, loadBackbone } from './load-backbone.js'
export { type LoadedDetector, loadDetector } from './load-detector.js'
export type { Checkpoint } from './run/checkpoint.js'
export {
  type Curve,
  type CurveAxis,
  type CurveKind,
  type CurvePanel,
  drawCurves,
  type LineStyle,
} from './run/curve.js'
export { Diverged } from './run/divergence.js'
export type { StepReport, TrainOptions, TrainResult } from './run/loop-types.js'
export type { ChangeRow, ImageSize, Metrics, StepMetrics } from './run/metrics.js'
export { metricsPath, newestCheckpoint, type RunPart } from './run/run-folder.js'
export type {
  AugmentationConfig,
  CheckpointConfig,
  DataConfig,
  ImageConfig,
  LearningRateConfig,
  LengthConfig,
  ModelConfig,
  OptimizerConfig,
  TrainingConfig,
} from './settings/config.js'
export type { NamedWeights } from './step/named-weights.js'
export type { ParameterSlot, StateVectors, StepNumbers, StepState } from './step/step-types.js'
export type { StreamOptions } from './streaming/image-stream.js'
export type { Unreadable } from './streaming/unreadable.js'
export {
  type AnyRunConfig,
  type CheckRow,
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
} from './tasks.js'
