/**
 * One training step as a pure function of tensors: state in, state and figures out. Traced, it becomes the
 * ONNX graph that training runs; called eagerly, it runs on any TensorFlow.js backend.
 */
import * as tf from '@tensorflow/tfjs'
import { classificationLoss } from '../../models/index.js'
import type { RunConfig } from './config.js'
import { type Asked, contextOver } from './contexts.js'
import { type FlatLayout, flatten, unflatten } from './flat-state.js'
import type { Network } from './network.js'
import { optimizerOf } from './optimizers.js'
import type { ParameterSlot } from './step-types.js'

export interface StepTensors {
  /** N × S × S × 3 in [−1, 1]. */
  images: tf.Tensor4D
  /** N, int32. */
  labels: tf.Tensor1D
  learningRate: tf.Scalar
  progress: tf.Scalar
  /** Steps done before this one. */
  step: tf.Scalar
  /** All noise in [0, 1) that the network asked for, in its order; absent when it asked for none. */
  noise?: tf.Tensor1D
}

export type StateTensors = Record<string, tf.Tensor1D>

export interface StepOutputs {
  state: StateTensors
  loss: tf.Scalar
  correct: tf.Scalar
  gradientNorm: tf.Scalar
}

/** State vectors by name, with the value that each starts with; null: the network's own initial values. */
export function stateVectors(config: RunConfig, layout: FlatLayout) {
  const { parameters, statistics } = layout
  const vectors: Record<string, { size: number; start: number | null }> = {
    parameters: { size: parameters, start: null },
    statistics: { size: statistics, start: null },
  }
  for (const [name, start] of Object.entries(optimizerOf(config.optimizer).slots))
    vectors[name] = { size: parameters, start }
  if (config.averageDecay !== null) {
    vectors.averageParameters = { size: parameters, start: null }
    vectors.averageStatistics = { size: statistics, start: null }
  }
  return vectors
}

/** Builds the step for a network that asks for `asked`, whose state lies as `layout` says. */
export function stepFunction(config: RunConfig, network: Network, asked: Asked, layout: FlatLayout) {
  const optimizer = optimizerOf(config.optimizer)
  const trained = layout.slots.filter((slot) => slot.vector === 'parameters')
  const moving = layout.slots.filter((slot) => slot.vector === 'statistics')

  return (state: StateTensors, inputs: StepTensors): StepOutputs => {
    const parameters = unflatten(state.parameters, trained)
    const forward = forwardPass(config, network, asked, moving, state, inputs)
    const { grads } = tf.valueAndGrads((...values: tf.Tensor[]) => forward.loss(trained, values))(parameters)
    const raw = withDecay(flatten(grads), state.parameters, config.weightDecay, layout.decayed)
    const gradientNorm = tf.sqrt(tf.sum(tf.square(raw))) as tf.Scalar
    const gradient =
      config.clipNorm === null
        ? raw
        : (tf.mul(raw, tf.div(config.clipNorm, tf.maximum(gradientNorm, config.clipNorm))) as tf.Tensor1D)
    const { learningRate, step } = inputs
    const update = optimizer.apply(state.parameters, gradient, state, learningRate, step)
    const next: StateTensors = {
      parameters: update.parameters,
      statistics: forward.statistics(),
      ...update.slots,
    }
    if (config.averageDecay !== null) Object.assign(next, averages(config.averageDecay, state, next, step))
    return { state: next, ...forward.figures(), gradientNorm }
  }
}

/** The gradient of half the weights' squared norm, times `decay`, added to the weights' part of the gradient. */
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

/** TensorFlow's moving average with a count: young runs forget faster, at min(decay, (1 + step)/(10 + step)). */
function averages(decay: number, state: StateTensors, next: StateTensors, step: tf.Scalar): StateTensors {
  const now = tf.minimum(decay, tf.div(tf.add(step, 1), tf.add(step, 10)))
  const blend = (old: tf.Tensor1D, young: tf.Tensor1D) =>
    tf.add(tf.mul(old, now), tf.mul(young, tf.sub(1, now))) as tf.Tensor1D
  return {
    averageParameters: blend(state.averageParameters, next.parameters),
    averageStatistics: blend(state.averageStatistics, next.statistics),
  }
}

/** The network's loss as a function of its trained tensors, and what else came of running it. */
function forwardPass(
  config: RunConfig,
  network: Network,
  asked: Asked,
  moving: readonly ParameterSlot[],
  state: StateTensors,
  inputs: StepTensors,
) {
  const { images, labels } = inputs
  const statistics = new Map(unflatten(state.statistics, moving).map((tensor, i) => [moving[i].path, tensor]))
  const noise = new Map(splitNoise(asked, inputs.noise).map((tensor, i) => [asked.noise[i].path, tensor]))
  const updated = new Map(statistics)
  const kept: tf.Tensor[] = []
  let figures: { loss: tf.Scalar; correct: tf.Scalar } | undefined

  return {
    loss(slots: readonly ParameterSlot[], values: tf.Tensor[]): tf.Scalar {
      const trained = new Map(values.map((tensor, i) => [slots[i].path, tensor]))
      const ctx = contextOver({
        training: true,
        progress: inputs.progress,
        parameter: ({ path, role }) => (role === 'statistic' ? statistics : trained).get(path)!,
        uniform: ({ path }) => noise.get(path)!,
        // An eager backend would drop what the loss alone does not need when its differentiation ends.
        update(path, value) {
          updated.set(path, tf.keep(value))
          kept.push(value)
        },
      })
      const outputs = network(ctx, images)
      const { labelSmoothing, auxiliaryWeight } = config
      const right = tf.equal(tf.argMax(outputs.logits, 1), labels)
      figures = {
        loss: tf.keep(classificationLoss({ logits: outputs.logits }, labels, { labelSmoothing })),
        correct: tf.keep(tf.sum(tf.cast(right, 'float32')) as tf.Scalar),
      }
      return classificationLoss(outputs, labels, { labelSmoothing, auxiliaryWeight })
    },
    figures: () => figures!,
    statistics() {
      const flat = flatten(moving.map(({ path }) => updated.get(path)!))
      tf.dispose(kept)
      return flat
    },
  }
}

function splitNoise(asked: Asked, noise: tf.Tensor1D | undefined): tf.Tensor[] {
  if (noise === undefined) return []
  const sizes = asked.noise.map(({ shape }) => tf.util.sizeFromShape(shape))
  return tf.split(noise, sizes).map((piece, i) => tf.reshape(piece, asked.noise[i].shape))
}
