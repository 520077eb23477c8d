/** The context of a trained network: its weights are constants, there is no noise, statistics are not updated. */
import * as tf from '@tensorflow/tfjs'
import type { Context } from '../../../models/index.js'
import { contextOver, type ParameterSpecs } from './contexts.js'
import { layoutOf } from './flat-state.js'
import type { StateVectors } from './step-types.js'

/**
 * A context that takes weights from the vectors `parameters` and `statistics` of `state`. `specs`: the parameters of the
 * network in training, which say where its weights are.
 */
export function inferenceContext(specs: ParameterSpecs, state: StateVectors): Context {
  const slots = new Map(layoutOf(specs.parameters).slots.map((slot) => [slot.path, slot]))
  return contextOver({
    training: false,
    progress: tf.scalar(1),
    parameter({ path, shape }) {
      const { vector, offset, size } = slots.get(path)!
      return tf.tensor(state[vector].subarray(offset, offset + size), shape)
    },
    uniform: ({ path }) => {
      throw new Error(`internal: ${path} takes noise outside of training`)
    },
    update() {},
  })
}
