/**
 * The baseline for autoencoders of cells: 3×3 convolutions only, and a code of the same size. The encoder has stride 2,
 * the decoder nearest-neighbour enlargement and a convolution (Odena et al. 2016), each with batch norm and ReLU.
 */

import * as tf from '@tensorflow/tfjs'
import { type Autoencoder, checkSides, throughCode, toPixels } from './autoencoder.js'
import { checkPlainConfig, type PlainAutoencoderConfig } from './autoencoder-config.js'
import { ModelError } from './errors.js'
import { convolutionNorm } from './layers.js'
import { enlarge } from './pooling.js'

/** Builds the network. Throws as `autoencoder`. */
export function plainAutoencoder(config: PlainAutoencoderConfig): Autoencoder {
  checkPlainConfig(config)
  const { stages, codeChannels, width, batchNorm } = config
  return (ctx, images) => {
    checkSides(images, stages)
    const convolved = (path: string, x: tf.Tensor4D, filters: number, stride: number) =>
      tf.relu(
        convolutionNorm(ctx.in(path), x, { size: [3, 3], filters, strides: [stride, stride], batchNorm }),
      )
    let x = images
    for (let stage = 0; stage < stages; stage++) x = convolved(`down_${stage}`, x, width * 2 ** stage, 2)
    x = tf.relu(throughCode(ctx, x, codeChannels, x.shape[3], batchNorm))
    for (let stage = stages - 1; stage >= 0; stage--)
      x = convolved(`up_${stage}`, enlarge(x, 2), width * 2 ** Math.max(0, stage - 1), 1)
    return toPixels(ctx.in('head'), x)
  }
}

/** Number of trained parameters of a plain autoencoder. */
export function plainParameters({
  stages,
  codeChannels,
  width,
}: Pick<PlainAutoencoderConfig, 'stages' | 'codeChannels' | 'width'>): number {
  const normed = (taps: number, from: number, to: number) => taps * from * to + 2 * to
  const deepest = width * 2 ** (stages - 1)
  let count = normed(9, 3, width) + normed(9, width, width) + 9 * width * 3 + 3
  // Each further convolution of the encoder has a counterpart in the decoder, between the same widths.
  for (let wide = 2 * width; wide <= deepest; wide *= 2)
    count += normed(9, wide / 2, wide) + normed(9, wide, wide / 2)
  return count + normed(1, deepest, codeChannels) + normed(1, codeChannels, deepest)
}

/**
 * The width, at least 1, with which a plain autoencoder is closest to so many trained parameters; of two equally close
 * ones the smaller. Throws a {@link ModelError} when `parameters` is not above 0.
 */
export function plainWidthFor(
  parameters: number,
  sizes: Pick<PlainAutoencoderConfig, 'stages' | 'codeChannels'>,
): number {
  if (!(parameters > 0 && Number.isFinite(parameters)))
    throw new ModelError(`A network cannot have ${parameters} parameters; give a number above 0.`)
  const count = (width: number) => plainParameters({ ...sizes, width })
  let width = 1
  while (count(width + 1) <= parameters) width++
  return count(width + 1) - parameters < parameters - count(width) ? width + 1 : width
}
