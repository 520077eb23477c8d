/**
 * A run is a folder: `config.json`, `metrics.jsonl`, the newest two `checkpoint-<step>.safetensors`, at the
 * end `model.onnx` or `detector.onnx`; while a process trains there, `lock`.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import {
  fileError,
  isFileError,
  makeRemovableFolder,
  readText,
  writeFileAtomically,
} from '../../shared/files.js'
import { lockFolder } from '../../shared/lock.js'
import { type RunConfig, validateConfig } from '../classification/config.js'
import { type DetectorRunConfig, validateDetectorConfig } from '../detection/config.js'
import { type Checkpoint, writeCheckpoint } from './checkpoint.js'
import { appendRow, cutRows, type Figures, type MetricsRow } from './metrics.js'
import { assertResumable, differences, editedSince } from './resumable.js'
import { checkpointName, checkpointSteps, newestSaved } from './run-checkpoints.js'

export { checkpointName, newestCheckpoint } from './run-checkpoints.js'

export type AnyRunConfig = RunConfig | DetectorRunConfig

/** A run that this process trains, and nobody else at the same time. */
export interface Run<C = RunConfig> {
  readonly folder: string
  readonly config: C
  /** What training goes on from; null: from the beginning. */
  readonly checkpoint: Checkpoint | null
  /** The rows up to that checkpoint. */
  readonly rows: readonly MetricsRow<Figures>[]
  /** In a sentence each: settings in config.json that are not those which the checkpoint was trained with. */
  readonly edited: readonly string[]
  append(row: MetricsRow<Figures>): Promise<void>
  /** Writes a checkpoint, and removes all but it and the one before. */
  save(checkpoint: Checkpoint): Promise<void>
  /**
   * Removes what this process wrote of a run that it created and that holds no trained step yet: a run that was refused
   * would stand in the next one's way. True when it did. {@link close} then removes the folder too, if it was made for
   * the run and is empty.
   */
  discardUntrained(): Promise<boolean>
  /** Gives the folder free. */
  close(): Promise<void>
}

/** Checkpoints kept: the newest and the one before. */
const KEPT = 2

export const modelPath = (folder: string): string => join(folder, 'model.onnx')
export const detectorPath = (folder: string): string => join(folder, 'detector.onnx')
export const metricsPath = (folder: string): string => join(folder, 'metrics.jsonl')
const configPath = (folder: string): string => join(folder, 'config.json')

/**
 * Starts a run in a new or empty folder. When that fails, nothing is left of it.
 *
 * @throws UserError when the config could not be read again, or the folder holds a run already, is locked, or cannot be
 *   written
 */
export async function createRun<C extends AnyRunConfig>(folder: string, config: C): Promise<Run<C>> {
  assertWritable(config)
  const removeFolder = await makeRemovableFolder(folder)
  let release: (() => Promise<void>) | null = null
  try {
    release = await lockFolder(folder)
    const before = await readdir(folder)
    if (before.includes('config.json'))
      throw new UserError(
        `${folder} holds a run already; go on with it (--resume ${folder}) or choose another folder`,
      )
    await writeConfig(folder, config)
    return createdRun(openedRun(folder, config, null, [], release), { before, removeFolder })
  } catch (error) {
    await release?.()
    await removeFolder()
    throw error
  }
}

/** A run that can be discarded until a step of it is saved. `before`: files that were in the folder before it. */
function createdRun<C extends AnyRunConfig>(
  run: Run<C>,
  { before, removeFolder }: { before: readonly string[]; removeFolder: () => Promise<void> },
): Run<C> {
  const { folder } = run
  const isOurs = (file: string): boolean =>
    !before.includes(file) && /^(config\.json|metrics\.jsonl|checkpoint-0\.safetensors)(\..*tmp)?$/.test(file)
  let discarded = false
  return {
    ...run,
    async discardUntrained() {
      const [newest = 0] = await checkpointSteps(folder)
      if (newest > 0) return false
      for (const file of await readdir(folder)) if (isOurs(file)) await rm(join(folder, file))
      discarded = true
      return true
    },
    async close() {
      await run.close()
      if (discarded) await removeFolder()
    },
  }
}

/**
 * Opens a run to go on with it from its newest checkpoint, with `config` where settings are to change or where it
 * is not a classifier's. Settings that were changed in config.json itself, by a hand or by damage, are recorded as
 * changes too, and told by `edited`. Rows of metrics beyond the checkpoint are cut off, and temporary files that a killed
 * process left are removed.
 *
 * @throws UserError when there is no run or one of another task, it is locked, its newest checkpoint is damaged, or a setting changes
 *   that its state depends on
 */
