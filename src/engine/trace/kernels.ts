/**
 * What each TensorFlow.js kernel makes of its inputs' shapes: the tracing backend's whole knowledge.
 * Kernel on the left, its rule on the right. A rule gives the outputs and the normalised attributes that
 * the lowering reads; nothing is computed.
 */
import { backend_util, broadcast_util, slice_util, util } from '@tensorflow/tfjs'
import { type DType, sizeOf, type Value } from './record.js'
import { type KernelAttributes, one, type Rule } from './rule.js'
import {
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
  enlargement,
  pool,
  poolGradient,
} from './window-rules.js'

const unary: Rule = ([x]) => one(x.shape, x.dtype)
const broadcast =
  (dtype?: DType): Rule =>
  ([a, b]) =>
    one(broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]), dtype ?? a.dtype)

function reducedAxes(x: Value, axis: number | number[] | undefined | null): number[] {
  return util.parseAxisParam(axis ?? x.shape.map((_, i) => i), [...x.shape]).sort((a, b) => a - b)
}

/** TensorFlow.js calls the axes `axis`, and for maxima and minima `reductionIndices`. */
const reduction: Rule = ([x], { axis, reductionIndices, keepDims }) => {
  const axes = reducedAxes(x, axis ?? reductionIndices)
  const kept = x.shape.map((side, i) => (axes.includes(i) ? 1 : side))
  const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i))
  return one(shape, x.dtype, { axes, keepDims: keepDims === true })
}

const CASTS: Record<string, DType> = { float32: 'float32', int32: 'int32', bool: 'bool' }
function traced(dtype: string): DType {
  const known = CASTS[dtype]
  if (!known) throw new Error(`a tensor of type ${dtype} cannot be traced; use float32, int32 or bool`)
  return known
}

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

