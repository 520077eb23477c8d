/** Shared by convolutions and pools: windows that slide over height and width. */
import type { OnnxAttribute } from '../onnx/graph.js'
import type { Attributes, Value } from '../trace/record.js'
import type { Blocks } from './blocks.js'
import { type Emitter, type Layout, NCHWC } from './emitter.js'

/** Sizes along [height, width]. */
export interface Window {
  kernel: [number, number]
  strides: [number, number]
  dilations: [number, number]
  /** top, left, bottom, right */
  pads: [number, number, number, number]
}

/** The window of a traced convolution or pool. */
export function windowOf(attributes: Attributes): Window {
  const { kernel, strides, dilations, pads } = attributes as unknown as Window
  return { kernel, strides, dilations, pads }
}

/** The window as attributes of an ONNX node. */
export const windowAttributes = (window: Window): Record<string, OnnxAttribute> => ({
  kernel_shape: window.kernel,
  strides: window.strides,
  dilations: window.dilations,
  pads: window.pads,
})

/** Whether the window is a single pixel without padding. */
export const isPointwise = ({ kernel, pads }: Window) =>
  kernel[0] * kernel[1] === 1 && pads.every((pad) => pad === 0)

/** A tensor `name` in the blocked or NCHW layout, and its height and width. */
export interface Plane {
  name: string
  /** In the blocked layout with its free places. */
  channels: number
  /** In the blocked layout only. */
  blocks?: Blocks
  batch: number
  height: number
  width: number
  layout: Exclude<Layout, 'plain'>
}

/** The value in `layout`, with its height and width. */
export function plane(e: Emitter, value: Value, layout: Plane['layout']): Plane {
  const [batch, height, width, channels] = value.shape
  const name = e.as(value, layout)
  if (layout === 'nchw') return { name, batch, height, width, channels, layout }
  return { name, batch, height, width, channels: e.places(value), blocks: e.blocks(value), layout }
}

/** The plane in a shape whose axes `rows` and `rows` + 1 are its rows and columns. */
function rowsAndColumns(e: Emitter, p: Plane, of: Value): { name: string; rows: number } {
  if (p.layout === 'nchw') return { name: p.name, rows: 2 }
  const shape = [(p.batch * p.channels) / e.block, p.height, p.width, e.block]
  return { name: e.reshape(p.name, shape, of), rows: 1 }
}

function fromRowsAndColumns(
  e: Emitter,
  name: string,
  p: Plane,
  height: number,
  width: number,
  of: Value,
): Plane {
  const whole = p.layout === 'nchw' ? name : e.reshape(name, [p.batch, p.channels, height, width], of)
  return { ...p, name: whole, height, width }
}

/** Pads with zeros (positive) or crops (negative) rows and columns: [top, left, bottom, right]. */
export function padOrCrop(
  e: Emitter,
  p: Plane,
  [top, left, bottom, right]: readonly number[],
  of: Value,
  value = 0,
): Plane {
  if (top === 0 && left === 0 && bottom === 0 && right === 0) return p
  const { name: seen, rows } = rowsAndColumns(e, p, of)
  let name = seen
  const grow = [top, left, bottom, right].map((pad) => Math.max(pad, 0))
  const cut = [top, left, bottom, right].map((pad) => Math.max(-pad, 0))
  if (cut.some((pad) => pad > 0))
    name = e.node('Slice', [
      name,
      e.ints([cut[0], cut[1]]),
      e.ints([p.height - cut[2], p.width - cut[3]]),
      e.ints([rows, rows + 1]),
    ])
  if (grow.some((pad) => pad > 0)) {
    const atEnds = [
      [grow[0], grow[1]],
      [grow[2], grow[3]],
    ].map((pads) => [...new Array(rows).fill(0), ...pads, ...new Array(2 - rows).fill(0)])
    const pads = e.ints(atEnds.flat())
    name = e.node('Pad', value === 0 ? [name, pads] : [name, pads, e.scalar(value)])
  }
  return fromRowsAndColumns(e, name, p, p.height + top + bottom, p.width + left + right, of)
}

