/** The parameters and the cost of an autoencoder, counted on its trace. Nothing is computed. */
import type * as tf from '@tensorflow/tfjs'
import { countParameters, type ParameterSpec } from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import { collectingContext } from '../step/contexts.js'
import { multiplyAdds } from '../step/multiply-adds.js'
import type { AutoencoderModel } from './config.js'
import { autoencoderOf } from './network.js'

export interface AutoencoderCost {
  /** Trained numbers. */
  parameters: number
  /** Of convolutions, for one image. */
  multiplyAdds: number
}

/** Counts a network for square images of `imageSize` pixels. Throws a `ModelError` when the network cannot be built for them. */
export function describeAutoencoder(model: AutoencoderModel, imageSize: number): AutoencoderCost {
  const network = autoencoderOf(model)
  let taken: ParameterSpec[] = []
  const traced = trace((tracer) => {
    const { ctx, specs } = collectingContext(tracer, false)
    taken = specs.parameters
    return { images: network(ctx, tracer.input('images', [1, imageSize, imageSize, 3]) as tf.Tensor4D) }
  })
  const costs = multiplyAdds(traced, () => 'all')
  return { parameters: countParameters(taken).trainable, multiplyAdds: costs.get('all') ?? 0 }
}
