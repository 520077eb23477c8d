/** Feature pyramid network (Lin et al. 2017, section 3). */
import * as tf from '@tensorflow/tfjs'
import type { FeatureMap } from './cell.js'
import type { Context } from './context.js'
import { biasedConvolution, convolutionNorm, everyOtherPixel } from './layers.js'
import type { BatchNormSettings } from './nasnet-config.js'
import { enlarge } from './pooling.js'

export interface FeaturePyramidSettings {
  /** Of every level. */
  channels: number
  /** Batch norm behind every convolution; by default none, and the convolutions have a bias. */
  batchNorm?: BatchNormSettings
}

/**
 * The levels of a pyramid over `maps`, the finest first, each of twice the stride of the one before: a 1×1 convolution of
 * each, to which the coarser level is added, enlarged to nearest neighbours; a 3×3 convolution of each sum; and behind the
 * coarsest level one more, its every other pixel (torchvision's `LastLevelMaxPool`). Parameters lie below
 * `lateral_STRIDE` and `output_STRIDE`.
 */
export function featurePyramid(
  ctx: Context,
  maps: readonly FeatureMap[],
  { channels: filters, batchNorm }: FeaturePyramidSettings,
): FeatureMap[] {
  const layer = (ctx: Context, x: tf.Tensor4D, size: number): tf.Tensor4D =>
    batchNorm
      ? convolutionNorm(ctx, x, { size: [size, size], filters, batchNorm })
      : biasedConvolution(ctx, x, { size, filters })
  const levels: FeatureMap[] = []
  let coarser: tf.Tensor4D | undefined
  for (const { tensor, stride } of [...maps].reverse()) {
    const lateral = layer(ctx.in(`lateral_${stride}`), tensor, 1)
    coarser = coarser === undefined ? lateral : tf.add(lateral, enlargedTo(coarser, lateral))
    levels.unshift({ tensor: layer(ctx.in(`output_${stride}`), coarser, 3), stride })
  }
  const coarsest = levels[levels.length - 1]
  return [...levels, { tensor: everyOtherPixel(coarsest.tensor), stride: 2 * coarsest.stride }]
}

/**
 * `x` enlarged to the height and width of `finer`, which are twice its own or one less. Nearest neighbours of 2n − 1 out of
 * n are the same as those of 2n without the last.
 */
function enlargedTo(x: tf.Tensor4D, finer: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = finer.shape
  const double = enlarge(x, 2)
  return height === double.shape[1] && width === double.shape[2]
    ? double
    : tf.slice(double, [0, 0, 0, 0], [-1, height, width, -1])
}
