/**
 * The 13 operations of the search space in one table: the name on the left, the function that builds it on the right.
 *
 * Every convolution is ReLU → convolution → batch norm. A separable convolution is applied twice; the
 * first one has the stride. An identity that must change stride or channels becomes a strided 1×1
 * convolution; a pool that must change channels is followed by a 1×1 convolution without ReLU.
 */
import * as tf from '@tensorflow/tfjs'
import type { Context } from './context.js'
import type { OperationName } from './genotype.js'
import { convolutionNorm, separableNorm } from './layers.js'
import type { BatchNormSettings, StridedPools } from './nasnet-config.js'
import { averagePool, maxPool } from './pooling.js'

/** The context and the settings of an operation. */
export interface Site {
  ctx: Context
  /** Channels of the output. */
  filters: number
  stride: number
  batchNorm: BatchNormSettings
  shared: Shared
}

/** Operations without weights. They are computed once for each tensor, even when several paths use them. */
export interface Shared {
  relu(x: tf.Tensor4D): tf.Tensor4D
  averagePool(x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D
  maxPool(x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D
}

/** Creates the cache of these operations for one run of a network. `pools`: what its pools with a stride do. */
export function sharedOperations(pools?: StridedPools): Shared {
  const once = <A extends number[]>(compute: (x: tf.Tensor4D, ...rest: A) => tf.Tensor4D) => {
    const memory = new Map<string, tf.Tensor4D>()
    return (x: tf.Tensor4D, ...rest: A) => {
      const key = [x.id, ...rest].join()
      const known = memory.get(key) ?? compute(x, ...rest)
      memory.set(key, known)
      return known
    }
  }
  return {
    relu: once((x) => tf.relu(x)),
    averagePool: once((x, size: number, stride: number) => averagePool(x, size, stride, pools)),
    maxPool: once((x, size: number, stride: number) => maxPool(x, size, stride, pools)),
  }
}

/** An operation of a cell, on N×H×W×C features. */
export type Operation = (x: tf.Tensor4D, site: Site) => tf.Tensor4D

/** Each operation takes N×H×W×C and returns N × ⌈H/stride⌉ × ⌈W/stride⌉ × filters. */
export const OPERATIONS: Record<OperationName, Operation> = {
  identity,
  conv_1x3_3x1: factorizedConvolution(3),
  conv_1x7_7x1: factorizedConvolution(7),
  dilated_conv_3x3: squareConvolution(3, 2),
  avg_pool_3x3: pool('averagePool', 3),
  max_pool_3x3: pool('maxPool', 3),
  max_pool_5x5: pool('maxPool', 5),
  max_pool_7x7: pool('maxPool', 7),
  conv_1x1: squareConvolution(1),
  conv_3x3: squareConvolution(3),
  sep_conv_3x3: separableConvolution(3),
  sep_conv_5x5: separableConvolution(5),
  sep_conv_7x7: separableConvolution(7),
}

function identity(x: tf.Tensor4D, site: Site): tf.Tensor4D {
  return site.stride === 1 && x.shape[3] === site.filters ? x : squareConvolution(1)(x, site)
}

function squareConvolution(size: number, dilation = 1): Operation {
  return (x, { ctx, filters, stride, batchNorm, shared }) =>
    convolutionNorm(ctx.in('convolution'), shared.relu(x), {
      size: [size, size],
      filters,
      strides: [stride, stride],
      dilation,
      batchNorm,
    })
}

/** 1×k, then k×1. Each has its stride along the axis of its kernel, so that every pixel is used. */
function factorizedConvolution(size: number): Operation {
  return (x, { ctx, filters, stride, batchNorm, shared }) => {
    const row = convolutionNorm(ctx.in(`convolution_1x${size}`), shared.relu(x), {
      size: [1, size],
      filters,
      strides: [1, stride],
      batchNorm,
    })
    return convolutionNorm(ctx.in(`convolution_${size}x1`), tf.relu(row), {
      size: [size, 1],
      filters,
      strides: [stride, 1],
      batchNorm,
    })
  }
}

function separableConvolution(size: number): Operation {
  return (x, { ctx, filters, stride, batchNorm, shared }) => {
    const first = separableNorm(ctx.in('separable_1'), shared.relu(x), { size, filters, stride, batchNorm })
    return separableNorm(ctx.in('separable_2'), tf.relu(first), { size, filters, stride: 1, batchNorm })
  }
}

function pool(kind: 'averagePool' | 'maxPool', size: number): Operation {
  return (x, { ctx, filters, stride, batchNorm, shared }) => {
    const pooled = shared[kind](x, size, stride)
    if (x.shape[3] === filters) return pooled
    return convolutionNorm(ctx.in('convolution'), pooled, { size: [1, 1], filters, batchNorm })
  }
}
