/** Contexts in which a network is traced: to collect its parameters, and to provide them from flat vectors. */
import type * as tf from '@tensorflow/tfjs'
import type { Context, ParameterSpec } from '../../../models/index.js'
import { type Tracer, trace } from '../../engine/index.js'

/** One draw of noise that the network takes. */
export interface NoiseSpec {
  path: string
  shape: number[]
}

/** Everything that a network takes from its context, in the order in which it takes it. */
export interface ParameterSpecs {
  parameters: ParameterSpec[]
  noise: NoiseSpec[]
}

/** Provides the tensors of a network and receives its statistics. */
export interface Source {
  training: boolean
  progress: tf.Scalar
  parameter(spec: ParameterSpec): tf.Tensor
  uniform(spec: NoiseSpec): tf.Tensor
  update(path: string, value: tf.Tensor, keep: number, gain: number): void
}

/** A context over `source`, which is called once for each path. */
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
          throw new Error(`Parameter ${full} has shape [${known.shape}], but shape [${shape}] is requested.`)
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

/**
 * A context that makes every parameter a graph input, named by its path. `specs` grows with each parameter that the
 * network takes. `training`: see {@link Context}.
 */
export function collectingContext(
  tracer: Tracer,
  training: boolean,
): { ctx: Context; specs: ParameterSpecs } {
  const specs: ParameterSpecs = { parameters: [], noise: [] }
  const ctx = contextOver({
    training,
    progress: tracer.input('progress', []) as tf.Scalar,
    parameter(spec) {
      specs.parameters.push(spec)
      return tracer.input(spec.path, spec.shape)
    },
    uniform(spec) {
      specs.noise.push(spec)
      return tracer.input(`noise ${spec.path}`, spec.shape)
    },
    update() {},
  })
  return { ctx, specs }
}

/** Runs a network on graph inputs in training, and returns the parameters and the noise that it took. */
export function collectParameterSpecs(
  network: (ctx: Context, input: Tracer['input']) => Record<string, tf.Tensor>,
): ParameterSpecs {
  let collected: ParameterSpecs = { parameters: [], noise: [] }
  trace((tracer) => {
    const { ctx, specs } = collectingContext(tracer, true)
    collected = specs
    return network(ctx, tracer.input)
  })
  return collected
}
