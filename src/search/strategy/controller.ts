/**
 * The controller: a recurrent network that takes one decision after the other (Zoph et al. 2018, section 3.1 and
 * appendix A: one LSTM layer, a softmax for each decision, weights uniform in ±0.1). Pure functions of tensors over one
 * flat vector of parameters.
 *
 * Where the paper is silent, it is built as controllers are since Zoph and Le 2017: a step's input is an embedding of
 * the decision before; decisions of one kind (states, operations, combinations) share an embedding table; the first
 * input is a learned start token; the LSTM starts at zero. Its forget gate has no bias of 1: all weights are in ±0.1.
 */
import * as tf from '@tensorflow/tfjs'
import type { ParameterSpec } from '../../../models/index.js'
import { type FlatLayout, initialVectors, layoutOf, unflatten } from '../../train/step/flat-state.js'
import type { DecisionSize } from '../space/space.js'

export interface Controller {
  decisions: readonly DecisionSize[]
  /** Hidden units H, also the length of an embedding. */
  hidden: number
  /** W, the options of the decision that has most: softmaxes are that wide, and masked where there are fewer. */
  width: number
  /** The row of the embeddings at which each decision's kind begins; row 0 is the start token. */
  firstRows: readonly number[]
  specs: readonly ParameterSpec[]
  layout: FlatLayout
}

/** What a logit is lowered by where a decision has no such option: its probability is exactly 0. */
const MASKED = -1e9

const KINDS = ['state', 'operation', 'combine'] as const

export function controllerOf(decisions: readonly DecisionSize[], hidden: number): Controller {
  const sizes = KINDS.map((kind) =>
    Math.max(
      0,
      ...decisions.filter((decision) => decision.kind === kind).map(({ size: options }) => options),
    ),
  )
  const starts = { state: 1, operation: 1 + sizes[0], combine: 1 + sizes[0] + sizes[1] }
  const rows = 1 + sizes[0] + sizes[1] + sizes[2]
  const width = Math.max(...sizes)
  const uniform = (path: string, shape: number[]): ParameterSpec => ({
    path,
    shape,
    initializer: { kind: 'uniform', limit: 0.1 },
    role: 'weight',
  })
  const specs = [
    uniform('embeddings', [rows, hidden]),
    uniform('lstm/input', [hidden, 4 * hidden]),
    uniform('lstm/recurrent', [hidden, 4 * hidden]),
    uniform('lstm/bias', [4 * hidden]),
    uniform('softmax/weights', [decisions.length, hidden, width]),
    uniform('softmax/biases', [decisions.length, width]),
  ]
  const firstRows = decisions.map(({ kind }) => starts[kind])
  return { decisions, hidden, width, firstRows, specs, layout: layoutOf(specs) }
}

export function initialParameters({ layout, specs }: Controller, seed: number): Float32Array {
  return initialVectors(layout, specs, seed).parameters
}

interface Weights {
  /** Rows × 4H: what each embedding adds to the gates, their bias included, so that no step multiplies its input. */
  inputs: tf.Tensor2D
  /** H × 4H. */
  recurrent: tf.Tensor2D
  /** D × H × W. */
  softmax: tf.Tensor3D
  /** D × 1 × W, masked. */
  biases: tf.Tensor3D
}

function weightsOf({ decisions, width, layout }: Controller, parameters: tf.Tensor1D): Weights {
  const [embeddings, input, recurrent, bias, softmax, biases] = unflatten(parameters, layout.slots)
  const mask = decisions.map(({ size: options }) =>
    Array.from({ length: width }, (_, k) => (k < options ? 0 : MASKED)),
  )
  return {
    inputs: tf.add(tf.matMul(embeddings as tf.Tensor2D, input as tf.Tensor2D), bias),
    recurrent: recurrent as tf.Tensor2D,
    softmax: softmax as tf.Tensor3D,
    biases: tf.expandDims(tf.add(biases, tf.tensor2d(mask)), 1),
  }
}

interface LstmState {
  cell: tf.Tensor2D
  hidden: tf.Tensor2D
}

const startState = (count: number, hidden: number): LstmState => ({
  cell: tf.zeros([count, hidden]),
  hidden: tf.zeros([count, hidden]),
})

/** One step. `input`: n × 4H (or 1 × 4H), the input's part of the gates: input, forget, output, candidate. */
function lstm(input: tf.Tensor2D, recurrent: tf.Tensor2D, { cell, hidden }: LstmState): LstmState {
  const units = hidden.shape[1]
  const all = tf.add(input, tf.matMul(hidden, recurrent))
  const [gates, candidate] = tf.split(all, [3 * units, units], 1)
  const [enter, keep, leave] = tf.split(tf.sigmoid(gates), 3, 1)
  const next = tf.add(tf.mul(keep, cell), tf.mul(enter, tf.tanh(candidate))) as tf.Tensor2D
  return { cell: next, hidden: tf.mul(leave, tf.tanh(next)) }
}