export const RULES: Record<string, Rule> = {
  // Elementwise, one operand
  Abs: unary,
  Ceil: unary,
  Exp: unary,
  Floor: unary,
  Identity: unary,
  Log: unary,
  LogicalNot: unary,
  Neg: unary,
  Relu: unary,
  Rsqrt: unary,
  Sigmoid: unary,
  Softplus: unary,
  Sqrt: unary,
  Square: unary,
  Tanh: unary,
  Step: ([x], { alpha }) => one(x.shape, x.dtype, { alpha: alpha ?? 0 }),
  LeakyRelu: ([x], { alpha }) => one(x.shape, x.dtype, { alpha }),
  ClipByValue: ([x], a) => one(x.shape, x.dtype, { minimum: a.clipValueMin, maximum: a.clipValueMax }),
  Cast: ([x], { dtype }) => one(x.shape, traced(dtype), {}),

  // Elementwise, two operands or more, broadcast as NumPy does
  Add: broadcast(),
  Sub: broadcast(),
  Multiply: broadcast(),
  RealDiv: broadcast('float32'),
  FloorDiv: broadcast(),
  Maximum: broadcast(),
  Minimum: broadcast(),
  Pow: broadcast(),
  SquaredDifference: broadcast(),
  Equal: broadcast('bool'),
  NotEqual: broadcast('bool'),
  Greater: broadcast('bool'),
  GreaterEqual: broadcast('bool'),
  Less: broadcast('bool'),
  LessEqual: broadcast('bool'),
  LogicalAnd: broadcast('bool'),
  LogicalOr: broadcast('bool'),
  AddN: ([x]) => one(x.shape, x.dtype),
  Select: ([condition, a, b]) => {
    if (condition.shape.length === 1 && a.shape.length > 1 && condition.shape[0] !== 1)
      throw new Error('tf.where with a condition of lower rank cannot be traced; reshape the condition')
    return one(b.shape, a.dtype)
  },

  // Convolutions and pools
  Conv2D: convolution(false),
  Conv2DBackpropInput: convolutionInputGradient(false),
  Conv2DBackpropFilter: convolutionFilterGradient(false),
  DepthwiseConv2dNative: convolution(true),
  DepthwiseConv2dNativeBackpropInput: convolutionInputGradient(true),
  DepthwiseConv2dNativeBackpropFilter: convolutionFilterGradient(true),
  AvgPool: pool,
  AvgPoolGrad: poolGradient,
  MaxPool: pool,
  MaxPoolGrad: poolGradient,
  ResizeNearestNeighbor: enlargement,

  // Batch norm: TensorFlow.js's own inference form, and the training pair that models/batch-norm.ts calls
  FusedBatchNorm: ([x], { varianceEpsilon }) =>
    one(x.shape, 'float32', { epsilon: varianceEpsilon ?? 0.001 }),
  BatchNormTrain: ([x], { epsilon }) => {
    const channels = [x.shape[x.shape.length - 1]]
    return {
      outputs: [x.shape, channels, channels].map((shape) => ({ shape, dtype: 'float32' as const })),
      attributes: { epsilon },
    }
  },
  BatchNormTrainGrad: ([, x], { epsilon }) => {
    const channels = [x.shape[x.shape.length - 1]]
    return {
      outputs: [x.shape, channels, channels].map((shape) => ({ shape, dtype: 'float32' as const })),
      attributes: { epsilon },
    }
  },

  // Detection: TensorFlow.js's own, and the one that models/roi-align.ts calls
  TopK: ([x], { k }) => {
    const shape = [...x.shape.slice(0, -1), k]
    return {
      list: true,
      outputs: [
        { shape, dtype: x.dtype },
        { shape, dtype: 'int32' },
      ],
      attributes: { k },
    }
  },
  NonMaxSuppressionV4: (_, { maxOutputSize, iouThreshold, scoreThreshold, padToMaxOutputSize }) => {
    if (!padToMaxOutputSize)
      throw new Error('a suppression without padding cannot be traced: its size would depend on numbers')
    return {
      list: true,
      outputs: [
        { shape: [maxOutputSize], dtype: 'int32' },
        { shape: [], dtype: 'int32' },
      ],
      attributes: { maxOutputSize, iouThreshold, scoreThreshold },
    }
  },
  RoiAlign: ([features, boxes], { crop, samplingRatio, spatialScale }) => {
    const regions = boxes.shape[0] * boxes.shape[1]
    return one([regions, crop, crop, features.shape[3]], 'float32', { crop, samplingRatio, spatialScale })
  },

  // Reductions
  Sum: reduction,
  Mean: reduction,
  Max: reduction,
  Min: reduction,
  Prod: reduction,
  All: reduction,
  Any: reduction,
  ArgMax: ([x], { axis }) => {
    const [resolved] = util.parseAxisParam(axis, [...x.shape])
    return one(
      x.shape.filter((_, i) => i !== resolved),
      'int32',
      { axis: resolved },
    )
  },
  Softmax: ([x], { dim }) => one(x.shape, 'float32', { axis: util.parseAxisParam(dim, [...x.shape])[0] }),
  LogSoftmax: ([x], { axis }) =>
    one(x.shape, 'float32', { axis: util.parseAxisParam(axis, [...x.shape])[0] }),
  Cumsum: ([x], { axis, exclusive, reverse }) =>
    one(x.shape, x.dtype, { axis: util.parseAxisParam(axis, [...x.shape])[0], exclusive, reverse }),

  // Matrices
  BatchMatMul: ([a, b], { transposeA, transposeB }) => {
    const rank = a.shape.length
    const rows = a.shape[transposeA ? rank - 1 : rank - 2]
    const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)]
    const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
    return one([...batch, rows, columns], 'float32', { transposeA: !!transposeA, transposeB: !!transposeB })
  },

  // Shape and place
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
    one([...x.shape, depth], traced(dtype), { depth, on: onValue, off: offValue }),
  ZerosLike: ([x]) => one(x.shape, x.dtype, {}),
  OnesLike: ([x]) => one(x.shape, x.dtype, {}),
}

/** slice_util asks for a tensor but reads only its shape and rank. */
const shaped = (x: Value) =>
  ({ shape: [...x.shape], rank: x.shape.length }) as unknown as Parameters<
    typeof slice_util.parseSliceParams
  >[0]
