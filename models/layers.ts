/**
 * Layers: convolutions with or without batch norm, dense layers, dropout. Tensors are N×H×W×C, kernels height × width ×
 * in × out, padding is TensorFlow's `SAME` unless stated. The parameters of a layer lie directly below its context.
 */
import * as tf from '@tensorflow/tfjs'
import { batchNorm } from './batch-norm.js'
import type { Context } from './context.js'
import { dilatedConvolution } from './dilated-convolution.js'
import type { BatchNormSettings } from './nasnet-config.js'

export interface ConvolutionSettings {
  /** [height, width] of the kernel. */
  size: [number, number]
  filters: number
  /** [along height, along width]. Default: [1, 1]. */
  strides?: [number, number]
  padding?: 'same' | 'valid'
  /** Pixels between the kernel's taps. Default: 1. */
  dilation?: number
}

/** Convolution without bias; parameter `kernel`. */
export function convolution(ctx: Context, x: tf.Tensor4D, settings: ConvolutionSettings): tf.Tensor4D {
  const { size, filters, strides = [1, 1], padding = 'same', dilation = 1 } = settings
  const channels = x.shape[3]
  const kernel = heNormal(ctx, 'kernel', [...size, channels, filters], size[0] * size[1] * channels)
  return dilation === 1
    ? tf.conv2d(x, kernel, strides, padding)
    : dilatedConvolution(x, kernel, strides[0], dilation)
}

/**
 * Square convolution with bias; parameters `kernel` and `bias`. `initialVariance`: of the outputs, where the inputs' mean
 * square is 1. Default: 1.
 */
export function biasedConvolution(
  ctx: Context,
  x: tf.Tensor4D,
  { size, filters, initialVariance: scale = 1 }: { size: number; filters: number; initialVariance?: number },
): tf.Tensor4D {
  const channels = x.shape[3]
  const kernel = ctx.parameter(
    'kernel',
    [size, size, channels, filters],
    { kind: 'varianceScaling', scale, fanIn: size * size * channels },
    'weight',
  ) as tf.Tensor4D
  const bias = ctx.parameter('bias', [filters], { kind: 'constant', value: 0 }, 'bias')
  return tf.add(tf.conv2d(x, kernel, 1, 'same'), bias)
}

/** Convolution, then batch norm; parameters `kernel` and `batch_norm/…`. */
export function convolutionNorm(
  ctx: Context,
  x: tf.Tensor4D,
  settings: ConvolutionSettings & { batchNorm: BatchNormSettings },
): tf.Tensor4D {
  return batchNorm(ctx.in('batch_norm'), convolution(ctx, x, settings), settings.batchNorm)
}

/**
 * Depthwise-separable convolution, then batch norm. There is nothing between its depthwise and its pointwise part. Parameters `depthwise` (k×k×in×1), `pointwise` (1×1×in×out) and `batch_norm/…`.
 */
export function separableNorm(
  ctx: Context,
  x: tf.Tensor4D,
  settings: { size: number; filters: number; stride: number; batchNorm: BatchNormSettings },
): tf.Tensor4D {
  const { size, filters, stride } = settings
  const channels = x.shape[3]
  const depthwise = heNormal(ctx, 'depthwise', [size, size, channels, 1], size * size)
  const pointwise = heNormal(ctx, 'pointwise', [1, 1, channels, filters], channels)
  const spatial = tf.depthwiseConv2d(x, depthwise, stride, 'same')
  return batchNorm(ctx.in('batch_norm'), tf.conv2d(spatial, pointwise, 1, 'same'), settings.batchNorm)
}

/**
 * Halves height and width (rounding up) without losing every other pixel: two 1×1 convolutions, the second
 * on the pixels that the first skips (the input shifted by one right and down, zero beyond the edge), side
 * by side, then batch norm. The first takes the larger half of an odd number of filters.
 */
export function factorizedReduction(
  ctx: Context,
  x: tf.Tensor4D,
  settings: { filters: number; batchNorm: BatchNormSettings },
): tf.Tensor4D {
  const second = Math.floor(settings.filters / 2)
  const path = (name: string, pixels: tf.Tensor4D, filters: number) =>
    convolution(ctx.in(name), pixels, { size: [1, 1], filters })
  const halves = [path('path_1', everyOtherPixel(x), settings.filters - second)]
  if (second > 0) halves.push(path('path_2', everyOtherPixel(shiftByOne(x)), second))
  return batchNorm(ctx.in('batch_norm'), tf.concat(halves, 3), settings.batchNorm)
}

/**
 * Fully connected layer on N×C; parameters `kernel` (in×out) and `bias`. `initialVariance`: of the outputs, where the inputs'
 * mean square is 1. Default: 1.
 */
export function dense(
  ctx: Context,
  x: tf.Tensor2D,
  units: number,
  { initialVariance: scale = 1 }: { initialVariance?: number } = {},
): tf.Tensor2D {
  const features = x.shape[1]
  const kernel = ctx.parameter(
    'kernel',
    [features, units],
    { kind: 'varianceScaling', scale, fanIn: features },
    'weight',
  ) as tf.Tensor2D
  const bias = ctx.parameter('bias', [units], { kind: 'constant', value: 0 }, 'bias')
  return tf.add(tf.matMul(x, kernel), bias)
}

/** In training, sets each number to 0 with probability `rate` in [0, 1), and divides the others by 1 − rate. */
export function dropout<T extends tf.Tensor>(ctx: Context, x: T, rate: number): T {
  if (!ctx.training || rate === 0) return x
  const keep = 1 - rate
  return tf.mul(x, tf.div(tf.floor(tf.add(ctx.uniform('dropout', x.shape), keep)), keep))
}

/** The kernel of a convolution after a ReLU, initialised as in He et al. 2015. */
function heNormal(ctx: Context, path: string, shape: number[], fanIn: number): tf.Tensor4D {
  return ctx.parameter(path, shape, { kind: 'varianceScaling', scale: 2, fanIn }, 'weight') as tf.Tensor4D
}

/** The pixels of even rows and columns; half as many, rounded up. */
export function everyOtherPixel(x: tf.Tensor4D): tf.Tensor4D {
  return tf.avgPool(x, 1, 2, 'valid')
}

/** Shifts the image by one pixel up and left, and adds a row or column of zeros only where it is sampled. */
function shiftByOne(x: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = x.shape
  const odd = height % 2 === 1 || width % 2 === 1
  const padded = odd
    ? tf.pad(x, [
        [0, 0],
        [0, height % 2],
        [0, width % 2],
        [0, 0],
      ])
    : x
  return tf.slice(padded, [0, 1, 1, 0], [-1, -1, -1, -1])
}
