/**
 * Lowers convolutions and their gradients. Each has a blocked form, for widths that are multiples of the block, and a
 * plain NCHW form. Both use ONNX Runtime's kernels with filters as ordinary inputs.
 */
import type { Value } from '../trace/record.js'
import { type Emitter, MICROSOFT } from './emitter.js'
import { denseBlocked, denseNchw, depthwiseBlocked, depthwiseNchw } from './filters.js'
import { sumOfRows } from './sum-of-rows.js'
import type { Lowering } from './table.js'
import {
  channelsFirst,
  channelsLast,
  conv,
  isPointwise,
  mirrored,
  type Plane,
  padOrCrop,
  plane,
  subsample,
  type Window,
  windowOf,
} from './window.js'

/** Up to this number of pixels, one product over all images is faster than one per image (measured). */
const SMALL_MAP = 64

const divides = (e: Emitter, ...channels: number[]) => e.block > 0 && channels.every((c) => c % e.block === 0)

const dense: Lowering = (e, { inputs: [x, filter], outputs: [y], attributes }) => {
  const [, , i, o] = filter.shape
  const window = windowOf(attributes)
  if (divides(e, o) && (i < e.block || divides(e, i))) {
    // ONNX Runtime takes an NCHW input of few channels and writes blocked output.
    const input = e.as(x, i < e.block ? 'nchw' : 'blocked')
    e.put(y, 'blocked', conv(e, [input, denseBlocked(e, filter, false)], window, 1, 'blocked'))
  } else e.put(y, 'nchw', conv(e, [e.as(x, 'nchw'), denseNchw(e, filter, false)], window, 1, 'nchw'))
}

const depthwise: Lowering = (e, { inputs: [x, filter], outputs: [y], attributes }) => {
  const [, , channels, multiplier] = filter.shape
  const layout = divides(e, channels) && multiplier === 1 ? 'blocked' : 'nchw'
  const weights = layout === 'blocked' ? depthwiseBlocked(e, filter, false) : depthwiseNchw(e, filter, false)
  e.put(y, layout, conv(e, [e.as(x, layout), weights], windowOf(attributes), channels, layout))
}

const denseInputGradient: Lowering = (e, { inputs: [dy, filter], outputs: [dx], attributes }) => {
  const layout = divides(e, filter.shape[2], filter.shape[3]) ? 'blocked' : 'nchw'
  const { source, window } = mirrored(e, plane(e, dy, layout), windowOf(attributes), dx, dy)
  const weights = layout === 'blocked' ? denseBlocked(e, filter, true) : denseNchw(e, filter, true)
  e.put(dx, layout, conv(e, [source.name, weights], window, 1, layout))
}

const depthwiseInputGradient: Lowering = (e, { inputs: [dy, filter], outputs: [dx], attributes }) => {
  oneMultiplier(filter.shape)
  const channels = filter.shape[2]
  const layout = divides(e, channels) ? 'blocked' : 'nchw'
  const { source, window } = mirrored(e, plane(e, dy, layout), windowOf(attributes), dx, dy)
  const weights = layout === 'blocked' ? depthwiseBlocked(e, filter, true) : depthwiseNchw(e, filter, true)
  e.put(dx, layout, conv(e, [source.name, weights], window, channels, layout))
}

function oneMultiplier(filterShape: readonly number[]): void {
  if (filterShape[3] !== 1)
    throw new Error(
      `a depthwise convolution with channel multiplier ${filterShape[3]} has no traced gradient; use 1`,
    )
}

/**
 * Σ over images and pixels of x·dyᵀ, as I × O. Large maps: one product per image, then the sum over images as another
 * product, because ONNX Runtime's reductions are slower. Small maps: a single product over all pixels of all images,
 * which needs the channels last.
 */
