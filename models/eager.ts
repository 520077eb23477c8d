/** The context that runs a model directly on a TensorFlow.js backend. */
import * as tf from '@tensorflow/tfjs'
import { random } from '../src/shared/random.js'
import type { Context, ParameterSpec } from './context.js'
import { initialValue } from './initialize.js'

export interface EagerParameter {
  spec: ParameterSpec
  variable: tf.Variable
}

export interface EagerOptions {
  /** Seed of initial values and noise. */
  seed: number
  /** Default: false. */
  training?: boolean
  /** Fraction of training done, in [0, 1]; used in training only. Default: 0. */
  progress?: number
  /** Number of the step that noise is drawn for. Default: 0. */
  step?: number
  /** Parameters of earlier contexts, by path. New ones are added. Default: an empty map. */
  parameters?: Map<string, EagerParameter>
  /** Gives the initial value of a new parameter. Default: {@link initialValue} with the seed. */
  initial?: (spec: ParameterSpec) => Float32Array
}

export interface EagerContext extends Context {
  /** All parameters used so far, by path, in the order of their first use. */
  readonly parameters: Map<string, EagerParameter>
}

/**
 * A context that holds parameters as `tf.Variable`s, which survive `tf.tidy`. Statistics are updated at once. For the
 * next step, create another context with the same `parameters` and the next `step`.
 */
export function eagerContext(options: EagerOptions): EagerContext {
  const { seed, training = false, progress = 0, step = 0, parameters = new Map() } = options
  const initial = options.initial ?? ((spec) => initialValue(spec, seed))

  const at = (prefix: string): EagerContext => ({
    training,
    parameters,
    get progress() {
      return tf.scalar(training ? progress : 1)
    },
    parameter(path, shape, initializer, role) {
      const spec: ParameterSpec = { path: prefix + path, shape, initializer, role }
      const known = parameters.get(spec.path)
      if (known === undefined) {
        const variable = tf.tidy(() => tf.variable(tf.tensor(initial(spec), shape), role !== 'statistic'))
        parameters.set(spec.path, { spec, variable })
        return variable
      }
      if (!tf.util.arraysEqual(known.spec.shape, shape))
        throw new Error(
          `Parameter ${spec.path} has shape [${known.spec.shape}], but shape [${shape}] is requested.`,
        )
      return known.variable
    },
    update(path, value, keep, gain) {
      if (!training) return
      const known = parameters.get(prefix + path)
      if (known === undefined)
        throw new Error(`Statistic ${prefix}${path} is updated, but it was never requested.`)
      known.variable.assign(tf.tidy(() => tf.add(tf.mul(known.variable, keep), tf.mul(value, gain))))
    },
    uniform(path, shape) {
      const stream = random(seed, 'noise', step, prefix + path)
      return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, stream.uniform), shape)
    },
    in: (path) => at(`${prefix}${path}/`),
  })
  return at('')
}

/** Numbers in these parameters: all, and those that are trained. */
export function countParameters(specs: Iterable<ParameterSpec>): { total: number; trainable: number } {
  let total = 0
  let trainable = 0
  for (const { shape, role } of specs) {
    const size = shape.reduce((product, length) => product * length, 1)
    total += size
    if (role !== 'statistic') trainable += size
  }
  return { total, trainable }
}
