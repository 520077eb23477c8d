/** From a gradient to the next state: weight decay, clipping, the optimiser, averages; all on flat vectors. */
import * as tf from '@tensorflow/tfjs'
import type { TrainingConfig } from '../settings/config.js'
import type { StateTensors } from './differentiate.js'
import type { FlatLayout } from './flat-state.js'
import { optimizerOf } from './optimizers.js'

export type UpdateConfig = Pick<TrainingConfig, 'optimizer' | 'weightDecay' | 'clipNorm' | 'averageDecay'>

export interface UpdateInputs {
  /** One for all parameters, or one for each. */
  learningRate: tf.Scalar | tf.Tensor1D
  /** Steps done before this one. */
  step: tf.Scalar
}

/**
 * The state after an optimiser step along `gradient`, and the norm of the gradient (with weight decay) before clipping.
 * `statistics`: the statistics after the forward pass.
 */
export function nextState(
  config: UpdateConfig,
  layout: FlatLayout,
  state: StateTensors,
  { gradient, statistics }: { gradient: tf.Tensor1D; statistics: tf.Tensor1D },
  { learningRate, step }: UpdateInputs,
): { state: StateTensors; gradientNorm: tf.Scalar } {
  const raw = withDecay(gradient, state.parameters, config.weightDecay, layout.decayed)
  const { clipped, norm: gradientNorm } = clipByNorm(raw, config.clipNorm)
  const update = optimizerOf(config.optimizer).apply(state.parameters, clipped, state, learningRate, step)
  const next: StateTensors = { parameters: update.parameters, statistics, ...update.slots }
  if (config.averageDecay !== null) Object.assign(next, averages(config.averageDecay, state, next, step))
  return { state: next, gradientNorm }
}

/** Clips the gradient to the global norm `limit` (null: no clipping). Returns its norm before clipping too. */
export function clipByNorm(
  gradient: tf.Tensor1D,
  limit: number | null,
): { clipped: tf.Tensor1D; norm: tf.Scalar } {
  const norm = tf.sqrt(tf.sum(tf.square(gradient))) as tf.Scalar
  if (limit === null) return { clipped: gradient, norm }
  return { clipped: tf.mul(gradient, tf.div(limit, tf.maximum(norm, limit))), norm }
}

/** Adds `decay` times the weights to the part of the gradient that belongs to weights with decay. */
function withDecay(
  gradient: tf.Tensor1D,
  parameters: tf.Tensor1D,
  decay: number,
  decayed: number,
): tf.Tensor1D {
  if (decay === 0 || decayed === 0) return gradient
  const weights = tf.add(
    tf.slice1d(gradient, 0, decayed),
    tf.mul(tf.slice1d(parameters, 0, decayed), decay),
  ) as tf.Tensor1D
  const rest = gradient.size - decayed
  return rest === 0 ? weights : tf.concat1d([weights, tf.slice1d(gradient, decayed, rest)])
}

/** TensorFlow's moving average with a step count: its decay is min(decay, (1 + step) / (10 + step)). */
function averages(decay: number, state: StateTensors, next: StateTensors, step: tf.Scalar): StateTensors {
  const now = tf.minimum(decay, tf.div(tf.add(step, 1), tf.add(step, 10)))
  const blend = (old: tf.Tensor1D, young: tf.Tensor1D) =>
    tf.add(tf.mul(old, now), tf.mul(young, tf.sub(1, now))) as tf.Tensor1D
  return {
    averageParameters: blend(state.averageParameters, next.parameters),
    averageStatistics: blend(state.averageStatistics, next.statistics),
  }
}