function pointwiseFilterGradient(e: Emitter, x: Plane, dy: Plane, of: Value): string {
  const [i, o, pixels] = [x.channels, dy.channels, x.height * x.width]
  if (pixels <= SMALL_MAP) {
    const left = e.reshape(channelsLast(e, x), [x.batch * pixels, i], of)
    const right = e.reshape(channelsLast(e, dy), [x.batch * pixels, o], of)
    return e.reshape(e.node('Gemm', [left, right], { transA: 1 }), [1, 1, i, o], of)
  }
  const left = e.reshape(channelsFirst(e, x), [x.batch, i, pixels], of)
  const right = e.reshape(channelsFirst(e, dy), [x.batch, o, pixels], of)
  const products = e.node('FusedMatMul', [left, right], { transB: 1 }, MICROSOFT)
  const byImage = e.reshape(products, [x.batch, i * o], of)
  return e.reshape(sumOfRows(e, byImage, x.batch), [1, 1, i, o], of)
}

const denseFilterGradient: Lowering = (e, { inputs: [x, dy], outputs: [dw], attributes }) => {
  const window = windowOf(attributes)
  const [, height, width, o] = dy.shape
  const [kh, kw, i] = dw.shape
  if (isPointwise(window)) {
    const layout = divides(e, i, o) ? 'blocked' : 'nchw'
    const source = subsample(e, plane(e, x, layout), [0, 0], window.strides, height, width, x)
    e.put(dw, 'plain', pointwiseFilterGradient(e, source, plane(e, dy, layout), x))
    return
  }
  // One matrix product for all taps: the parts of x under each tap are stacked along the channels.
  const padded = padOrCrop(e, plane(e, x, 'nchw'), window.pads, x)
  const seen: string[] = []
  for (let row = 0; row < kh; row++)
    for (let column = 0; column < kw; column++) {
      const from = [row * window.dilations[0], column * window.dilations[1]]
      seen.push(subsample(e, padded, from, window.strides, height, width, x).name)
    }
  const stacked = {
    ...padded,
    name: e.node('Concat', seen, { axis: 1 }),
    channels: kh * kw * i,
    height,
    width,
  }
  const gradient = pointwiseFilterGradient(e, stacked, plane(e, dy, 'nchw'), x)
  e.put(dw, 'plain', e.reshape(gradient, [kh, kw, i, o], x))
}

/**
 * The depthwise filter gradient is a depthwise convolution itself: of one image with N·C channels, with the gradient of
 * the output as filters. Stride and dilation are exchanged. Blocked buffers have the right layout for both operands
 * already, so that no data is moved.
 */
const depthwiseFilterGradient: Lowering = (e, { inputs: [x, dy], outputs: [dw], attributes }) => {
  oneMultiplier(dw.shape)
  const [kh, kw, channels] = dw.shape
  const [batch, height, width] = dy.shape
  const { strides, dilations, pads } = windowOf(attributes)
  const layout = divides(e, channels) ? 'blocked' : 'nchw'
  const needs = (axis: 0 | 1, taps: number, out: number) =>
    (taps - 1) * dilations[axis] + (out - 1) * strides[axis] + 1 - x.shape[1 + axis] - pads[axis]
  const end = [needs(0, kh, height), needs(1, kw, width)]
  const source = padOrCrop(e, plane(e, x, layout), [0, 0, Math.min(end[0], 0), Math.min(end[1], 0)], x)
  const all = batch * channels
  const images = e.reshape(source.name, [1, all, source.height, source.width], x)
  const filters = e.reshape(e.as(dy, layout), [all, 1, height, width], x)
  const window: Window = {
    kernel: [height, width],
    strides: dilations,
    dilations: strides,
    pads: [pads[0], pads[1], Math.max(end[0], 0), Math.max(end[1], 0)],
  }
  const each = conv(e, [images, filters], window, all, layout)
  const b = layout === 'blocked' ? e.block : 1
  const byImage = e.reshape(each, [batch, channels * kh * kw], x)
  const summed = e.reshape(sumOfRows(e, byImage, batch), [channels / b, kh * kw, b], x)
  e.put(dw, 'plain', e.reshape(e.transpose(summed, [1, 0, 2]), [kh, kw, channels, 1], x))
}

export const CONVOLUTION: Record<string, Lowering> = {
  Conv2D: dense,
  Conv2DBackpropInput: denseInputGradient,
  Conv2DBackpropFilter: denseFilterGradient,
  DepthwiseConv2dNative: depthwise,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
}
