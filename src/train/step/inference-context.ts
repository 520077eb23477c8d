/** The context of a trained network: its weights as constants, nothing random, nothing updated. */
import * as tf from '@tensorflow/tfjs'
import type { Context } from '../../../models/index.js'
import { type Asked, contextOver } from './contexts.js'
import { layoutOf } from './flat-state.js'
import type { StateVectors } from './step-types.js'

/** `asked`: what the network asked for in training, which says where its weights lie in `state`. */
export function inferenceContext(asked: Asked, state: StateVectors): Context {
  const slots = new Map(layoutOf(asked.specs).slots.map((slot) => [slot.path, slot]))
  return contextOver({
    training: false,
    progress: tf.scalar(1),
    parameter({ path, shape }) {
      const { vector, offset, size } = slots.get(path)!
      return tf.tensor(state[vector].subarray(offset, offset + size), shape)
    },
    uniform: ({ path }) => {
      throw new Error(`internal: ${path} asks for noise outside of training`)
    },
    update() {},
  })
}
