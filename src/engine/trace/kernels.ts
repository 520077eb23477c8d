/**
 * The rules of all TensorFlow.js kernels that can be traced: the shapes of the outputs, and the normalised attributes
 * that the lowering reads. Nothing is computed.
 */
import { broadcast_util, util } from '@tensorflow/tfjs'
import { ARRANGEMENT_RULES } from './arrangement-rules.js'
import type { DType, Value } from './record.js'
import { one, type Rule, tracedType } from './rule.js'
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

/** Kernel on the left, its rule on the right. */
export const RULES: Record<string, Rule> = {
  ...ARRANGEMENT_RULES,

  // Elementwise, one operand
  Abs: unary,
  Atan: unary,
  Ceil: unary,
  Exp: unary,
  Floor: unary,
  Identity: unary,
  Log: unary,
  LogicalNot: unary,
  Neg: unary,
  Relu: unary,
  Relu6: unary,
  Rsqrt: unary,
  Sigmoid: unary,
  Softplus: unary,
  Sqrt: unary,
  Square: unary,
  Tanh: unary,
  Step: ([x], { alpha }) => one(x.shape, x.dtype, { alpha: alpha ?? 0 }),
  LeakyRelu: ([x], { alpha }) => one(x.shape, x.dtype, { alpha }),
  ClipByValue: ([x], a) => one(x.shape, x.dtype, { minimum: a.clipValueMin, maximum: a.clipValueMax }),
  Cast: ([x], { dtype }) => one(x.shape, tracedType(dtype), {}),

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

  // Detection: TensorFlow.js's own, and those that models/ calls: suppression by class, and two ways to crop
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
  SampleBilinear: ([features, rows, columns]) => {
    const [images, crops, side] = rows.shape
    return one([images * crops, side, columns.shape[2], features.shape[3]], 'float32')
  },
  SuppressByClass: ([, scores], { count, iou, minScore }) =>
    one(scores.shape, 'float32', { count, iou, minScore }),

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
}
