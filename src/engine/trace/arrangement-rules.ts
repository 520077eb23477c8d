/** Rules of the kernels that move numbers without changing them, and of matrix products. */
import { backend_util, broadcast_util, slice_util, util } from '@tensorflow/tfjs'
import { sizeOf, type Value } from './record.js'
import { type KernelAttributes, one, type Rule, tracedType } from './rule.js'

function splitSizes(x: Value, a: KernelAttributes): { axis: number; sizes: number[] } {
  const axis = util.parseAxisParam(a.axis, [...x.shape])[0]
  const parts = a.numOrSizeSplits
  const sizes = Array.isArray(parts) ? parts : new Array(parts).fill(x.shape[axis] / parts)
  return { axis, sizes }
}

const strided: Rule = ([x], a) => {
  const info = slice_util.sliceInfo(
    [...x.shape],
    a.begin,
    a.end,
    a.strides,
    a.beginMask,
    a.endMask,
    a.ellipsisMask,
    a.newAxisMask,
    a.shrinkAxisMask,
  )
  return one(info.finalShape, x.dtype, { begin: info.begin, end: info.end, strides: info.strides })
}

/** A value as slice_util takes it: it expects a tensor, but reads its shape and rank only. */
const shaped = (x: Value) =>
  ({ shape: [...x.shape], rank: x.shape.length }) as unknown as Parameters<
    typeof slice_util.parseSliceParams
  >[0]

export const ARRANGEMENT_RULES: Record<string, Rule> = {
  BatchMatMul: ([a, b], { transposeA, transposeB }) => {
    const rank = a.shape.length
    const rows = a.shape[transposeA ? rank - 1 : rank - 2]
    const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)]
    const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
    return one([...batch, rows, columns], 'float32', { transposeA: !!transposeA, transposeB: !!transposeB })
  },

  Reshape: ([x], { shape }) => one(util.inferFromImplicitShape(shape, sizeOf(x.shape)), x.dtype, {}),
  ExpandDims: ([x], { dim }) => {
    const shape = [...x.shape]
    shape.splice(dim < 0 ? x.shape.length + 1 + dim : dim, 0, 1)
    return one(shape, x.dtype, {})
  },
  Transpose: ([x], { perm }) =>
    one(
      perm.map((axis: number) => x.shape[axis]),
      x.dtype,
      { perm: [...perm] },
    ),
  Concat: (inputs, { axis }) => {
    const [resolved] = util.parseAxisParam(axis, [...inputs[0].shape])
    const shape = backend_util.computeOutShape(
      inputs.map((value) => [...value.shape]),
      resolved,
    )
    return one(shape, inputs[0].dtype, { axis: resolved })
  },
  Pack: (inputs, { axis }) => {
    const shape = [...inputs[0].shape]
    const resolved = axis < 0 ? shape.length + 1 + axis : axis
    shape.splice(resolved, 0, inputs.length)
    return one(shape, inputs[0].dtype, { axis: resolved })
  },
  Unpack: ([x], { axis }) => {
    const [resolved] = util.parseAxisParam(axis, [...x.shape])
    const shape = x.shape.filter((_, i) => i !== resolved)
    return {
      list: true,
      outputs: new Array(x.shape[resolved]).fill({ shape, dtype: x.dtype }),
      attributes: { axis: resolved },
    }
  },
  Slice: ([x], a) => {
    const [begin, size] = slice_util.parseSliceParams(shaped(x), a.begin, a.size)
    slice_util.assertParamsValid(shaped(x), begin, size)
    return one(size, x.dtype, { begin, size })
  },
  StridedSlice: strided,
  SplitV: ([x], a) => {
    const { axis, sizes } = splitSizes(x, a)
    return {
      list: true,
      outputs: sizes.map((size) => ({
        shape: x.shape.map((s, i) => (i === axis ? size : s)),
        dtype: x.dtype,
      })),
      attributes: { axis, sizes },
    }
  },
  PadV2: ([x], { paddings, constantValue }) =>
    one(
      x.shape.map((side, i) => side + paddings[i][0] + paddings[i][1]),
      x.dtype,
      { paddings, value: constantValue },
    ),
  Tile: ([x], { reps }) =>
    one(
      x.shape.map((side, i) => side * reps[i]),
      x.dtype,
      { reps: [...reps] },
    ),
  BroadcastTo: ([x], { shape }) => one(shape, x.dtype, {}),
  Reverse: ([x], { dims }) => one(x.shape, x.dtype, { axes: util.parseAxisParam(dims, [...x.shape]) }),
  GatherV2: ([x, indices], { axis, batchDims }) => {
    if (batchDims) throw new Error('tf.gather with batch dimensions cannot be traced; gather along one axis')
    const [resolved] = util.parseAxisParam(axis, [...x.shape])
    const shape = [...x.shape.slice(0, resolved), ...indices.shape, ...x.shape.slice(resolved + 1)]
    return one(shape, x.dtype, { axis: resolved })
  },
  OneHot: ([x], { depth, onValue, offValue, dtype }) =>
    one([...x.shape, depth], tracedType(dtype), { depth, on: onValue, off: offValue }),
  ZerosLike: ([x]) => one(x.shape, x.dtype, {}),
  OnesLike: ([x]) => one(x.shape, x.dtype, {}),
}
