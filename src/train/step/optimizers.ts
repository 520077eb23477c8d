/**
 * Optimisers as pure functions on flat vectors. Their slots are state vectors of the run, named as here.
 */
import * as tf from '@tensorflow/tfjs'
import type { OptimizerConfig } from '../settings/config.js'

/** Parameters and slots after a step. */
export interface Update {
  parameters: tf.Tensor1D
  slots: Record<string, tf.Tensor1D>
}

/** An optimiser: its slots, and one step of it. */
export interface Optimizer {
  /** Slot name → the initial value of all its numbers. */
  slots: Record<string, number>
  /** `learningRate`: one for all parameters, or one for each. `step`: steps done before this one, a scalar. */
  apply(
    parameters: tf.Tensor1D,
    gradient: tf.Tensor1D,
    slots: Record<string, tf.Tensor1D>,
    learningRate: tf.Scalar | tf.Tensor1D,
    step: tf.Scalar,
  ): Update
}

/** The optimiser that a config describes. */
export function optimizerOf(config: OptimizerConfig): Optimizer {
  switch (config.kind) {
    case 'momentum':
      return momentum(config.momentum, config.nesterov)
    case 'rmsprop':
      return rmsprop(config.decay, config.momentum, config.epsilon)
    case 'adam':
      return adam(config.beta1, config.beta2, config.epsilon)
  }
}

/** v ← m·v + g; w ← w − η·v, or with Nesterov's look-ahead w − η·(g + m·v). As in TensorFlow and PyTorch. */
function momentum(rate: number, nesterov: boolean): Optimizer {
  return {
    slots: { momentum: 0 },
    apply(parameters, gradient, slots, learningRate) {
      const velocity = tf.add(tf.mul(slots.momentum, rate), gradient) as tf.Tensor1D
      const direction = nesterov ? tf.add(gradient, tf.mul(velocity, rate)) : velocity
      return {
        parameters: tf.sub(parameters, tf.mul(direction, learningRate)),
        slots: { momentum: velocity },
      }
    },
  }
}

/** TensorFlow's form: ε inside the root, a mean square that starts at 1, momentum on the scaled step. */
function rmsprop(decay: number, rate: number, epsilon: number): Optimizer {
  return {
    slots: { meanSquare: 1, momentum: 0 },
    apply(parameters, gradient, slots, learningRate) {
      const meanSquare = tf.add(
        tf.mul(slots.meanSquare, decay),
        tf.mul(tf.square(gradient), 1 - decay),
      ) as tf.Tensor1D
      const scaled = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(meanSquare, epsilon)))
      const velocity = tf.add(tf.mul(slots.momentum, rate), scaled) as tf.Tensor1D
      return { parameters: tf.sub(parameters, velocity), slots: { meanSquare, momentum: velocity } }
    },
  }
}

/** Kingma and Ba 2015, algorithm 1. */
function adam(beta1: number, beta2: number, epsilon: number): Optimizer {
  return {
    slots: { firstMoment: 0, secondMoment: 0 },
    apply(parameters, gradient, slots, learningRate, step) {
      const time = tf.add(step, 1)
      const first = tf.add(tf.mul(slots.firstMoment, beta1), tf.mul(gradient, 1 - beta1)) as tf.Tensor1D
      const second = tf.add(
        tf.mul(slots.secondMoment, beta2),
        tf.mul(tf.square(gradient), 1 - beta2),
      ) as tf.Tensor1D
      const unbiasedFirst = tf.div(first, tf.sub(1, tf.pow(beta1, time)))
      const unbiasedSecond = tf.div(second, tf.sub(1, tf.pow(beta2, time)))
      const update = tf.mul(tf.div(unbiasedFirst, tf.add(tf.sqrt(unbiasedSecond), epsilon)), learningRate)
      return {
        parameters: tf.sub(parameters, update),
        slots: { firstMoment: first, secondMoment: second },
      }
    },
  }
}