/** Every `strides`-th pixel from (top, left) on, `height` × `width` pixels in all. */
export function subsample(
  e: Emitter,
  p: Plane,
  [top, left]: readonly number[],
  strides: readonly number[],
  height: number,
  width: number,
  of: Value,
): Plane {
  if (
    top === 0 &&
    left === 0 &&
    strides[0] === 1 &&
    strides[1] === 1 &&
    height === p.height &&
    width === p.width
  )
    return p
  const covers = [p.height, p.width].every(
    (side, axis) => Math.ceil(side / strides[axis]) === [height, width][axis],
  )
  if (top === 0 && left === 0 && covers) {
    // A pool of single pixels runs on all threads, which a Slice does not.
    const pixel: Window = {
      kernel: [1, 1],
      strides: [strides[0], strides[1]],
      dilations: [1, 1],
      pads: [0, 0, 0, 0],
    }
    const domain = p.layout === 'blocked' ? NCHWC : ''
    return { ...p, name: e.node('MaxPool', [p.name], windowAttributes(pixel), domain), height, width }
  }
  const { name: seen, rows } = rowsAndColumns(e, p, of)
  const ends = [top + (height - 1) * strides[0] + 1, left + (width - 1) * strides[1] + 1]
  const name = e.node('Slice', [
    seen,
    e.ints([top, left]),
    e.ints(ends),
    e.ints([rows, rows + 1]),
    e.ints(strides),
  ])
  return fromRowsAndColumns(e, name, p, height, width, of)
}

/** Inserts strides − 1 zeros after every row and column: the gradient of subsampling. */
export function zeroInsert(e: Emitter, p: Plane, strides: readonly number[], of: Value): Plane {
  if (strides[0] === 1 && strides[1] === 1) return p
  const b = p.layout === 'blocked' ? e.block : 1
  const rows = (p.batch * p.channels * p.height) / b
  const separated = e.reshape(p.name, [rows, 1, p.width, 1, b], of)
  const spread = e.node('Pad', [separated, e.ints([0, 0, 0, 0, 0, 0, strides[0] - 1, 0, strides[1] - 1, 0])])
  const [height, width] = [p.height * strides[0], p.width * strides[1]]
  return { ...p, name: e.reshape(spread, [p.batch, p.channels, height, width], of), height, width }
}

/** Adds a convolution node. */
export function conv(
  e: Emitter,
  inputs: string[],
  window: Window,
  group: number,
  layout: Plane['layout'],
): string {
  return e.node('Conv', inputs, { ...windowAttributes(window), group }, layout === 'blocked' ? NCHWC : '')
}

/**
 * Prepares the gradient with respect to the input. It is a convolution of the gradient of the output, with zeros inserted
 * for the stride, with the filter rotated by 180°; this returns the source and the window. The padding mirrors the forward one; rows and columns that the stride skipped are padded
 * or cropped.
 */
export function mirrored(
  e: Emitter,
  dy: Plane,
  window: Window,
  x: Value,
  of: Value,
): { source: Plane; window: Window } {
  const { kernel, strides, dilations, pads } = window
  const spread = zeroInsert(e, dy, strides, of)
  const reach = [dilations[0] * (kernel[0] - 1), dilations[1] * (kernel[1] - 1)]
  const begin = [reach[0] - pads[0], reach[1] - pads[1]]
  const end = [x.shape[1] + pads[0] - spread.height, x.shape[2] + pads[1] - spread.width]
  const cut = [Math.min(begin[0], 0), Math.min(begin[1], 0), Math.min(end[0], 0), Math.min(end[1], 0)]
  const source = padOrCrop(e, spread, cut, of)
  const rest: Window['pads'] = [begin[0] - cut[0], begin[1] - cut[1], end[0] - cut[2], end[1] - cut[3]]
  return { source, window: { kernel, strides: [1, 1], dilations, pads: rest } }
}
