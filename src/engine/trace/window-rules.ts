/** Rules of kernels whose windows slide over height and width: convolutions, pools, their gradients, and enlargement. */
import { backend_util } from '@tensorflow/tfjs'
import type { Attributes, Value } from './record.js'
import { type KernelAttributes, one, type Rule } from './rule.js'

/** Strides, dilations, padding [top, left, bottom, right] and output shape of a convolution or pool, NHWC. */
interface WindowInfo {
  strideHeight: number
  strideWidth: number
  dilationHeight: number
  dilationWidth: number
  padInfo: { top: number; left: number; bottom: number; right: number }
  outShape: number[]
  inShape: number[]
  filterHeight: number
  filterWidth: number
}

const windowAttributes = (info: WindowInfo): Attributes => ({
  kernel: [info.filterHeight, info.filterWidth],
  strides: [info.strideHeight, info.strideWidth],
  dilations: [info.dilationHeight, info.dilationWidth],
  pads: [info.padInfo.top, info.padInfo.left, info.padInfo.bottom, info.padInfo.right],
})

type Shape4 = [number, number, number, number]

function convolutionInfo(
  input: readonly number[],
  filter: readonly number[],
  a: KernelAttributes,
  depthwise: boolean,
) {
  if (a.dataFormat !== undefined && a.dataFormat !== 'NHWC')
    throw new Error(`a convolution in ${a.dataFormat} cannot be traced; use NHWC, TensorFlow.js's default`)
  return backend_util.computeConv2DInfo(
    [...input] as Shape4,
    [...filter] as Shape4,
    a.strides,
    a.dilations ?? 1,
    a.pad,
    a.dimRoundingMode,
    depthwise,
  )
}

function poolInfo(x: Value, a: KernelAttributes) {
  return backend_util.computePool2DInfo(
    [...x.shape] as Shape4,
    a.filterSize,
    a.strides,
    1,
    a.pad,
    a.dimRoundingMode,
  )
}

/** Rule of a convolution, ordinary or depthwise. */
export const convolution =
  (depthwise: boolean): Rule =>
  ([x, filter], a) => {
    const info = convolutionInfo(x.shape, filter.shape, a, depthwise)
    return one(info.outShape, 'float32', windowAttributes(info))
  }

/** Rule of its gradient with respect to the input. */
export const convolutionInputGradient =
  (depthwise: boolean): Rule =>
  ([, filter], a) =>
    one(a.inputShape, 'float32', windowAttributes(convolutionInfo(a.inputShape, filter.shape, a, depthwise)))

/** Rule of its gradient with respect to the filter. */
export const convolutionFilterGradient =
  (depthwise: boolean): Rule =>
  ([x], a) =>
    one(a.filterShape, 'float32', windowAttributes(convolutionInfo(x.shape, a.filterShape, a, depthwise)))

/** Rule of an average or max pool. */
export const pool: Rule = ([x], a) => {
  const info = poolInfo(x, a)
  return one(info.outShape, 'float32', windowAttributes(info))
}
/** Rule of the gradient of a pool. */
export const poolGradient: Rule = ([, x], a) => one(x.shape, 'float32', windowAttributes(poolInfo(x, a)))

/** Each pixel becomes a block of whole pixels. Networks need no other factors. */
export const enlargement: Rule = ([x], { size, alignCorners }) => {
  const [batch, height, width, channels] = x.shape
  const factors = [size[0] / height, size[1] / width]
  if (alignCorners || !factors.every(Number.isInteger))
    throw new Error(
      `tf.image.resizeNearestNeighbor from ${height}×${width} to ${size.join('×')} cannot be traced; enlarge by whole factors, without alignCorners`,
    )
  return one([batch, ...size, channels], 'float32', { factors })
}
