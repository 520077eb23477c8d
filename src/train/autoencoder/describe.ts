/** What an autoencoder costs, counted on its trace: nothing is computed. */
import type * as tf from '@tensorflow/tfjs'
import { countParameters, type ParameterSpec } from '../../../models/index.js'
import { trace } from '../../engine/index.js'
import { askedContext } from '../step/contexts.js'
import { multiplyAdds } from '../step/multiply-adds.js'
import type { AutoencoderModel } from './config.js'
import { autoencoderOf } from './network.js'

export interface AutoencoderCost {
  /** Trained numbers. */
  parameters: number
  /** Of convolutions, for one image. */
  multiplyAdds: number
}

/** Counts a network for square images of `imageSize` pixels. Throws a `ModelError` where they make none. */
export function describeAutoencoder(model: AutoencoderModel, imageSize: number): AutoencoderCost {
  const network = autoencoderOf(model)
  let specs: ParameterSpec[] = []
  const traced = trace((tracer) => {
    const { ctx, asked } = askedContext(tracer, false)
    specs = asked.specs
    return { images: network(ctx, tracer.input('images', [1, imageSize, imageSize, 3]) as tf.Tensor4D) }
  })
  const costs = multiplyAdds(traced, () => 'all')
  return { parameters: countParameters(specs).trainable, multiplyAdds: costs.get('all') ?? 0 }
}
