/**
 * The folder of a run: `config.json`, `metrics.jsonl`, the newest two `checkpoint-<step>.safetensors`, where a run keeps them
 * the best weights in `best-<step>.safetensors`, at the end `model.onnx` or `detector.onnx`; while a process trains there, `lock`.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import {
  fileError,
  isFileError,
  makeFolder,
  makeRemovableFolder,
  readText,
  writeFileAtomically,
} from '../../shared/files.js'
import { lockFolder } from '../../shared/lock.js'
import { type Checkpoint, writeCheckpoint } from './checkpoint.js'
import type { ConfigRules } from './config-rules.js'
import { appendRow, cutRows, type Metrics, type MetricsRow } from './metrics.js'
import { assertResumable, differences, editedSince } from './resumable.js'
import { bestName, bestSteps, checkpointName, checkpointSteps, newestSaved } from './run-checkpoints.js'

export { checkpointName, keptCheckpoint, keptStep, newestCheckpoint } from './run-checkpoints.js'

/** A run that this process trains. The lock in its folder keeps other processes out. */
export interface Run<C> {
  readonly folder: string
  readonly config: C
  /** The checkpoint that training continues from; null: it starts at step 0. */
  readonly checkpoint: Checkpoint | null
  /** The rows of metrics up to that checkpoint. */
  readonly rows: readonly MetricsRow<Metrics>[]
  /** A sentence for each setting in config.json that differs from the one that the checkpoint was trained with. */
  readonly edited: readonly string[]
  /** The step of the best weights that are kept; null: none are. */
  readonly best: number | null
  append(row: MetricsRow<Metrics>): Promise<void>
  /** Writes a checkpoint, and removes all except it and the one before. */
  save(checkpoint: Checkpoint): Promise<void>
  /**
   * Writes weights that were evaluated as the best so far. Those before are removed with the next checkpoint: a run that is
   * killed before goes on without these.
   */
  saveBest(weights: Checkpoint): Promise<void>
  /**
   * Removes the files of a run that this process created and that has no trained step yet, because a run that failed
   * would block the next one. Returns whether it did. {@link close} then removes the folder too, if it was created for
   * the run and is empty.
   */
  discardUntrained(): Promise<boolean>
  /** Releases the lock of the folder. */
  close(): Promise<void>
}

/** Checkpoints kept: the newest and the one before. */
const KEPT = 2

/** What the folder of a run needs to know of a config. */
type FolderConfig = { data: unknown }

/** Path of the metrics in the folder of a run. */
export const metricsPath = (folder: string): string => join(folder, 'metrics.jsonl')
const configPath = (folder: string): string => join(folder, 'config.json')

/** A folder in the folder of a new run, which belongs to it. */
export interface RunPart {
  name: string
  /** Writes its files. */
  fill(folder: string): Promise<void>
}

/**
 * Creates a run in a new or empty folder, with `part`. When that fails, no file is left behind.
 *
 * @throws UserError when the config could not be read again, or the folder holds a run already, is locked, or cannot be
 *   written
 */
export async function createRunIn<C extends FolderConfig>(
  { validate }: ConfigRules<C>,
  folder: string,
  config: C,
  part?: RunPart,
): Promise<Run<C>> {
  assertWritable(validate, config)
  const removeFolder = await makeRemovableFolder(folder)
  let release: (() => Promise<void>) | null = null
  let removePart = async (): Promise<void> => {}
  try {
    release = await lockFolder(folder)
    const before = await readdir(folder)
    if (before.includes('config.json'))
      throw new UserError(
        `${folder} holds a run already; continue it (--resume ${folder}) or choose another folder`,
      )
    if (part !== undefined) {
      const place = join(folder, part.name)
      if (before.includes(part.name))
        throw new UserError(`${place} is in the way of the run's own files; choose another folder`)
      removePart = () => rm(place, { recursive: true, force: true })
      await makeFolder(place)
      await part.fill(place)
    }
    await writeConfig(folder, config)
    return createdRun(openedRun(folder, config, null, null, [], release), {
      before,
      removePart,
      removeFolder,
    })
  } catch (error) {
    await removePart()
    await release?.()
    await removeFolder()
    throw error
  }
}

