/** Contexts in which a network is traced: to learn what it asks for, and to give it that from flat vectors. */
import type * as tf from '@tensorflow/tfjs'
import type { Context, ParameterSpec } from '../../../models/index.js'
import type { Tracer } from '../../engine/index.js'

/** One draw of noise that the network asks for. */
export interface NoiseSpec {
  path: string
  shape: number[]
}

export interface Asked {
  specs: ParameterSpec[]
  noise: NoiseSpec[]
}

/** Where a network's tensors come from and where its statistics go. */
export interface Source {
  training: boolean
  progress: tf.Scalar
  parameter(spec: ParameterSpec): tf.Tensor
  uniform(spec: NoiseSpec): tf.Tensor
  update(path: string, value: tf.Tensor, keep: number, gain: number): void
}

/** A context over `source`, which is asked once for each path. */
export function contextOver(source: Source): Context {
  const held = new Map<string, { shape: number[]; tensor: tf.Tensor }>()
  const at = (prefix: string): Context => ({
    training: source.training,
    progress: source.progress,
    parameter(path, shape, initializer, role) {
      const full = prefix + path
      const known = held.get(full)
      if (known !== undefined) {
        if (String(known.shape) !== String(shape))
          throw new Error(`Parameter ${full} has shape [${known.shape}] but is asked for as [${shape}].`)
        return known.tensor
      }
      const tensor = source.parameter({ path: full, shape, initializer, role })
      held.set(full, { shape, tensor })
      return tensor
    },
    update(path, value, keep, gain) {
      if (source.training) source.update(prefix + path, value, keep, gain)
    },
    uniform: (path, shape) => source.uniform({ path: prefix + path, shape }),
    in: (path) => at(`${prefix}${path}/`),
  })
  return at('')
}

/** A context of graph inputs, named by path, and what has been asked of it so far. */
export function askedContext(tracer: Tracer, training: boolean): { ctx: Context; asked: Asked } {
  const asked: Asked = { specs: [], noise: [] }
  const ctx = contextOver({
    training,
    progress: tracer.input('progress', []) as tf.Scalar,
    parameter(spec) {
      asked.specs.push(spec)
      return tracer.input(spec.path, spec.shape)
    },
    uniform(spec) {
      asked.noise.push(spec)
      return tracer.input(`noise ${spec.path}`, spec.shape)
    },
    update() {},
  })
  return { ctx, asked }
}
