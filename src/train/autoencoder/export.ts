/** The trained autoencoder as a graph in a worker thread. */
import * as tf from '@tensorflow/tfjs'
import { imageGraph, openImageGraph } from '../step/image-graph.js'
import type { StateVectors } from '../step/step-types.js'
import type { AutoencoderModel } from './config.js'
import { autoencoderOf } from './network.js'
import { askedByAutoencoder } from './step.js'

export interface Reconstructor {
  /** uint8 images, count × S × S × 3 → the same with pixels in [0, 1]; what lies outside is cut off. */
  run(images: Uint8Array, count: number): Promise<Float32Array>
  close(): Promise<void>
}

/** Opens a network with these weights in a worker thread. `threads`: by default all cores. */
export async function openReconstructor(
  described: AutoencoderModel,
  state: StateVectors,
  imageSize: number,
  { threads }: { threads?: number } = {},
): Promise<Reconstructor> {
  const network = autoencoderOf(described)
  const asked = askedByAutoencoder(network, 1, imageSize)
  const model = imageGraph({ asked, state, imageSize }, (ctx, images) => ({
    reconstructed: tf.clipByValue(tf.div(tf.add(network(ctx, images), 1), 2), 0, 1),
  }))
  return openImageGraph(model, { imageSize, output: 'reconstructed', threads })
}
