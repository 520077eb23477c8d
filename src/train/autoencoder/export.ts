/** The trained autoencoder as a graph in a worker thread. */
import * as tf from '@tensorflow/tfjs'
import { imageGraph, openImageGraph } from '../step/image-graph.js'
import type { StateVectors } from '../step/step-types.js'
import type { AutoencoderModel } from './config.js'
import { autoencoderOf } from './network.js'
import { autoencoderSpecs } from './step.js'

/** A trained autoencoder that can be run. */
export interface Reconstructor {
  /** uint8 images, count × S × S × 3 → their reconstructions, float32, clipped to [0, 1]. */
  run(images: Uint8Array, count: number): Promise<Float32Array>
  close(): Promise<void>
}

/**
 * Opens a network for images of `imageSize` pixels a side in a worker thread. `state`: the vectors `parameters` and
 * `statistics`. `threads`: by default all cores.
 */
export async function openReconstructor(
  described: AutoencoderModel,
  state: StateVectors,
  imageSize: number,
  { threads }: { threads?: number } = {},
): Promise<Reconstructor> {
  const network = autoencoderOf(described)
  const specs = autoencoderSpecs(network, 1, imageSize)
  const model = imageGraph({ specs, state, imageSize }, (ctx, images) => ({
    reconstructed: tf.clipByValue(tf.div(tf.add(network(ctx, images), 1), 2), 0, 1),
  }))
  return openImageGraph(model, { imageSize, output: 'reconstructed', threads })
}
