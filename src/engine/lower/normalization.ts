/**
 * Lowers batch normalisation. On blocked tensors every pass is a convolution of ONNX Runtime: a 1 × 1 depthwise
 * convolution with a bias scales and shifts each channel in one pass, and can add to another tensor; a depthwise
 * convolution whose filters are as large as the images sums products over all pixels without writing them.
 */
import type { Value } from '../trace/record.js'
import { type Emitter, NCHWC } from './emitter.js'
import { sumOfRows } from './sum-of-rows.js'
import type { Lowering } from './table.js'

const POINT = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] }

const sum = (e: Emitter, name: string, axes: number[]) =>
  e.node('ReduceSum', [name, e.ints(axes)], { keepdims: 0 })
const mul = (e: Emitter, a: string, b: string) => e.node('Mul', [a, b])
const add = (e: Emitter, a: string, b: string) => e.node('Add', [a, b])
const sub = (e: Emitter, a: string, b: string) => e.node('Sub', [a, b])

/** Numbers for each channel in the places of `x`, where it is blocked. */
const toPlaces = (e: Emitter, name: string, x: Value) =>
  e.blockable(x) ? e.toPlaces(name, 0, 1, e.blocks(x)) : name

/** Numbers for each place of `x` as numbers for each channel. */
const toChannels = (e: Emitter, name: string, x: Value) =>
  e.blockable(x) ? e.toChannels(name, 0, e.blocks(x)) : name

/** Places of `x`, where it is blocked, or its channels. */
const placesOf = (e: Emitter, x: Value) => (e.blockable(x) ? e.places(x) : x.shape[3])

/** Σ x over images and pixels, times `weight`, for each place. */
function channelSums(e: Emitter, x: Value, weight: number): string {
  const [n, h, w] = x.shape
  if (!e.blockable(x)) return mul(e, sum(e, e.as(x, 'nchw'), [0, 2, 3]), e.scalar(weight))
  const pooled = e.node('GlobalAveragePool', [e.as(x, 'blocked')], {}, NCHWC)
  const means = e.reshape(pooled, [n, placesOf(e, x)], x)
  return sumOfRows(e, means, n, h * w * weight)
}

/** Σ a·b over images and pixels, times `weight`, for each place; a and b have the shape and layout of `like`. */
function channelProducts(e: Emitter, like: Value, a: string, b: string, weight: number): string {
  const [n, h, w] = like.shape
  const c = placesOf(e, like)
  if (!e.blockable(like)) {
    const total =
      a === b
        ? e.node('ReduceSumSquare', [a], { axes: [0, 2, 3], keepdims: 0 })
        : sum(e, mul(e, a, b), [0, 2, 3])
    return mul(e, total, e.scalar(weight))
  }
  const images = e.reshape(a, [1, n * c, h, w], like)
  const filters = e.reshape(b, [n * c, 1, h, w], like)
  const each = e.node('Conv', [images, filters], { ...POINT, kernel_shape: [h, w], group: n * c }, NCHWC)
  return sumOfRows(e, e.reshape(each, [n, c], like), n, weight)
}

interface Term {
  /** In the blocked or the NCHW layout. */
  name: string
  factor: string
}

/** Σ over terms of factor·x, plus shift, in the layout of `like`; factors and shift are a number for each place. */
function affine(e: Emitter, like: Value, terms: readonly Term[], shift?: string): string {
  const c = placesOf(e, like)
  if (e.blockable(like)) {
    let total: string | undefined
    for (const { name, factor } of terms) {
      const filter = e.node('Reshape', [factor, e.ints([c, 1, 1, 1])])
      const bias = total === undefined ? (shift ?? '') : ''
      const inputs = [name, filter, bias, ...(total === undefined ? [] : [total])]
      total = e.node('Conv', inputs, { ...POINT, group: c }, NCHWC)
    }
    return total!
  }
  const channels = (name: string) => e.node('Reshape', [name, e.ints([1, c, 1, 1])])
  const scaled = terms.map(({ name, factor }) => mul(e, name, channels(factor)))
  const total = scaled.reduce((a, b) => add(e, a, b))
  return shift === undefined ? total : add(e, total, channels(shift))
}

