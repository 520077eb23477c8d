/** An autoencoder's training step, compiled and run in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import type { Autoencoder } from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import {
  blockFor,
  compileStepOf,
  type OpenStep,
  openStep,
  type StepNumbers,
  type StepOptions,
} from '../step/compiled-step.js'
import { type Asked, askedContext } from '../step/contexts.js'
import { layoutOf } from '../step/flat-state.js'
import { stateVectors } from '../step/state-vectors.js'
import type { ParameterSlot } from '../step/step-types.js'
import type { AutoencoderRunConfig } from './config.js'
import { autoencoderOf } from './network.js'
import { autoencoderStepFunction } from './step-function.js'

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
