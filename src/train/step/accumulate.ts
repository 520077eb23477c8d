/**
 * Steps of several batches: the gradients of all are averaged, and the last batch changes the weights. The sum is a state
 * vector beside the others, so that each batch is one run of the same graph.
 */
import * as tf from '@tensorflow/tfjs'
import type { Tensors, Tracer } from '../../engine/index.js'
import { scalar } from './compiled-step.js'
import type { Differentiated, StateTensors } from './differentiate.js'
import type { FlatLayout } from './flat-state.js'
import { stateVectors, type VectorSpecs } from './state-vectors.js'
import { nextState, type UpdateConfig, type UpdateInputs } from './update.js'

type AccumulateConfig = UpdateConfig & {
  /** Batches in a step. */
  accumulate: number
}

/** The additional input of a pass; absent where a step has one batch. */
export interface PassScalar {
  /** 1 for the last batch of a step, which changes the weights, otherwise 0. */
  last?: tf.Scalar
}

/** The state vectors of a run; with accumulated batches also the sum of their gradients. */
export function accumulatedVectors(config: AccumulateConfig, layout: FlatLayout): VectorSpecs {
  const vectors = stateVectors(config, layout)
  if (config.accumulate > 1) vectors.gradient = { size: layout.parameters, start: 0 }
  return vectors
}

/** Declares the additional input of the graph. */
export const passInput = ({ accumulate }: { accumulate: number }, input: Tracer['input']): PassScalar =>
  accumulate > 1 ? { last: input('last', []) as tf.Scalar } : {}

/** Its value for batch `part` of a step, from 0. */
export const passValue = ({ accumulate }: { accumulate: number }, part: number): Tensors =>
  accumulate > 1 ? { last: scalar(part === accumulate - 1 ? 1 : 0) } : {}

/**
 * The number that the noise of a batch is drawn for: a step of several batches draws as that many steps of one.
 * `part`: which batch of the step, from 0.
 */
export const drawOf = ({ accumulate }: { accumulate: number }, step: number, part: number): number =>
  step * accumulate + part

/**
 * The state after a batch: as {@link nextState} where a step has one batch or after its last one, before that only with
 * a larger sum of gradients and other statistics. The norm is that of the gradients so far.
 */
export function accumulatedState<F>(
  config: AccumulateConfig,
  layout: FlatLayout,
  state: StateTensors,
  pass: Differentiated<F>,
  inputs: UpdateInputs & PassScalar,
): { state: StateTensors; gradientNorm: tf.Scalar } {
  const { last } = inputs
  if (last === undefined) return nextState(config, layout, state, pass, inputs)
  const gradient = tf.add(state.gradient, tf.div(pass.gradient, config.accumulate)) as tf.Tensor1D
  const after = nextState(config, layout, state, { ...pass, gradient }, inputs)
  const next: StateTensors = { gradient: tf.mul(gradient, tf.sub(1, last)) }
  const change = tf.greater(last, 0)
  for (const [name, tensor] of Object.entries(after.state))
    next[name] = name === 'statistics' ? tensor : tf.where(change, tensor, state[name])
  return { state: next, gradientNorm: after.gradientNorm }
}
