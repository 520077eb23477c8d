/**
 * One training step of a classifier as a pure function of tensors: state in, state and metrics out. Traced, it
 * becomes the ONNX graph that training runs; called eagerly, it runs on any TensorFlow.js backend.
 */
import * as tf from '@tensorflow/tfjs'
import { classificationLoss } from '../../../models/index.js'
import { accumulatedState, type PassScalar } from '../step/accumulate.js'
import type { StepScalars } from '../step/compiled-step.js'
import type { ParameterSpecs } from '../step/contexts.js'
import { differentiate, type StateTensors } from '../step/differentiate.js'
import type { FlatLayout } from '../step/flat-state.js'
import type { RunConfig } from './config.js'
import type { Network } from './network.js'

export interface StepTensors extends StepScalars, PassScalar {
  /** N × S × S × 3 in [−1, 1]. */
  images: tf.Tensor4D
  /** N, int32. */
  labels: tf.Tensor1D
}

export type StepOutputs = { state: StateTensors } & Record<'loss' | 'correct' | 'gradientNorm', tf.Scalar>

/** Builds the step of a network with these parameters. `layout`: the layout of its state vectors. */
export function stepFunction(config: RunConfig, network: Network, specs: ParameterSpecs, layout: FlatLayout) {
  const { labelSmoothing, auxiliaryWeight } = config
  return (state: StateTensors, inputs: StepTensors): StepOutputs => {
    const { images, labels } = inputs
    const pass = differentiate(
      (ctx) => {
        const outputs = network(ctx, images)
        const isCorrect = tf.equal(tf.argMax(outputs.logits, 1), labels)
        return {
          loss: classificationLoss(outputs, labels, { labelSmoothing, auxiliaryWeight }),
          metrics: {
            loss: classificationLoss({ logits: outputs.logits }, labels, { labelSmoothing }),
            correct: tf.sum(tf.cast(isCorrect, 'float32')) as tf.Scalar,
          },
        }
      },
      { specs, layout },
      state,
      inputs,
    )
    return { ...accumulatedState({ accumulate: 1, ...config }, layout, state, pass, inputs), ...pass.metrics }
  }
}
