/** An autoencoder's training step: as a pure function of tensors, and compiled. */
import * as tf from '@tensorflow/tfjs'
import type { Autoencoder } from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import {
  blockFor,
  compileStepOf,
  type OpenStep,
  openStep,
  type StepNumbers,
  type StepOptions,
  type StepScalars,
} from '../step/compiled-step.js'
import { type Asked, askedContext } from '../step/contexts.js'
import { differentiate, type StateTensors } from '../step/differentiate.js'
import { type FlatLayout, layoutOf } from '../step/flat-state.js'
import { stateVectors } from '../step/state-vectors.js'
import type { ParameterSlot } from '../step/step-types.js'
import { nextState } from '../step/update.js'
import { type AutoencoderRunConfig, autoencoderOf } from './config.js'

/** What an autoencoder asks of its context when it trains on `batch` images of `size` × `size`. */
export function askedByAutoencoder(network: Autoencoder, batch: number, size: number): Asked {
  let all: Asked = { specs: [], noise: [] }
  trace((tracer) => {
    const { ctx, asked } = askedContext(tracer, true)
    all = asked
    return { images: network(ctx, tracer.input('images', [batch, size, size, 3]) as tf.Tensor4D) }
  })
  return all
}

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
        return { loss, figures: { loss } }
      },
      { asked, layout },
      state,
      inputs,
    )
    return { ...nextState(config, layout, state, pass, inputs), ...pass.figures }
  }
}

export interface AutoencoderStep extends Pick<OpenStep, 'state' | 'load' | 'close'> {
  layout: ParameterSlot[]
  /** Takes N × S × S × 3 in [−1, 1]; the buffer is taken away. Gives the loss, weight decay not included. */
  run(images: Float32Array, numbers: StepNumbers): Promise<{ loss: number; gradientNorm: number }>
}

/** Compiles the step for images of one size and starts it from the seed's initial state. */
export async function buildAutoencoderStep(
  config: AutoencoderRunConfig,
  imageSize: number,
  options: StepOptions = {},
): Promise<AutoencoderStep> {
  const shape: [number, number, number, number] = [config.batchSize, imageSize, imageSize, 3]
  const network = autoencoderOf(config.model)
  const asked = askedByAutoencoder(network, config.batchSize, imageSize)
  const layout = layoutOf(asked.specs)
  const compiled = compileStepOf(
    {
      asked,
      layout,
      vectors: stateVectors(config, layout),
      batch: (input) => ({ images: input('images', shape) as tf.Tensor4D }),
      step: autoencoderStepFunction(config, network, asked, layout),
    },
    await blockFor(options),
  )
  const { run, state, load, close } = await openStep(compiled, config.seed, options)
  return {
    layout: layout.slots,
    async run(images, numbers) {
      const { loss, gradientNorm } = await run({ images: { type: 'float32', shape, data: images } }, numbers)
      return { loss: loss.data[0], gradientNorm: gradientNorm.data[0] }
    },
    state,
    load,
    close,
  }
}
