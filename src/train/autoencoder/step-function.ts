/** One training step of an autoencoder as a pure function of tensors: state in, state and metrics out. */
import * as tf from '@tensorflow/tfjs'
import type { Autoencoder } from '../../../models/index.js'
import type { StepScalars } from '../step/compiled-step.js'
import type { Asked } from '../step/contexts.js'
import { differentiate, type StateTensors } from '../step/differentiate.js'
import type { FlatLayout } from '../step/flat-state.js'
import { nextState } from '../step/update.js'
import type { AutoencoderRunConfig } from './config.js'

export interface AutoencoderStepTensors extends StepScalars {
  /** N × S × S × 3 in [−1, 1]. */
  images: tf.Tensor4D
}

export type AutoencoderStepOutputs = { state: StateTensors } & Record<'loss' | 'gradientNorm', tf.Scalar>

/** Mean squared error of the images as they come out, for pixels in [0, 1]. */
function reconstructionLoss(images: tf.Tensor4D, reconstructed: tf.Tensor4D): tf.Scalar {
  // From −1 to 1 is twice as far as from 0 to 1.
  return tf.mean(tf.square(tf.div(tf.sub(reconstructed, images), 2)))
}

/** Builds the step for a network that asks for `asked`, whose state lies as `layout` says. */
export function autoencoderStepFunction(
  config: AutoencoderRunConfig,
  network: Autoencoder,
  asked: Asked,
  layout: FlatLayout,
) {
  return (state: StateTensors, inputs: AutoencoderStepTensors): AutoencoderStepOutputs => {
    const pass = differentiate(
      (ctx) => {
        const loss = reconstructionLoss(inputs.images, network(ctx, inputs.images))
        return { loss, metrics: { loss } }
      },
      { asked, layout },
      state,
      inputs,
    )
    return { ...nextState(config, layout, state, pass, inputs), ...pass.metrics }
  }
}
