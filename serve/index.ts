/// <reference types="node" preserve="true" />

/**
 * Serving exported models over HTTP, without TensorFlow.js.
 *
 * @module nasnet-toolkit/serve
 */

export type { ResizeMode } from '../src/shared/detector-input.js'
export type { ClassifierCard, DetectorCard, ModelCard } from '../src/shared/model-card.js'
export type { Timings } from './answer-image.js'
export type { BatchOptions } from './batches.js'
export type { Classification, Prediction } from './classify.js'
export { type LoadedConfig, loadConfig } from './config/load-config.js'
export { type ServerConfig, type SettingName, serverDefaults } from './config/settings.js'
export { type CurlExamples, curlExamples } from './curl.js'
export type { DetectionAnswer } from './detect.js'
export { type Detection, type DetectionOptions, detectionDefaults } from './detections.js'
export { ServeError } from './errors.js'
export type { Front } from './front.js'
export type { InferenceObserver, NotComputed } from './inference-observer.js'
export { type Log, type LogFormat, logToStderr, noLog, openLog } from './log.js'
export { type Found, type OpenDetector, type OpenDetectorOptions, openDetector } from './open-detector.js'
export { Problem } from './problem.js'
export type { Reloaded } from './served-models.js'
export { type RunningServer, type ServerOptions, startServer } from './server.js'
export { closeOnSignal } from './signals.js'
