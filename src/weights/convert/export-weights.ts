/** The weights of a run for other programs: the inverse of importing them. */
import { join } from 'node:path'
import { UserError } from '../../shared/errors.js'
import { writeSafetensors } from '../../shared/safetensors.js'
import { inferenceState } from '../../train/run/checkpoint.js'
import { keptCheckpoint } from '../../train/run/run-folder.js'
import type { ModelConfig } from '../../train/settings/config.js'
import { readConfig } from '../../train/tasks.js'
import { type KerasLayer, writeKerasWeights } from '../keras/write-keras.js'
import type { Dialect } from '../names/dialect.js'
import { keras } from '../names/keras.js'
import { kerasLayerOrder } from '../names/keras-order.js'
import { slim } from '../names/slim.js'
import { timm } from '../names/timm.js'
import { toolkit } from '../names/toolkit.js'
import type { NamedTensor } from '../source.js'
import { writeTfCheckpoint } from '../tf-checkpoint/write-checkpoint.js'
import { foreignShape, toForeign } from './axes.js'

interface WrittenNetwork {
  model: ModelConfig
  /** Of its parameters, in the toolkit's names. */
  paths: readonly string[]
}

interface Format {
  dialect: Dialect
  /** Name of the file in the run's folder. */
  file: string
  write(path: string, tensors: readonly NamedTensor[], network: WrittenNetwork): Promise<void>
}

/** Formats by name, as `toolkit export --to` takes them. */
export const FORMATS = {
  safetensors: {
    dialect: toolkit,
    file: 'weights.safetensors',
    write: (path, tensors) => writeSafetensors(path, byName(tensors)),
  },
  pytorch: {
    dialect: timm,
    file: 'pytorch.safetensors',
    write: (path, tensors) =>
      writeSafetensors(path, byName(tensors), { metadata: { format: 'pt' }, checksum: false }),
  },
  keras: {
    dialect: keras,
    file: 'model.weights.h5',
    write: (path, tensors, network) => writeKerasWeights(path, kerasLayers(tensors, network)),
  },
  'tf-slim': { dialect: slim, file: 'model.ckpt', write: writeTfCheckpoint },
} as const satisfies Record<string, Format>

export type FormatName = keyof typeof FORMATS

/**
 * Writes the weights of a classifier's newest checkpoint (its averaged weights, where it keeps an average), or of its best, without an
 * auxiliary head, to `path`, by default into the run's folder.
 *
 * @throws UserError when the folder holds no run, has no checkpoint yet, the other program has no such network, or the
 *   file cannot be written
 */
export async function exportWeights(
  folder: string,
  to: FormatName,
  path: string = join(folder, FORMATS[to].file),
): Promise<{ path: string; tensors: number }> {
  const { model, keep } = await readConfig(folder)
  const checkpoint = await keptCheckpoint(folder, keep)
  if (checkpoint === null) throw new UserError(`${folder} has no checkpoint yet; train it first`)
  const { dialect, write }: Format = FORMATS[to]
  const slots = checkpoint.layout.filter((slot) => !slot.path.startsWith('auxiliary/'))
  const paths = slots.map((slot) => slot.path)
  const find = dialect.tensors(paths, model)
  const state = inferenceState(checkpoint.state)
  const tensors = slots.map(({ path, shape, vector, offset, size }): NamedTensor => {
    const foreign = find(path)
    if (foreign === undefined)
      throw new UserError(
        `${folder} cannot be written for ${dialect.title}, which has no network with the layer "${path}"`,
      )
    const data = state[vector].subarray(offset, offset + size)
    return {
      name: foreign.name,
      shape: foreignShape(shape, foreign.axes),
      data: toForeign(data, shape, foreign.axes),
    }
  })
  await write(path, tensors, { model, paths })
  return { path, tensors: tensors.length }
}

const byName = (tensors: readonly NamedTensor[]) =>
  new Map(tensors.map(({ name, shape, data }) => [name, { shape: [...shape], data }]))

/** Variables of each kind of layer, in Keras's order. */
const VARIABLES = [
  ...['kernel', 'bias', 'depthwise_kernel', 'pointwise_kernel'],
  ...['gamma', 'beta', 'moving_mean', 'moving_variance'],
]

function kerasLayers(tensors: readonly NamedTensor[], { model, paths }: WrittenNetwork): KerasLayer[] {
  const variables = new Map<string, NamedTensor[]>()
  for (const tensor of tensors) {
    const [layer, name] = tensor.name.split('/')
    variables.set(layer, [...(variables.get(layer) ?? []), { ...tensor, name }])
  }
  return kerasLayerOrder(model, new Set(paths)).map(({ name, className }) => ({
    name,
    className,
    variables: variables.get(name)!.sort((a, b) => VARIABLES.indexOf(a.name) - VARIABLES.indexOf(b.name)),
  }))
}
