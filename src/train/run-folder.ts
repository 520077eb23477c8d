/**
 * A run is a folder: `config.json`, `metrics.jsonl`, the newest two `checkpoint-<step>.safetensors`, at the
 * end `model.onnx`; while a process trains there, `lock`.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.js'
import { fileError, isFileError, writeFileAtomically } from '../files.js'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js'
import { type RunConfig, validateConfig } from './config.js'
import { lockFolder } from './lock.js'
import { appendRow, cutRows, type MetricsRow } from './metrics.js'

/** A run that this process trains, and nobody else at the same time. */
export interface Run {
  readonly folder: string
  readonly config: RunConfig
  /** What training goes on from; null: from the beginning. */
  readonly checkpoint: Checkpoint | null
  /** The rows up to that checkpoint. */
  readonly rows: readonly MetricsRow[]
  append(row: MetricsRow): Promise<void>
  /** Writes a checkpoint, and removes all but it and the one before. */
  save(checkpoint: Checkpoint): Promise<void>
  /** Gives the folder free. */
  close(): Promise<void>
}

/** Checkpoints kept: the newest and the one before. */
const KEPT = 2

export const modelPath = (folder: string): string => join(folder, 'model.onnx')
export const metricsPath = (folder: string): string => join(folder, 'metrics.jsonl')
const configPath = (folder: string): string => join(folder, 'config.json')
export const checkpointName = (step: number): string => `checkpoint-${step}.safetensors`

/**
 * Starts a run in a new or empty folder.
 *
 * @throws UserError when the folder holds a run already, is locked, or cannot be written
 */
export async function createRun(folder: string, config: RunConfig): Promise<Run> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw fileError('create', folder, error)
  }
  const release = await lockFolder(folder)
  try {
    const files = await readdir(folder)
    if (files.includes('config.json'))
      throw new UserError(
        `${folder} holds a run already; go on with it (--resume ${folder}) or choose another folder`,
      )
    await writeConfig(folder, config)
  } catch (error) {
    await release()
    throw error
  }
  return openedRun(folder, config, null, [], release)
}

/**
 * Opens a run to go on with it from its newest checkpoint, with `config` where settings are to change. Rows of
 * metrics beyond the checkpoint are cut off, and temporary files that a killed process left are removed.
 *
 * @throws UserError when there is no run, it is locked, its newest checkpoint is damaged, or a setting changes
 *   that its state depends on
 */
export async function resumeRun(folder: string, config?: RunConfig): Promise<Run> {
  const saved = await readConfig(folder)
  if (config !== undefined) assertResumable(saved, config)
  const release = await lockFolder(folder)
  try {
    for (const file of await readdir(folder))
      if (file.endsWith('.tmp')) await rm(join(folder, file), { force: true })
    const checkpoint = await newestCheckpoint(folder)
    const rows = await cutRows(metricsPath(folder), checkpoint?.step ?? 0)
    const run = openedRun(folder, config ?? saved, checkpoint, rows, release)
    const settings = differences(saved, run.config)
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

function openedRun(
  folder: string,
  config: RunConfig,
  checkpoint: Checkpoint | null,
  rows: MetricsRow[],
  close: () => Promise<void>,
): Run {
  return {
    folder,
    config,
    checkpoint,
    rows,
    close,
    append: (row) => appendRow(metricsPath(folder), row),
    async save(next) {
      await writeCheckpoint(join(folder, checkpointName(next.step)), next)
      for (const step of (await checkpointSteps(folder)).slice(KEPT))
        await rm(join(folder, checkpointName(step)), { force: true })
    },
  }
}

/** The config of a run. Throws a `UserError` when the folder is no run or the config is not valid. */
export async function readConfig(folder: string): Promise<RunConfig> {
  const path = configPath(folder)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new UserError(`${folder} is not the folder of a run: it has no config.json`)
    throw fileError('read', path, error)
  }
  try {
    return validateConfig(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`${path} is not JSON: ${error.message}`)
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`)
    throw error
  }
}

const writeConfig = (folder: string, config: RunConfig): Promise<void> =>
  writeFileAtomically(configPath(folder), `${JSON.stringify(config, null, 2)}\n`)

/** Steps of the checkpoints in a folder, newest first. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const found = (await readdir(folder)).flatMap((file) => {
    const match = /^checkpoint-(\d+)\.safetensors$/.exec(file)
    return match ? [Number(match[1])] : []
  })
  return found.sort((a, b) => b - a)
}

/**
 * The newest checkpoint of a run, null when there is none yet.
 *
 * @throws UserError when it is damaged; the message names the next older one that is whole
 */
export async function newestCheckpoint(folder: string): Promise<Checkpoint | null> {
  const [newest, ...older] = await checkpointSteps(folder)
  if (newest === undefined) return null
  const path = join(folder, checkpointName(newest))
  try {
    return await readCheckpoint(path)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const good = await firstReadable(folder, older)
    const advice =
      good === null
        ? 'no older checkpoint is whole; delete it to begin again from step 0'
        : `${checkpointName(good)} is whole; delete ${checkpointName(newest)} to go on from step ${good}`
    throw new UserError(`${error.message}. ${advice[0].toUpperCase()}${advice.slice(1)}`)
  }
}

async function firstReadable(folder: string, steps: number[]): Promise<number | null> {
  for (const step of steps)
    try {
      return (await readCheckpoint(join(folder, checkpointName(step)))).step
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  return null
}

/** Settings that the state vectors, or the meaning of a step's number, depend on. */
const FIXED = ['model', 'seed', 'batchSize'] as const

function assertResumable(saved: RunConfig, config: RunConfig): void {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
  const fixed: string[] = FIXED.filter((key) => !same(saved[key], config[key]))
  if (!same({ ...saved.data, folder: null }, { ...config.data, folder: null })) fixed.push('data')
  if (saved.optimizer.kind !== config.optimizer.kind) fixed.push('optimizer.kind')
  if ((saved.averageDecay === null) !== (config.averageDecay === null)) fixed.push('averageDecay')
  if ((saved.auxiliaryWeight === 0) !== (config.auxiliaryWeight === 0)) fixed.push('auxiliaryWeight')
  if (fixed.length > 0)
    throw new UserError(
      `A run that has begun cannot change its ${fixed.join(' and ')}; start another run for that`,
    )
}

/** Top-level settings in which two configs differ. */
function differences(before: RunConfig, after: RunConfig): Record<string, [unknown, unknown]> {
  const changed: Record<string, [unknown, unknown]> = {}
  for (const key of Object.keys(after) as (keyof RunConfig)[])
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) changed[key] = [before[key], after[key]]
  return changed
}
