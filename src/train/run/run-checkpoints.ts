/** The checkpoints of a run's folder: `checkpoint-<step>.safetensors`, and the weights of its best evaluation. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { type Checkpoint, readCheckpointAndConfig } from './checkpoint.js'

/** File name of the checkpoint of a step. */
export const checkpointName = (step: number): string => `checkpoint-${step}.safetensors`

/** File name of the weights that were evaluated after a step, the averages where the run keeps them. */
export const bestName = (step: number): string => `best-${step}.safetensors`

/** Which weights of a run are evaluated and exported. */
export type Keep = 'last' | 'best'

/** Steps of the checkpoints in a folder, newest first. */
export const checkpointSteps = (folder: string): Promise<number[]> => stepsOf(folder, 'checkpoint')

/** Steps of the best weights in a folder, newest first. There may be several until a checkpoint is written. */
export const bestSteps = (folder: string): Promise<number[]> => stepsOf(folder, 'best')

async function stepsOf(folder: string, prefix: string): Promise<number[]> {
  const found = (await readdir(folder)).flatMap((file) => {
    const match = /^(\w+)-(\d+)\.safetensors$/.exec(file)
    return match?.[1] === prefix ? [Number(match[2])] : []
  })
  return found.sort((a, b) => b - a)
}

/** The step of the best weights of a run that a checkpoint has confirmed; null: there are none. */
async function bestStep(folder: string): Promise<number | null> {
  // Later ones were reached by steps that no checkpoint holds.
  const [newest = 0] = await checkpointSteps(folder)
  return (await bestSteps(folder)).find((step) => step <= newest) ?? null
}

/** The step of {@link keptCheckpoint}. */
export async function keptStep(folder: string, keep: Keep = 'last'): Promise<number | null> {
  const best = keep === 'best' ? await bestStep(folder) : null
  return best ?? (await checkpointSteps(folder))[0] ?? null
}

/**
 * The checkpoint of a run that is evaluated and exported: with `best` that of its best evaluation, which holds nothing but
 * weights, or the newest one where there was no evaluation. Null when there is none yet.
 *
 * @throws UserError when it is damaged
 */
export async function keptCheckpoint(folder: string, keep: Keep = 'last'): Promise<Checkpoint | null> {
  const best = keep === 'best' ? await bestStep(folder) : null
  return best === null ? newestCheckpoint(folder) : (await savedAt(folder, bestName(best), best)).checkpoint
}

/**
 * The newest checkpoint of a run, null when there is none yet.
 *
 * @throws UserError when it is damaged; the message names the newest older one that is intact
 */
export async function newestCheckpoint(folder: string): Promise<Checkpoint | null> {
  return (await newestSaved(folder))?.checkpoint ?? null
}

/** A checkpoint, and the config that it was trained with. */
type Saved = Awaited<ReturnType<typeof readCheckpointAndConfig>>

/** As {@link newestCheckpoint}, with the config of its training, which is undefined in files of earlier versions. */
export async function newestSaved(folder: string): Promise<Saved | null> {
  const [newest, ...older] = await checkpointSteps(folder)
  if (newest === undefined) return null
  try {
    return await checkpointAt(folder, newest)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const good = await firstReadable(folder, older)
    const advice =
      good === null
        ? 'no older checkpoint is intact; delete it to start again from step 0'
        : `${checkpointName(good)} is intact; delete ${checkpointName(newest)} to continue from step ${good}`
    throw new UserError(`${error.message}. ${advice[0].toUpperCase()}${advice.slice(1)}`)
  }
}

/** Throws a `UserError` when the checkpoint is damaged, or its step is not the one in its name. */
const checkpointAt = (folder: string, step: number): Promise<Saved> =>
  savedAt(folder, checkpointName(step), step)

async function savedAt(folder: string, file: string, step: number): Promise<Saved> {
  const path = join(folder, file)
  const saved = await readCheckpointAndConfig(path)
  const { step: own } = saved.checkpoint
  if (own !== step) throw new UserError(`${path} is damaged or was renamed: its metadata says step ${own}`)
  return saved
}

async function firstReadable(folder: string, steps: number[]): Promise<number | null> {
  for (const step of steps)
    try {
      return (await checkpointAt(folder, step)).checkpoint.step
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  return null
}