export interface Scores {
  /** n × D: the logarithm of the probability that each decision had when it was taken. */
  logProbabilities: tf.Tensor2D
  /** n: the sum of the softmaxes' entropies along the architecture's decisions, in nats. */
  entropies: tf.Tensor1D
}

/** Scores `chosen` (D × n, int32) under `logits` (D × n × W, masked). */
function score(logits: tf.Tensor3D, chosen: tf.Tensor2D): Scores {
  const logs = tf.logSoftmax(logits)
  const taken = tf.oneHot(chosen, logits.shape[2], 1, 0, 'float32')
  return {
    logProbabilities: tf.transpose(tf.sum(tf.mul(logs, taken), 2)),
    entropies: tf.neg(tf.sum(tf.mul(tf.exp(logs), logs), [0, 2])),
  }
}

export interface Sampled extends Scores {
  /** n × D, int32. */
  decisions: tf.Tensor2D
}

/** Draws n architectures, by inverting the distributions at the `uniforms` (n × D, in [0, 1)). */
export function sample(controller: Controller, parameters: tf.Tensor1D, uniforms: tf.Tensor2D): Sampled {
  const { decisions, hidden, width, firstRows } = controller
  const { inputs, recurrent, softmax, biases } = weightsOf(controller, parameters)
  const [count] = uniforms.shape
  const weights = tf.unstack(softmax) as tf.Tensor2D[]
  const offsets = tf.unstack(biases) as tf.Tensor2D[]
  const draws = tf.split(uniforms, decisions.length, 1)
  const logits: tf.Tensor[] = []
  const chosen: tf.Tensor1D[] = []
  let state = startState(count, hidden)
  let input = tf.slice2d(inputs, [0, 0], [1, -1])
  for (const [d, { size: options }] of decisions.entries()) {
    state = lstm(input, recurrent, state)
    logits.push(tf.add(tf.matMul(state.hidden, weights[d]), offsets[d]))
    // The option's number is how many cumulated probabilities lie at or below the draw. Only those of all options but
    // the last count: a sum that falls short of 1 by rounding cannot lead behind it.
    const cumulated = tf.cumsum(tf.softmax(logits[d] as tf.Tensor2D), 1)
    const counted = tf.tensor1d(Array.from({ length: width }, (_, k) => (k < options - 1 ? 1 : 0)))
    const passed = tf.mul(tf.cast(tf.greaterEqual(draws[d], cumulated), 'float32'), counted)
    chosen.push(tf.cast(tf.sum(passed, 1), 'int32'))
    input = tf.gather(inputs, tf.add(chosen[d], tf.scalar(firstRows[d], 'int32')) as tf.Tensor1D)
  }
  const byDecision = tf.stack(chosen) as tf.Tensor2D
  return { decisions: tf.transpose(byDecision), ...score(tf.stack(logits) as tf.Tensor3D, byDecision) }
}

/** Scores given architectures: `decisions` is n × D, int32. */
export function evaluate(controller: Controller, parameters: tf.Tensor1D, decisions: tf.Tensor2D): Scores {
  const { hidden, firstRows } = controller
  const { inputs, recurrent, softmax, biases } = weightsOf(controller, parameters)
  const [count, length] = decisions.shape
  const chosen = tf.transpose(decisions)
  const rows = tf.add(chosen, tf.tensor2d(firstRows.slice(), [length, 1], 'int32'))
  const before = tf.concat([tf.zeros([1, count], 'int32'), tf.slice(rows, [0, 0], [length - 1, -1])])
  // Products with one-hot rows, for all steps at once: unlike a gather, their gradient is a product too.
  const hot = tf.oneHot(tf.reshape(before, [-1]) as tf.Tensor1D, inputs.shape[0], 1, 0, 'float32')
  const gates = tf.split(tf.matMul(hot as tf.Tensor2D, inputs), length)
  const hiddens: tf.Tensor2D[] = []
  let state = startState(count, hidden)
  for (const input of gates as tf.Tensor2D[]) {
    state = lstm(input, recurrent, state)
    hiddens.push(state.hidden)
  }
  const logits = tf.add(tf.matMul(tf.stack(hiddens), softmax), biases) as tf.Tensor3D
  return score(logits, chosen as tf.Tensor2D)
}
