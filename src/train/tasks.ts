/**
 * The registry of the tasks whose runs are folders. Everything that differs from task to task is looked up here;
 * no other file lists the tasks.
 */
import { join } from 'node:path'
import { UserError } from '../shared/errors.js'
import type { ClassifierCard, DetectorCard, ModelCard } from '../shared/model-card.js'
import type { RunConfig } from './classification/config.js'
import type { ClassifierMetrics } from './classification/metrics.js'
import { classification } from './classification/task.js'
import type { DetectorRunConfig } from './detection/config.js'
import { detection } from './detection/task.js'
import type { ConfigRules } from './run/config-rules.js'
import type { CurveRun as AnyCurveRun } from './run/curve.js'
import { exportNewest } from './run/export-run.js'
import {
  type CheckRow as AnyCheckRow,
  type EvaluationRow as AnyEvaluationRow,
  type MetricsRow as AnyMetricsRow,
  type TrainingRow as AnyTrainingRow,
  type Metrics,
  readRows as readAnyRows,
} from './run/metrics.js'
import { createRunIn, type Run as RunIn, type RunPart, readConfigIn, resumeRunIn } from './run/run-folder.js'

/** The tasks by name. */
export const tasks = { classification, detection } as const

/** The name of a task, as configs and model cards have it. */
export type TaskName = keyof typeof tasks
export type AnyRunConfig = RunConfig | DetectorRunConfig
type ConfigOf<T extends TaskName> = Extract<AnyRunConfig, { task: T }>

/** Calls the function for the task of a config or of a card. */
export function forTask<S extends { task: TaskName }, R>(
  subject: S,
  handlers: { [T in S['task']]: (subject: Extract<S, { task: T }>) => R },
): R {
  return (handlers[subject.task as S['task']] as (subject: S) => R)(subject)
}

const rulesOf = <C extends AnyRunConfig>({ task }: C): ConfigRules<C> =>
  tasks[task] as unknown as ConfigRules<C>

/** A run that this process trains; by default a classifier's. */
export type Run<C extends AnyRunConfig = RunConfig> = RunIn<C>

/** Checks a config. One without a task is from the time when there were classifiers only. */
function validateAny(value: unknown): AnyRunConfig {
  const name = (value as { task?: unknown } | null)?.task
  const task = typeof name === 'string' && Object.hasOwn(tasks, name) ? (name as TaskName) : 'classification'
  return tasks[task].validate(value)
}

/** The config of a run of any task. Throws a `UserError` when the folder holds no run or the config is not valid. */
export const readAnyConfig = (folder: string): Promise<AnyRunConfig> => readConfigIn(folder, validateAny)

async function readConfigOf<T extends TaskName>(task: T, folder: string): Promise<ConfigOf<T>> {
  const config = await readAnyConfig(folder)
  if (config.task !== task)
    throw new UserError(
      `${folder} is the run of ${tasks[config.task].title}; name the run of ${tasks[task].title} here`,
    )
  return config as ConfigOf<T>
}

/** The config of a classifier's run. Throws as {@link readAnyConfig}, and when it is another task's. */
export const readConfig = (folder: string): Promise<RunConfig> => readConfigOf('classification', folder)

/** The config of a detector's run. Throws as {@link readAnyConfig}, and when it is another task's. */
export const readDetectorConfig = (folder: string): Promise<DetectorRunConfig> =>
  readConfigOf('detection', folder)

/**
 * Creates a run in a new or empty folder, with a folder of further files where `part` is given. When that fails, no file is left behind.
 *
 * @throws UserError when the config could not be read again, or the folder holds a run already, is locked, or cannot be
 *   written
 */
export const createRun = <C extends AnyRunConfig>(
  folder: string,
  config: C,
  part?: RunPart,
): Promise<Run<C>> => createRunIn(rulesOf(config), folder, config, part)

/**
 * Opens a run to continue it from its newest checkpoint, with `config` where settings are to change or where it
 * is not a classifier's. Settings that were changed in config.json itself are recorded as changes too, and listed in
 * `edited`.
 *
 * @throws UserError when there is no run or one of another task, it is locked, its newest checkpoint is damaged, or a
 *   setting changes that its state depends on
 */
export async function resumeRun<C extends AnyRunConfig = RunConfig>(
  folder: string,
  config?: C,
): Promise<Run<C>> {
  const noted = (await readConfigOf(config?.task ?? 'classification', folder)) as C
  return resumeRunIn(rulesOf(noted), folder, noted, config)
}

/** Where the model of a classifier's run is written by default. */
export const modelPath = (folder: string): string => join(folder, classification.modelFile)

/**
 * Exports the newest checkpoint of a classifier's run (its averaged weights, where it keeps an average) to `path`, by
 * default `model.onnx` in its folder. Returns the path and the card.
 *
 * @throws UserError when the folder holds no run, has no checkpoint yet, or the file cannot be written
 */
export const exportRun = async (
  folder: string,
  path?: string,
): Promise<{ path: string; card: ClassifierCard }> =>
  exportNewest(classification, folder, await readConfig(folder), path)

/** As {@link exportRun}, of a detector's run; by default to `detector.onnx` in its folder. */
export const exportDetectorRun = async (
  folder: string,
  path?: string,
): Promise<{ path: string; card: DetectorCard }> =>
  exportNewest(detection, folder, await readDetectorConfig(folder), path)

/** As {@link exportRun}, of the run of any task. */
export async function exportAnyRun(
  folder: string,
  path?: string,
): Promise<{ path: string; card: ModelCard }> {
  return forTask<AnyRunConfig, Promise<{ path: string; card: ModelCard }>>(await readAnyConfig(folder), {
    classification: (config) => exportNewest(classification, folder, config, path),
    detection: (config) => exportNewest(detection, folder, config, path),
  })
}

/** Rows of metrics and runs to draw, by default a classifier's. */
export type TrainingRow<M extends Metrics = ClassifierMetrics> = AnyTrainingRow<M>
export type CheckRow<M extends Metrics = ClassifierMetrics> = AnyCheckRow<M>
export type EvaluationRow<M extends Metrics = ClassifierMetrics> = AnyEvaluationRow<M>
export type MetricsRow<M extends Metrics = ClassifierMetrics> = AnyMetricsRow<M>
export type CurveRun<M extends Metrics = ClassifierMetrics> = AnyCurveRun<M>

/**
 * The rows of a metrics file, none when there is no file; by default a classifier's.
 *
 * @throws UserError that names the line when one is not a row
 */
export const readRows = <M extends Metrics = ClassifierMetrics>(path: string): Promise<MetricsRow<M>[]> =>
  readAnyRows<M>(path)
