/** Lowers kernels that move numbers without changing them, and matrix products. */
import type { Value } from '../trace/record.js'
import { areFull, blockRange, sameBlocks } from './blocks.js'
import { type Emitter, MICROSOFT, NCHW_AXIS } from './emitter.js'
import type { Lowering } from './table.js'
import { padOrCrop, plane } from './window.js'

const INT64 = 7
const INT32 = 6

const reshape: Lowering = (e, { inputs: [x], outputs: [y] }) => {
  // Splitting a flat state into its parameters calls for many reshapes that change nothing.
  if (String(x.shape) === String(y.shape)) e.alias(y, x)
  else e.put(y, 'plain', e.reshape(e.as(x, 'plain'), y.shape, x))
}

const transpose: Lowering = (e, { inputs: [x], outputs: [y], attributes }) =>
  e.put(y, 'plain', e.transpose(e.as(x, 'plain'), attributes.perm as number[]))

/** Whether the blocks of the parts, side by side, are the blocks of the whole. */
function joinsBlocks(e: Emitter, parts: readonly Value[], whole: Value, axis: number): boolean {
  if (!parts.every((part) => e.blockable(part))) return false
  const blocks = e.blocks(whole)
  if (axis === 0) return parts.every((part) => sameBlocks(e.blocks(part), blocks))
  return (
    axis === 3 &&
    sameBlocks(
      parts.flatMap((part) => e.blocks(part)),
      blocks,
    )
  )
}

const concat: Lowering = (e, { inputs, outputs: [y], attributes }) => {
  const axis = attributes.axis as number
  const wanted = e.layoutFor(y, inputs)
  const layout = wanted === 'blocked' && !joinsBlocks(e, inputs, y, axis) ? 'nchw' : wanted
  const names = inputs.map((value) => e.as(value, layout))
  e.put(y, layout, e.node('Concat', names, { axis: layout === 'plain' ? axis : NCHW_AXIS[axis] }))
}

const pack: Lowering = (e, { inputs, outputs: [y], attributes }) => {
  const axis = attributes.axis as number
  const apart = inputs.map((value) => {
    const shape = [...value.shape]
    shape.splice(axis, 0, 1)
    return e.reshape(e.as(value, 'plain'), shape, value)
  })
  e.put(y, 'plain', e.node('Concat', apart, { axis }))
}

function range(e: Emitter, name: string, axes: number[], begin: number[], size: number[]): string {
  const ends = axes.map((_, i) => begin[i] + size[i])
  return e.node('Slice', [name, e.ints(begin), e.ints(ends), e.ints(axes)])
}

/** The range of blocks that hold the channels of `y`, from channel `begin` of `x` on; undefined if that would cut blocks. */
function slicedBlocks(e: Emitter, x: Value, y: Value, begin: number): [number, number] | undefined {
  const range = e.blockable(y) ? blockRange(e.blocks(x), begin, y.shape[3]) : undefined
  return range && sameBlocks(e.blocks(x).slice(...range), e.blocks(y)) ? range : undefined
}

/** Slices rows and columns in the view of the plane, images and channels in the tensor. */
const slice: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const begin = attributes.begin as number[]
  const size = attributes.size as number[]
  const changed = x.shape
    .map((_, axis) => axis)
    .filter((axis) => begin[axis] > 0 || size[axis] < x.shape[axis])
  const wanted = e.layoutFor(x, [x])
  const blocks = wanted === 'blocked' ? slicedBlocks(e, x, y, begin[3]) : undefined
  const layout = wanted === 'blocked' && !blocks ? 'nchw' : wanted
  if (layout === 'plain') {
    const name = e.as(x, 'plain')
    e.put(
      y,
      'plain',
      changed.length === 0
        ? name
        : range(
            e,
            name,
            changed,
            changed.map((a) => begin[a]),
            changed.map((a) => size[a]),
          ),
    )
    return
  }
  let source = plane(e, x, layout)
  const outer = changed.filter((axis) => axis === 0 || axis === 3)
  if (outer.length > 0) {
    const name = range(
      e,
      source.name,
      outer.map((a) => NCHW_AXIS[a]),
      outer.map((a) => (a === 3 && blocks ? blocks[0] * e.block : begin[a])),
      outer.map((a) => (a === 3 && blocks ? (blocks[1] - blocks[0]) * e.block : size[a])),
    )
    const channels = blocks ? e.places(y) : size[3]
    source = { ...source, name, batch: size[0], channels }
  }
  const crop = [-begin[1], -begin[2], begin[1] + size[1] - x.shape[1], begin[2] + size[2] - x.shape[2]]
  e.put(y, layout, padOrCrop(e, source, crop, x).name)
}

const pad: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const paddings = attributes.paddings as number[][]
  const value = attributes.value as number
  const wanted = e.layoutFor(x, [x])
  const isPlane = wanted !== 'plain' && paddings[0].every((p) => p === 0) && paddings[3].every((p) => p === 0)
  const fillsFreePlaces = wanted === 'blocked' && value !== 0 && e.hasFreePlaces(x)
  if (isPlane && !fillsFreePlaces) {
    const [, [top, bottom], [left, right]] = paddings
    e.put(y, wanted, padOrCrop(e, plane(e, x, wanted), [top, left, bottom, right], x, value).name)
    return
  }
  const cutsBlocks =
    wanted === 'blocked' &&
    (paddings[3].some((p) => p % e.block !== 0) ||
      !e.blockable(y) ||
      !areFull([...e.blocks(x), ...e.blocks(y)], e.block))
  const layout =
    wanted === 'blocked' && (cutsBlocks || paddings[1].some(Boolean) || paddings[2].some(Boolean))
      ? 'nchw'
      : wanted
  const order = layout === 'plain' ? x.shape.map((_, axis) => axis) : [0, 3, 1, 2]
  const pads = e.ints([...order.map((axis) => paddings[axis][0]), ...order.map((axis) => paddings[axis][1])])
  const filler = x.dtype === 'int32' ? e.scalar(value, 'int32') : e.scalar(value)
  e.put(y, layout, e.node('Pad', [e.as(x, layout), pads, filler]))
}

