/**
 * Lowers convolutions and their gradients. Each has a blocked form and, for widths of a few channels, a plain NCHW form. Both use ONNX Runtime's kernels with filters as ordinary inputs.
 */
import type { Value } from '../trace/record.js'
import { type Blocks, channelsIn, onlyLastIsPartial } from './blocks.js'
import { type Emitter, MICROSOFT } from './emitter.js'
import { denseBlocked, denseNchw, depthwiseBlocked, depthwiseNchw } from './filters.js'
import { sumOfRows } from './sum-of-rows.js'
import type { Lowering } from './table.js'
import {
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

const dense: Lowering = (e, { inputs: [x, filter], outputs: [y], attributes }) => {
  const channels = x.shape[3]
  const window = windowOf(attributes)
  // ONNX Runtime takes an NCHW input of few channels and writes blocked output.
  const isThin = channels < e.block && !e.has(x, 'blocked')
  if (e.blockable(y) && (isThin || e.blockable(x))) {
    const input = e.as(x, isThin ? 'nchw' : 'blocked')
    const weights = denseBlocked(e, filter, isThin ? undefined : e.blocks(x), e.blocks(y), false)
    e.put(y, 'blocked', conv(e, [input, weights], window, 1, 'blocked'))
  } else e.put(y, 'nchw', conv(e, [e.as(x, 'nchw'), denseNchw(e, filter, false)], window, 1, 'nchw'))
}

/** Depthwise filters in the layout of the plane that they are for; `flip`: rotated by 180°. */
const depthwiseFilters = (e: Emitter, filter: Value, { blocks }: Plane, flip: boolean): string =>
  blocks ? depthwiseBlocked(e, filter, blocks, flip) : depthwiseNchw(e, filter, flip)

const depthwise: Lowering = (e, { inputs: [x, filter], outputs: [y], attributes }) => {
  const layout = filter.shape[3] === 1 ? e.fastest(x, y) : 'nchw'
  const source = plane(e, x, layout)
  const weights = depthwiseFilters(e, filter, source, false)
  e.put(y, layout, conv(e, [source.name, weights], windowOf(attributes), source.channels, layout))
}

const denseInputGradient: Lowering = (e, { inputs: [dy, filter], outputs: [dx], attributes }) => {
  const layout = e.fastest(dx, dy)
  const { source, window } = mirrored(e, plane(e, dy, layout), windowOf(attributes), dx, dy)
  const weights =
    layout === 'blocked'
      ? denseBlocked(e, filter, e.blocks(dx), e.blocks(dy), true)
      : denseNchw(e, filter, true)
  e.put(dx, layout, conv(e, [source.name, weights], window, 1, layout))
}

const depthwiseInputGradient: Lowering = (e, { inputs: [dy, filter], outputs: [dx], attributes }) => {
  oneMultiplier(filter.shape)
  const layout = e.fastest(dx, dy)
  const { source, window } = mirrored(e, plane(e, dy, layout), windowOf(attributes), dx, dy)
  const weights = depthwiseFilters(e, filter, source, true)
  e.put(dx, layout, conv(e, [source.name, weights], window, source.channels, layout))
}

function oneMultiplier(filterShape: readonly number[]): void {
  if (filterShape[3] !== 1)
    throw new Error(
      `a depthwise convolution with channel multiplier ${filterShape[3]} has no traced gradient; use 1`,
    )
}

/** A plane for a matrix product. Free places between channels stay in it: moving its product is cheaper. */
function operand(
  e: Emitter,
  p: Plane,
  layout: 'nchw' | 'plain',
): { name: string; rows: number; blocks?: Blocks } {
  const { blocks } = p
  if (!blocks)
    return { name: layout === 'nchw' ? p.name : e.transpose(p.name, [0, 2, 3, 1]), rows: p.channels }
  if (onlyLastIsPartial(blocks, e.block))
    return { name: e.reorderOutput(p.name, layout, blocks), rows: channelsIn(blocks) }
  const full = blocks.map(() => e.block)
  return { name: e.reorderOutput(p.name, layout, full), rows: p.channels, blocks }
}

/**
 * Σ over images and pixels of x·dyᵀ, as I × O. Large maps: one product per image, then the sum over images as another
 * product, because ONNX Runtime's reductions are slower. Small maps: a single product over all pixels of all images,
 * which needs the channels last.
 */
function pointwiseFilterGradient(e: Emitter, x: Plane, dy: Plane, of: Value): string {
  const pixels = x.height * x.width
  const isSmall = pixels <= SMALL_MAP
  const [left, right] = [x, dy].map((p) => operand(e, p, isSmall ? 'plain' : 'nchw'))
  const matrix = ({ name, rows }: typeof left) =>
    e.reshape(name, isSmall ? [x.batch * pixels, rows] : [x.batch, rows, pixels], of)
  let product: string
  if (isSmall) product = e.node('Gemm', [matrix(left), matrix(right)], { transA: 1 })
  else {
    const products = e.node('FusedMatMul', [matrix(left), matrix(right)], { transB: 1 }, MICROSOFT)
    product = sumOfRows(e, e.reshape(products, [x.batch, left.rows * right.rows], of), x.batch)
  }
  let gradient = e.reshape(product, [left.rows, right.rows], of)
  if (left.blocks) gradient = e.toChannels(gradient, 0, left.blocks)
  return right.blocks ? e.toChannels(gradient, 1, right.blocks) : gradient
}

const denseFilterGradient: Lowering = (e, { inputs: [x, dy], outputs: [dw], attributes }) => {
  const window = windowOf(attributes)
  const [, height, width, o] = dy.shape
  const [kh, kw, i] = dw.shape
  if (isPointwise(window)) {
    const layout = e.fastest(x, dy)
    const source = subsample(e, plane(e, x, layout), [0, 0], window.strides, height, width, x)
    const gradient = pointwiseFilterGradient(e, source, plane(e, dy, layout), x)
    e.put(dw, 'plain', e.reshape(gradient, [1, 1, i, o], x))
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
  const layout = e.fastest(x, dy)
  const needs = (axis: 0 | 1, taps: number, out: number) =>
    (taps - 1) * dilations[axis] + (out - 1) * strides[axis] + 1 - x.shape[1 + axis] - pads[axis]
  const end = [needs(0, kh, height), needs(1, kw, width)]
  const source = padOrCrop(e, plane(e, x, layout), [0, 0, Math.min(end[0], 0), Math.min(end[1], 0)], x)
  const all = batch * source.channels
  const images = e.reshape(source.name, [1, all, source.height, source.width], x)
  const filters = e.reshape(e.as(dy, layout), [all, 1, height, width], x)
  const window: Window = {
    kernel: [height, width],
    strides: dilations,
    dilations: strides,
    pads: [pads[0], pads[1], Math.max(end[0], 0), Math.max(end[1], 0)],
  }
  const each = conv(e, [images, filters], window, all, layout)
  const b = source.blocks ? e.block : 1
  const byImage = e.reshape(each, [batch, source.channels * kh * kw], x)
  const summed = e.reshape(sumOfRows(e, byImage, batch), [source.channels / b, kh * kw, b], x)
  const placed = e.reshape(e.transpose(summed, [1, 0, 2]), [kh * kw, source.channels], x)
  const gradient = source.blocks ? e.toChannels(placed, 1, source.blocks) : placed
  e.put(dw, 'plain', e.reshape(gradient, [kh, kw, channels, 1], x))
}

export const CONVOLUTION: Record<string, Lowering> = {
  Conv2D: dense,
  Conv2DBackpropInput: denseInputGradient,
  Conv2DBackpropFilter: denseFilterGradient,
  DepthwiseConv2dNative: depthwise,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
}
