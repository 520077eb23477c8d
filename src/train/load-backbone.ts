/** From a trained classifier to the beginning of a detector: the one step from a task's run to another task's. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../shared/errors.js'
import { fileError } from '../shared/files.js'
import { readSafetensors, type Tensor } from '../shared/safetensors.js'
import type { Backbone } from './detection/backbone.js'
import { inferenceState } from './run/checkpoint.js'
import { newestCheckpoint } from './run/run-folder.js'
import type { ModelConfig } from './settings/config.js'
import { readConfig } from './tasks.js'

/**
 * The backbone in a classifier's run (its newest checkpoint, with the averaged weights where it keeps an average)
 * or in a .safetensors file whose tensors are named by parameter path, such as a checkpoint. A file that lies in
 * a run's folder is of that run's architecture; any other is taken to be of `architecture`.
 *
 * @throws UserError when there is nothing there, it is damaged, or it is a detector's
 */
export async function loadBackbone(source: string, architecture: ModelConfig): Promise<Backbone> {
  const found = await stat(source).catch((error) => Promise.reject(fileError('read', source, error)))
  if (found.isDirectory()) {
    const { model } = await readConfig(source)
    const checkpoint = await newestCheckpoint(source)
    if (checkpoint === null) throw new UserError(`${source} has no checkpoint yet; train it first`)
    const state = inferenceState(checkpoint.state)
    const tensors = checkpoint.layout.map(({ path, shape, vector, offset, size }): [string, Tensor] => [
      path,
      { shape, data: state[vector].subarray(offset, offset + size) },
    ])
    return { model, weights: { source, tensors: new Map(tensors) } }
  }
  const { tensors } = await readSafetensors(source)
  for (const [name, tensor] of tensors)
    if (name.startsWith('average/')) tensors.set(name.slice('average/'.length), tensor)
  const folder = dirname(source)
  const model = existsSync(join(folder, 'config.json')) ? (await readConfig(folder)).model : architecture
  return { model, weights: { source, tensors } }
}