const stridedSlice: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const [begin, end, strides] = ['begin', 'end', 'strides'].map((key) => attributes[key] as number[])
  const axes = x.shape.map((_, axis) => axis)
  // With a negative stride, an end of −1 includes the first element. ONNX writes that as a very negative number.
  const ends = end.map((last, axis) => (strides[axis] < 0 && last < 0 ? -(2 ** 31) : last))
  const taken = e.node('Slice', [
    e.as(x, 'plain'),
    e.ints(begin),
    e.ints(ends),
    e.ints(axes),
    e.ints(strides),
  ])
  e.put(y, 'plain', e.reshape(taken, y.shape, x))
}

const split: Lowering = (e, { inputs: [x], outputs, attributes }) => {
  const axis = attributes.axis as number
  const sizes = attributes.sizes as number[]
  const wanted = e.layoutFor(x, [x])
  const byChannel = wanted === 'blocked' && axis === 3 && joinsBlocks(e, outputs, x, 3)
  const layout = wanted === 'blocked' && !byChannel ? 'nchw' : wanted
  const onnxAxis = layout === 'plain' ? axis : NCHW_AXIS[axis]
  const counts = byChannel ? outputs.map((output) => e.places(output)) : sizes
  const parts = e.nodesOutputs(
    'Split',
    [e.as(x, layout), e.ints(counts)],
    { axis: onnxAxis },
    '',
    sizes.length,
  )
  outputs.forEach((output, i) => {
    e.put(output, layout, parts[i])
  })
}

const unpack: Lowering = (e, { inputs: [x], outputs, attributes }) => {
  const axis = attributes.axis as number
  const sizes = e.ints(outputs.map(() => 1))
  const parts = e.nodesOutputs('Split', [e.as(x, 'plain'), sizes], { axis }, '', outputs.length)
  outputs.forEach((output, i) => {
    e.put(output, 'plain', e.reshape(parts[i], output.shape, x))
  })
}

const tile: Lowering = (e, { inputs: [x], outputs: [y], attributes }) =>
  e.put(y, 'plain', e.node('Tile', [e.as(x, 'plain'), e.ints(attributes.reps as number[])]))

const expand = (e: Emitter, name: string, y: Value) =>
  e.put(y, 'plain', e.node('Expand', [name, e.ints(y.shape)]))

const filledLike =
  (value: number): Lowering =>
  (e, { outputs: [y] }) => {
    const data =
      y.dtype === 'float32'
        ? Float32Array.of(value)
        : y.dtype === 'int32'
          ? Int32Array.of(value)
          : Uint8Array.of(value)
    expand(e, e.constant(y.dtype, [], data), y)
  }

const reverse: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const axes = attributes.axes as number[]
  const lowest = axes.map(() => -(2 ** 31))
  const inputs = [
    e.as(x, 'plain'),
    e.ints(axes.map(() => -1)),
    e.ints(lowest),
    e.ints(axes),
    e.ints(axes.map(() => -1)),
  ]
  e.put(y, 'plain', e.node('Slice', inputs))
}

const gather: Lowering = (e, { inputs: [x, indices], outputs: [y], attributes }) =>
  e.put(
    y,
    'plain',
    e.node('Gather', [e.as(x, 'plain'), e.as(indices, 'plain')], { axis: attributes.axis as number }),
  )

/** ONNX Runtime has OneHot for 64-bit indices and floats; other types are cast. */
const oneHot: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const [on, off, depth] = [attributes.on, attributes.off, attributes.depth].map(Number)
  const indices = e.node('Cast', [e.as(x, 'plain')], { to: INT64 })
  const values = e.constant('float32', [2], Float32Array.of(off, on))
  const hot = e.node('OneHot', [indices, e.ints([depth]), values], { axis: -1 })
  e.put(y, 'plain', y.dtype === 'float32' ? hot : e.node('Cast', [hot], { to: INT32 }))
}

const matMul: Lowering = (e, { inputs: [a, b], outputs: [y], attributes }) => {
  const operands = [e.as(a, 'plain'), e.as(b, 'plain')]
  const flags = { transA: attributes.transposeA ? 1 : 0, transB: attributes.transposeB ? 1 : 0 }
  const plain = !flags.transA && !flags.transB
  const matrices = a.shape.length === 2 && b.shape.length === 2
  if (plain) e.put(y, 'plain', e.node('MatMul', operands))
  else if (matrices) e.put(y, 'plain', e.node('Gemm', operands, flags))
  else e.put(y, 'plain', e.node('FusedMatMul', operands, flags, MICROSOFT))
}

export const ARRANGEMENT: Record<string, Lowering> = {
  BatchMatMul: matMul,
  BroadcastTo: (e, { inputs: [x], outputs: [y] }) => expand(e, e.as(x, 'plain'), y),
  Concat: concat,
  ExpandDims: reshape,
  GatherV2: gather,
  OneHot: oneHot,
  OnesLike: filledLike(1),
  Pack: pack,
  PadV2: pad,
  Reshape: reshape,
  Reverse: reverse,
  Slice: slice,
  SplitV: split,
  StridedSlice: stridedSlice,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
  ZerosLike: filledLike(0),
}
