/** Loads a trained classifier as the backbone of a detector: the only link between the runs of two tasks. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Preprocessing } from '../shared/classifier-input.js'
import { UserError } from '../shared/errors.js'
import { fileError } from '../shared/files.js'
import { readSafetensors, type Tensor } from '../shared/safetensors.js'
import type { Backbone } from './detection/backbone.js'
import { inferenceState } from './run/checkpoint.js'
import { keptCheckpoint } from './run/run-folder.js'
import type { DataConfig, ModelConfig } from './settings/config.js'
import { readConfig } from './tasks.js'

export interface LoadedBackbone extends Backbone {
  /** Side of the images that it was trained on, in pixels; null: not known. */
  imageSize: number | null
  /** How images are prepared for it; missing: not known, or `cover`. */
  preprocessing?: Preprocessing
  /** The names of its classes; null: not known. */
  classes: string[] | null
}

/**
 * The backbone in the run of a classifier (its newest checkpoint, with the averaged weights where it keeps an average, or its best)
 * or in a .safetensors file whose tensors are named by parameter path, such as a checkpoint. A file in the folder of a
 * run has the architecture of that run; any other is assumed to have `architecture`.
 *
 * @throws UserError when there is nothing at `source`, it is damaged, or it belongs to a detector
 */
export async function loadBackbone(source: string, architecture: ModelConfig): Promise<LoadedBackbone> {
  const found = await stat(source).catch((error) => Promise.reject(fileError('read', source, error)))
  if (found.isDirectory()) {
    const { model, data, keep } = await readConfig(source)
    const checkpoint = await keptCheckpoint(source, keep)
    if (checkpoint === null) throw new UserError(`${source} has no checkpoint yet; train it first`)
    const state = inferenceState(checkpoint.state)
    const tensors = checkpoint.layout.map(({ path, shape, vector, offset, size }): [string, Tensor] => [
      path,
      { shape, data: state[vector].subarray(offset, offset + size) },
    ])
    return { model, ...inputOf(data), weights: { source, tensors: new Map(tensors) } }
  }
  const { tensors } = await readSafetensors(source)
  for (const [name, tensor] of tensors)
    if (name.startsWith('average/')) tensors.set(name.slice('average/'.length), tensor)
  const folder = dirname(source)
  const config = existsSync(join(folder, 'config.json')) ? await readConfig(folder) : null
  const weights = { source, tensors }
  if (config === null) return { model: architecture, imageSize: null, classes: null, weights }
  return { model: config.model, ...inputOf(config.data), weights }
}

const inputOf = ({
  imageSize,
  preprocessing,
  classes,
}: DataConfig): Omit<LoadedBackbone, keyof Backbone> => ({
  imageSize,
  classes,
  ...(preprocessing && { preprocessing }),
})
