/** A trained autoencoder at work, and how much of the images comes through it. */
import * as tf from '@tensorflow/tfjs'
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { imageGraph, openImageGraph } from '../step/image-graph.js'
import type { StateVectors } from '../step/step-types.js'
import { type AutoencoderModel, autoencoderOf } from './config.js'
import { askedByAutoencoder } from './step.js'

export interface Reconstructor {
  /** uint8 images, count × S × S × 3 → the same with pixels in [0, 1]; what lies outside is cut off. */
  run(images: Uint8Array, count: number): Promise<Float32Array>
  close(): Promise<void>
}

export interface Reconstruction {
  images: number
  /** Mean squared error, for pixels in [0, 1]. */
  error: number
  /**
   * 1 − error / variance of the images' pixels about the mean colour; 0 where the error is larger. The mean colour
   * alone, as every image's reconstruction, has 0, and the images themselves have 1.
   */
  varianceExplained: number
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

/** Runs the network over a set in batches. Returns null when `signal` is aborted meanwhile. */
export async function measureReconstruction(
  network: Reconstructor,
  set: ImageSet,
  { batchSize, signal }: { batchSize: number; signal?: AbortSignal },
): Promise<Reconstruction | null> {
  const bytes = set.height * set.width * 3
  let sum = 0
  for (let first = 0; first < set.count; first += batchSize) {
    if (signal?.aborted) return null
    const count = Math.min(batchSize, set.count - first)
    const images = set.pixels.subarray(first * bytes, (first + count) * bytes)
    // A copy, since the buffer is taken away.
    const reconstructed = await network.run(images.slice(), count)
    for (const [i, byte] of images.entries()) sum += (reconstructed[i] - byte / 255) ** 2
  }
  const error = sum / (set.count * bytes)
  const variance = pixelVariance(set)
  const unexplained = error === 0 ? 0 : error / variance
  return { images: set.count, error, varianceExplained: Math.max(0, 1 - unexplained) }
}

/** Variance of all pixels about the mean of their channel, for pixels in [0, 1]. */
export function pixelVariance({ pixels }: Pick<ImageSet, 'pixels'>): number {
  const sums = [0, 0, 0]
  for (const [i, byte] of pixels.entries()) sums[i % 3] += byte / 255
  const means = sums.map((sum) => sum / (pixels.length / 3))
  let squares = 0
  for (const [i, byte] of pixels.entries()) squares += (byte / 255 - means[i % 3]) ** 2
  return squares / pixels.length
}

/** Peak signal-to-noise ratio of a mean squared error for pixels in [0, 1], in dB. */
export const psnr = (error: number): number => -10 * Math.log10(error)
