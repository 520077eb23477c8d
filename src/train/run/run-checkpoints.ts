/** The checkpoints of a run's folder: `checkpoint-<step>.safetensors`. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { type Checkpoint, readCheckpointAndConfig } from './checkpoint.js'

/** File name of the checkpoint of a step. */
export const checkpointName = (step: number): string => `checkpoint-${step}.safetensors`

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
async function checkpointAt(folder: string, step: number): Promise<Saved> {
  const path = join(folder, checkpointName(step))
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