export async function resumeRun<C extends AnyRunConfig = RunConfig>(
  folder: string,
  config?: C,
): Promise<Run<C>> {
  const noted = (await readConfigOf(config?.task ?? 'classification', folder)) as C
  if (config !== undefined) assertWritable(config)
  const release = await lockFolder(folder)
  try {
    for (const file of await readdir(folder))
      if (file.endsWith('.tmp')) await rm(join(folder, file), { force: true })
    const saved = await newestSaved(folder)
    const checkpoint = saved?.checkpoint ?? null
    // Without one it begins anew, and nothing depends on what its settings were.
    if (config !== undefined && checkpoint !== null) assertResumable(noted, config)
    const rows = await cutRows(metricsPath(folder), checkpoint?.step ?? 0)
    const changed = editedSince(trainedWith<C>(saved?.config), noted, rows, configPath(folder))
    const edited = Object.entries(changed).map(
      ([key, [before, now]]) =>
        `${configPath(folder)} was edited or is damaged: ${checkpointName(checkpoint!.step)} was trained with "${key}" ${JSON.stringify(before)}, and now it is ${JSON.stringify(now)}`,
    )
    const run = { ...openedRun(folder, config ?? noted, checkpoint, rows, release), edited }
    const settings = { ...changed, ...differences(noted, run.config) }
    if (Object.keys(settings).length > 0) {
      await run.append({ kind: 'change', step: checkpoint?.step ?? 0, settings })
      await writeConfig(folder, run.config)
    }
    return run
  } catch (error) {
    await release()
    throw isFileError(error) ? fileError('open', folder, error) : error
  }
}

function openedRun<C extends AnyRunConfig>(
  folder: string,
  config: C,
  checkpoint: Checkpoint | null,
  rows: MetricsRow<Figures>[],
  close: () => Promise<void>,
): Run<C> {
  return {
    folder,
    config,
    checkpoint,
    rows,
    edited: [],
    close,
    discardUntrained: async () => false,
    append: (row) => appendRow(metricsPath(folder), row),
    async save(next) {
      await writeCheckpoint(join(folder, checkpointName(next.step)), next, config)
      for (const step of (await checkpointSteps(folder)).slice(KEPT))
        await rm(join(folder, checkpointName(step)), { force: true })
    },
  }
}

/** The config of a run. Throws a `UserError` when the folder is no run or the config is not valid. */
export async function readAnyConfig(folder: string): Promise<AnyRunConfig> {
  const path = configPath(folder)
  const text = await readText(path, `${folder} is not the folder of a run: it has no config.json`)
  try {
    return validated(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${path} is not JSON: ${error.message}`)
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`)
    throw error
  }
}

function validated(value: { task?: unknown } | null): AnyRunConfig {
  return value?.task === 'detection' ? validateDetectorConfig(value) : validateConfig(value)
}

/** Throws a `UserError` for a config that could be written to a file, but not be read from it again. */
function assertWritable(config: AnyRunConfig): void {
  try {
    validated(JSON.parse(configText(config)))
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(
        `The run cannot be begun, because its config could not be read again: ${error.message}`,
      )
    throw error
  }
}

/** The config in a checkpoint, null where there is none, or one of a version whose settings were others. */
function trainedWith<C extends AnyRunConfig>(config: unknown): C | null {
  if (config === undefined) return null
  try {
    return validated(config as object) as C
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

type Task = AnyRunConfig['task']

const MADE_BY: Record<Task, string> = {
  classification: 'a classifier (of "toolkit train-backbone")',
  detection: 'a detector (of "toolkit finetune-coco")',
}

async function readConfigOf<T extends Task>(
  task: T,
  folder: string,
): Promise<Extract<AnyRunConfig, { task: T }>> {
  const config = await readAnyConfig(folder)
  if (config.task !== task)
    throw new UserError(
      `${folder} is the run of ${MADE_BY[config.task]}; name the run of ${MADE_BY[task]} here`,
    )
  return config as Extract<AnyRunConfig, { task: T }>
}

/** The config of a classifier's run. Throws as {@link readAnyConfig}, and when it is another task's. */
export const readConfig = (folder: string): Promise<RunConfig> => readConfigOf('classification', folder)

/** The config of a detector's run. Throws as {@link readAnyConfig}, and when it is another task's. */
export const readDetectorConfig = (folder: string): Promise<DetectorRunConfig> =>
  readConfigOf('detection', folder)

const configText = (config: AnyRunConfig): string => `${JSON.stringify(config, null, 2)}\n`

const writeConfig = (folder: string, config: AnyRunConfig): Promise<void> =>
  writeFileAtomically(configPath(folder), configText(config))
