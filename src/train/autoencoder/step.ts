/** An autoencoder's training step, compiled and run in a worker thread. */
import type * as tf from '@tensorflow/tfjs'
import type { Autoencoder } from '../../../models/index.js'
import { blockFor, compileStepOf, openStep, type StepOptions } from '../step/compiled-step.js'
import { collectParameterSpecs, type ParameterSpecs } from '../step/contexts.js'
import { layoutOf } from '../step/flat-state.js'
import { stateVectors } from '../step/state-vectors.js'
import type { ParameterSlot, StepNumbers, StepState } from '../step/step-types.js'
import type { AutoencoderRunConfig } from './config.js'
import { autoencoderOf } from './network.js'
import { autoencoderStepFunction } from './step-function.js'

/** The parameters of an autoencoder that trains on `batch` images of `size` × `size` pixels. */
export function autoencoderSpecs(network: Autoencoder, batch: number, size: number): ParameterSpecs {
  return collectParameterSpecs((ctx, input) => ({
    images: network(ctx, input('images', [batch, size, size, 3]) as tf.Tensor4D),
  }))
}

/** A compiled training step together with its state. */
export interface AutoencoderStep extends StepState {
  layout: ParameterSlot[]
  /** `images`: N × S × S × 3 in [−1, 1]; the buffer is transferred. The loss is without weight decay. */
  run(images: Float32Array, numbers: StepNumbers): Promise<{ loss: number; gradientNorm: number }>
}

/** Compiles the step for images of one size, and opens it with the initial state of the config's seed. */
export async function buildAutoencoderStep(
  config: AutoencoderRunConfig,
  imageSize: number,
  options: StepOptions = {},
): Promise<AutoencoderStep> {
  const shape: [number, number, number, number] = [config.batchSize, imageSize, imageSize, 3]
  const network = autoencoderOf(config.model)
  const specs = autoencoderSpecs(network, config.batchSize, imageSize)
  const layout = layoutOf(specs.parameters)
  const compiled = compileStepOf(
    {
      specs,
      layout,
      vectors: stateVectors(config, layout),
      batch: (input) => ({ images: input('images', shape) as tf.Tensor4D }),
      step: autoencoderStepFunction(config, network, specs, layout),
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