/** A run that can be discarded until a trained step is saved. `before`: files that were in the folder earlier. */
function createdRun<C>(
  run: Run<C>,
  {
    before,
    removePart,
    removeFolder,
  }: { before: readonly string[]; removePart: () => Promise<void>; removeFolder: () => Promise<void> },
): Run<C> {
  const { folder } = run
  const isOurs = (file: string): boolean =>
    !before.includes(file) &&
    /^(config\.json|metrics\.jsonl|checkpoint-0\.safetensors|best-\d+\.safetensors)(\..*tmp)?$/.test(file)
  let discarded = false
  return {
    ...run,
    async discardUntrained() {
      const [newest = 0] = await checkpointSteps(folder)
      if (newest > 0) return false
      for (const file of await readdir(folder)) if (isOurs(file)) await rm(join(folder, file))
      await removePart()
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
 * Opens a run to continue it from its newest checkpoint. `noted` is its config.json; `config`: where settings are to
 * change. Settings that were changed in config.json itself, by a person or by damage, are recorded as changes too, and
 * listed in `edited`. Rows of metrics beyond the checkpoint are cut off, and temporary files that a killed process left
 * are removed.
 *
 * @throws UserError when the folder is locked, its newest checkpoint is damaged, or a setting changes that the state
 *   depends on
 */
export async function resumeRunIn<C extends FolderConfig>(
  rules: ConfigRules<C>,
  folder: string,
  noted: C,
  config?: C,
): Promise<Run<C>> {
  if (config !== undefined) assertWritable(rules.validate, config)
  const release = await lockFolder(folder)
  try {
    for (const file of await readdir(folder))
      if (file.endsWith('.tmp')) await rm(join(folder, file), { force: true })
    const saved = await newestSaved(folder)
    const checkpoint = saved?.checkpoint ?? null
    for (const step of await bestSteps(folder))
      if (step > (checkpoint?.step ?? 0)) await rm(join(folder, bestName(step)), { force: true })
    const [best = null] = await bestSteps(folder)
    // Without a checkpoint the run starts again, so that every setting may change.
    if (config !== undefined && checkpoint !== null) assertResumable(rules, noted, config)
    const rows = await cutRows(metricsPath(folder), checkpoint?.step ?? 0)
    const changed = editedSince(
      rules,
      trainedWith(rules.validate, saved?.config),
      noted,
      rows,
      configPath(folder),
    )
    const edited = Object.entries(changed).map(
      ([key, [before, now]]) =>
        `${configPath(folder)} was edited or is damaged: ${checkpointName(checkpoint!.step)} was trained with "${key}" ${JSON.stringify(before)}, and now it is ${JSON.stringify(now)}`,
    )
    const run = { ...openedRun(folder, config ?? noted, checkpoint, best, rows, release), edited }
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

function openedRun<C>(
  folder: string,
  config: C,
  checkpoint: Checkpoint | null,
  best: number | null,
  rows: MetricsRow<Metrics>[],
  close: () => Promise<void>,
): Run<C> {
  return {
    folder,
    config,
    checkpoint,
    best,
    rows,
    edited: [],
    close,
    discardUntrained: async () => false,
    append: (row) => appendRow(metricsPath(folder), row),
    async save(next) {
      await writeCheckpoint(join(folder, checkpointName(next.step)), next, config)
      for (const step of (await checkpointSteps(folder)).slice(KEPT))
        await rm(join(folder, checkpointName(step)), { force: true })
      for (const step of (await bestSteps(folder)).slice(1))
        await rm(join(folder, bestName(step)), { force: true })
    },
    saveBest: (weights) => writeCheckpoint(join(folder, bestName(weights.step)), weights, config),
  }
}

/**
 * The config of the run in a folder.
 *
 * @throws UserError when the folder holds no run, or `validate` refuses the config
 */
export async function readConfigIn<C>(folder: string, validate: (value: unknown) => C): Promise<C> {
  const path = configPath(folder)
  const text = await readText(path, `${folder} is not the folder of a run: it has no config.json`)
  try {
    return validate(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${path} is not JSON: ${error.message}`)
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`)
    throw error
  }
}

/** Throws a `UserError` for a config that could be written to a file, but not be read from it again. */
function assertWritable<C>(validate: (value: unknown) => C, config: C): void {
  try {
    validate(JSON.parse(configText(config)))
  } catch (error) {
    if (error instanceof UserError)
      throw new UserError(
        `The run cannot be created, because its config could not be read again: ${error.message}`,
      )
    throw error
  }
}

/** The config in a checkpoint; null where there is none, or one of a version that had other settings. */
function trainedWith<C>(validate: (value: unknown) => C, config: unknown): C | null {
  if (config === undefined) return null
  try {
    return validate(config)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

const configText = (config: unknown): string => `${JSON.stringify(config, null, 2)}\n`

const writeConfig = (folder: string, config: unknown): Promise<void> =>
  writeFileAtomically(configPath(folder), configText(config))