/**
 * x minus its mean for each channel. The variance is the mean square of this: the difference of the mean square of x and
 * the square of its mean would lose all digits where the mean is large beside the deviation.
 */
function centred(e: Emitter, x: Value, mean: string): string {
  const c = placesOf(e, x)
  const ones = e.sharedConstant(`ones [${c}]`, [c], () => new Float32Array(c).fill(1))
  return affine(e, x, [{ name: e.as(x, e.fastest(x)), factor: ones }], e.node('Neg', [mean]))
}

const train: Lowering = (e, { inputs: [x, scale, offset], outputs: [y, mean, variance], attributes }) => {
  const [n, h, w] = x.shape
  const share = 1 / (n * h * w)
  const m = channelSums(e, x, share)
  const deviations = centred(e, x, m)
  const v = channelProducts(e, x, deviations, deviations, share)
  const inverse = inverseDeviation(e, v, attributes.epsilon as number)
  const factor = mul(e, toPlaces(e, e.as(scale, 'plain'), x), inverse)
  e.put(mean, 'plain', toChannels(e, m, x))
  e.put(variance, 'plain', toChannels(e, v, x))
  const normalized = affine(e, y, [{ name: deviations, factor }], toPlaces(e, e.as(offset, 'plain'), x))
  e.put(y, e.fastest(y), normalized)
}

function inverseDeviation(e: Emitter, variance: string, epsilon: number): string {
  return e.node('Reciprocal', [e.node('Sqrt', [add(e, variance, e.scalar(epsilon))])])
}

/**
 * With d = x − μ, x̂ = d/σ and M values per channel:
 * dβ = Σ dy, dγ = Σ dy·x̂, dx = γ/σ · (dy − dβ/M − x̂·dγ/M), which is a·dy + b·d + c for each channel.
 */
const gradient: Lowering = (
  e,
  { inputs: [dy, x, scale, mean, variance], outputs: [dx, dscale, doffset], attributes },
) => {
  const [n, h, w] = x.shape
  const [m, v, s] = [mean, variance, scale].map((value) => toPlaces(e, e.as(value, 'plain'), x))
  const deviations = centred(e, x, m)
  const inverse = inverseDeviation(e, v, attributes.epsilon as number)
  const given = e.as(dy, e.fastest(dy))
  const dbeta = channelSums(e, dy, 1)
  const dgamma = mul(e, inverse, channelProducts(e, x, given, deviations, 1))
  e.put(doffset, 'plain', toChannels(e, dbeta, x))
  e.put(dscale, 'plain', toChannels(e, dgamma, x))
  const a = mul(e, s, inverse)
  const shared = mul(e, a, e.scalar(-1 / (n * h * w)))
  const b = mul(e, mul(e, shared, inverse), dgamma)
  const terms = [
    { name: deviations, factor: b },
    { name: given, factor: a },
  ]
  e.put(dx, e.fastest(dx), affine(e, dx, terms, mul(e, shared, dbeta)))
}

/** With given statistics. It is ONNX's own operation, so that it can be folded into the convolution before it. */
const inference: Lowering = (e, { inputs: [x, scale, offset, mean, variance], outputs: [y], attributes }) => {
  const epsilon = attributes.epsilon as number
  const given = [scale, offset, mean, variance].map((value) => e.as(value, 'plain'))
  if (e.layoutFor(x, [x]) === 'blocked') {
    const [s, o, m, v] = given.map((name) => toPlaces(e, name, x))
    const factor = mul(e, s, inverseDeviation(e, v, epsilon))
    e.put(y, 'blocked', affine(e, y, [{ name: e.as(x, 'blocked'), factor }], sub(e, o, mul(e, m, factor))))
  } else if (x.shape.length === 4)
    e.put(
      y,
      'nchw',
      e.node('BatchNormalization', [e.as(x, 'nchw'), ...given], { epsilon: { float: epsilon } }),
    )
  else
    throw new Error(
      `batch norm of a tensor of rank ${x.shape.length} cannot be exported; reshape it to rank 4`,
    )
}

export const NORMALIZATION: Record<string, Lowering> = {
  BatchNormTrain: train,
  BatchNormTrainGrad: gradient,
  FusedBatchNorm: inference,
}
