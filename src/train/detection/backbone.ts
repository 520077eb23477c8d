/** A trained classifier's weights as the beginning of a detector. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { fileError } from '../../shared/files.js'
import { readSafetensors, type Tensor } from '../../shared/safetensors.js'
import { inferenceState } from '../run/checkpoint.js'
import { newestCheckpoint, readConfig } from '../run/run-folder.js'
import type { ModelConfig } from '../settings/config.js'
import type { ParameterSlot, StateVectors } from '../step/step-types.js'

export interface Backbone {
  /** The classifier's architecture, which the detector's becomes. */
  model: ModelConfig
  weights: BackboneWeights
}

export interface BackboneWeights {
  /** Where they come from, for messages. */
  source: string
  /** By parameter path. */
  tensors: ReadonlyMap<string, Tensor>
}

/** What a detector has of its own; all else is the backbone's. */
const OWN = /^(rpn|regions)\//

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

/**
 * Puts the backbone's weights into a detector's state, averages included, and returns how many tensors were
 * taken. What the weights hold besides, such as the classifier's head, is left.
 *
 * @throws UserError that names the first tensor that is missing, of another shape, or not finite
 */
export function applyBackbone(
  layout: readonly ParameterSlot[],
  state: StateVectors,
  { source, tensors }: BackboneWeights,
): number {
  const slots = layout.filter(({ path }) => !OWN.test(path))
  for (const { path, shape, vector, offset } of slots) {
    const tensor = tensors.get(path)
    const data = tensor?.data
    if (tensor === undefined || !(data instanceof Float32Array) || String(tensor.shape) !== String(shape))
      throw new UserError(
        `${source} does not fit the detector's backbone: it has ${describe(tensor)} where "${path}" of shape [${shape.join(', ')}] is needed. Choose the backbone's own run, or a preset of its architecture`,
      )
    if (!data.every(Number.isFinite))
      throw new UserError(`${source} is of no use: "${path}" holds numbers that are not finite`)
    state[vector].set(data, offset)
    state[AVERAGES[vector]]?.set(data, offset)
  }
  return slots.length
}

const AVERAGES: Record<string, string> = {
  parameters: 'averageParameters',
  statistics: 'averageStatistics',
}

function describe(tensor: Tensor | undefined): string {
  if (tensor === undefined) return 'nothing'
  const kind = tensor.data instanceof Float32Array ? '' : ` of ${tensor.data.constructor.name}`
  return `a tensor${kind} of shape [${tensor.shape.join(', ')}]`
}
