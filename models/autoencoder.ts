/**
 * Autoencoders of cells: an encoder of normal and reduction cells, a code, and a decoder that mirrors the encoder with
 * expansion and normal cells. The code is the only connection between them.
 */
import * as tf from '@tensorflow/tfjs'
import { type AutoencoderConfig, checkAutoencoderConfig } from './autoencoder-config.js'
import { buildCell, type FeatureMap } from './cell.js'
import type { Context } from './context.js'
import { ModelError } from './errors.js'
import { convolution, convolutionNorm } from './layers.js'
import type { BatchNormSettings } from './nasnet-config.js'
import { sharedOperations } from './operations.js'

/** From N×H×W×3 images in [−1, 1] to their reconstructions, N×H×W×3, not clipped. */
export type Autoencoder = (ctx: Context, images: tf.Tensor4D) => tf.Tensor4D

/**
 * Builds the network.
 *
 * @throws ModelError when the settings are not valid; the network itself throws one for images whose sides are not
 *   multiples of 2^stages
 */
export function autoencoder(config: AutoencoderConfig): Autoencoder {
  checkAutoencoderConfig(config)
  const { genotype, stages, cells, filters, stemFilters, codeChannels, batchNorm } = config
  return (ctx, images) => {
    checkSides(images, stages)
    const shared = sharedOperations()
    const stack = (half: Context, start: FeatureMap) => {
      const maps: FeatureMap[] = [start]
      const append = (path: string, kind: 'normal' | 'reduction' | 'expansion', width: number) => {
        const stride = { normal: 1, reduction: 2, expansion: 0.5 } as const
        const settings = { stride: stride[kind], filters: width, dropPathKeep: 1, batchNorm, shared }
        maps.push(buildCell(half.in(path), genotype[kind], maps.at(-1)!, maps.at(-2), settings))
      }
      return { append, last: () => maps.at(-1)! }
    }
    const normals = (append: ReturnType<typeof stack>['append'], stage: number) => {
      for (let cell = 0; cell < cells; cell++)
        append(`cell_${stage * cells + cell}`, 'normal', filters * 2 ** stage)
    }

    const encoderContext = ctx.in('encoder')
    const stem = convolutionNorm(ctx.in('stem'), images, { size: [3, 3], filters: stemFilters, batchNorm })
    const encoder = stack(encoderContext, { tensor: stem, stride: 1 })
    for (let stage = 0; stage < stages; stage++) {
      normals(encoder.append, stage)
      encoder.append(`reduction_${stage}`, 'reduction', filters * 2 ** (stage + 1))
    }
    const { tensor, stride } = encoder.last()
    const start = {
      tensor: throughCode(ctx, shared.relu(tensor), codeChannels, filters * 2 ** stages, batchNorm),
      stride,
    }
    const decoder = stack(ctx.in('decoder'), start)
    for (let stage = stages - 1; stage >= 0; stage--) {
      decoder.append(`expansion_${stage}`, 'expansion', filters * 2 ** stage)
      normals(decoder.append, stage)
    }
    return toPixels(ctx.in('head'), shared.relu(decoder.last().tensor))
  }
}

/** A 1×1 convolution to the code and one back to `filters` channels, each with batch norm and without an activation. */
export function throughCode(
  ctx: Context,
  x: tf.Tensor4D,
  codeChannels: number,
  filters: number,
  batchNorm: BatchNormSettings,
): tf.Tensor4D {
  const code = convolutionNorm(ctx.in('code'), x, { size: [1, 1], filters: codeChannels, batchNorm })
  return convolutionNorm(ctx.in('back'), code, { size: [1, 1], filters, batchNorm })
}

/** A 3×3 convolution to three channels, N×H×W×3; parameters `kernel` and `bias`. */
export function toPixels(ctx: Context, x: tf.Tensor4D): tf.Tensor4D {
  const bias = ctx.parameter('bias', [3], { kind: 'constant', value: 0 }, 'bias') as tf.Tensor1D
  return tf.add(convolution(ctx, x, { size: [3, 3], filters: 3 }), bias)
}

/** Throws a {@link ModelError} when the sides of the images are not multiples of 2^stages. */
export function checkSides(images: tf.Tensor4D, stages: number): void {
  const [, height, width] = images.shape
  const least = 2 ** stages
  if (height % least !== 0 || width % least !== 0)
    throw new ModelError(
      `An autoencoder of ${stages} stages takes images whose sides are multiples of ${least}, not ${height}×${width}.`,
    )
}
