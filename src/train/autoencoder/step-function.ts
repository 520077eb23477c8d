/** One training step of an autoencoder as a pure function of tensors: state in, state and metrics out. */
import * as tf from '@tensorflow/tfjs'
import type { Autoencoder } from '../../../models/index.js'
import type { StepScalars } from '../step/compiled-step.js'
import type { ParameterSpecs } from '../step/contexts.js'
import { differentiate, type StateTensors } from '../step/differentiate.js'
import type { FlatLayout } from '../step/flat-state.js'
import { nextState } from '../step/update.js'
import type { AutoencoderRunConfig } from './config.js'

export interface AutoencoderStepTensors extends StepScalars {
  /** N × S × S × 3 in [−1, 1]. */
  images: tf.Tensor4D
}

export type AutoencoderStepOutputs = { state: StateTensors } & Record<'loss' | 'gradientNorm', tf.Scalar>

/** Mean squared error of the reconstruction, for pixels in [0, 1]. */
function reconstructionLoss(images: tf.Tensor4D, reconstructed: tf.Tensor4D): tf.Scalar {
  // The range from −1 to 1 is twice as wide as the one from 0 to 1.
  return tf.mean(tf.square(tf.div(tf.sub(reconstructed, images), 2)))
}

/** Builds the step of a network with these parameters. `layout`: the layout of its state vectors. */
export function autoencoderStepFunction(
  config: AutoencoderRunConfig,
  network: Autoencoder,
  specs: ParameterSpecs,
  layout: FlatLayout,
) {
  return (state: StateTensors, inputs: AutoencoderStepTensors): AutoencoderStepOutputs => {
    const pass = differentiate(
      (ctx) => {
        const loss = reconstructionLoss(inputs.images, network(ctx, inputs.images))
        return { loss, metrics: { loss } }
      },
      { specs, layout },
      state,
      inputs,
    )
    return { ...nextState(config, layout, state, pass, inputs), ...pass.metrics }
  }
}
