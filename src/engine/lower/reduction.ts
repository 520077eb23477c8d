/** Lowers sums, means and extrema over axes, softmax, and argmax. */
import type { Operation } from '../trace/record.js'
import { type Emitter, NCHW_AXIS, NCHWC } from './emitter.js'
import type { Lowering } from './table.js'

type Reduce = (e: Emitter, name: string, axes: number[], keep: boolean) => string

/** In opset 17, axes are an input of ReduceSum and an attribute of the other reductions. */
const reduceSum: Reduce = (e, name, axes, keep) =>
  e.node('ReduceSum', [name, e.ints(axes)], { keepdims: keep ? 1 : 0 })
const reduceWith =
  (op: string): Reduce =>
  (e, name, axes, keep) =>
    e.node(op, [name], { axes, keepdims: keep ? 1 : 0 })

/** Reduces booleans as numbers. */
const reduceBooleans =
  (op: string): Reduce =>
  (e, name, axes, keep) => {
    const numbers = e.node('Cast', [name], { to: 6 })
    return e.node('Cast', [reduceWith(op)(e, numbers, axes, keep)], { to: 9 })
  }

const isPixels = (axes: number[]) => axes.length === 2 && axes[0] === 1 && axes[1] === 2

function overPixels(e: Emitter, { inputs: [x], outputs: [y], kernel, attributes }: Operation): boolean {
  if (!e.has(x, 'blocked') || !isPixels(attributes.axes as number[])) return false
  if (kernel !== 'Mean' && kernel !== 'Sum') return false
  const [n, h, w] = x.shape
  const pooled = e.node('GlobalAveragePool', [e.as(x, 'blocked')], {}, NCHWC)
  const means = e.toChannels(e.reshape(pooled, [n, e.places(x)], x), 1, e.blocks(x))
  const result = kernel === 'Mean' ? means : e.node('Mul', [means, e.scalar(h * w)])
  e.put(y, 'plain', e.reshape(result, y.shape, x))
  return true
}

const reduction =
  (reduce: Reduce): Lowering =>
  (e, operation) => {
    const {
      inputs: [x],
      outputs: [y],
      attributes,
    } = operation
    const axes = attributes.axes as number[]
    const keep = attributes.keepDims as boolean
    if (axes.length === 0) {
      e.put(y, 'plain', e.as(x, 'plain'))
      return
    }
    if (overPixels(e, operation)) return
    const channelsMove = !keep && !axes.includes(3) && !(axes.includes(1) && axes.includes(2))
    if (e.layoutFor(x, [x]) === 'plain' || channelsMove) {
      e.put(y, 'plain', reduce(e, e.as(x, 'plain'), axes, keep))
      return
    }
    const result = reduce(
      e,
      e.as(x, 'nchw'),
      axes.map((axis) => NCHW_AXIS[axis]),
      keep,
    )
    e.put(y, keep ? 'nchw' : 'plain', result)
  }

const alongAxis =
  (op: string): Lowering =>
  (e, { inputs: [x], outputs: [y], attributes }) =>
    e.put(y, 'plain', e.node(op, [e.as(x, 'plain')], { axis: attributes.axis as number }))

const argMax: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const place = e.node('ArgMax', [e.as(x, 'plain')], { axis: attributes.axis as number, keepdims: 0 })
  e.put(y, 'plain', e.node('Cast', [place], { to: 6 }))
}

const cumulativeSum: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const axis = e.constant('int64', [], BigInt64Array.of(BigInt(attributes.axis as number)))
  const flags = { exclusive: attributes.exclusive ? 1 : 0, reverse: attributes.reverse ? 1 : 0 }
  e.put(y, 'plain', e.node('CumSum', [e.as(x, 'plain'), axis], flags))
}

export const REDUCTION: Record<string, Lowering> = {
  All: reduction(reduceBooleans('ReduceMin')),
  Any: reduction(reduceBooleans('ReduceMax')),
  ArgMax: argMax,
  Cumsum: cumulativeSum,
  LogSoftmax: alongAxis('LogSoftmax'),
  Max: reduction(reduceWith('ReduceMax')),
  Mean: reduction(reduceWith('ReduceMean')),
  Min: reduction(reduceWith('ReduceMin')),
  Prod: reduction(reduceWith('ReduceProd')),
  Softmax: alongAxis('Softmax'),
  Sum: reduction(reduceSum),
}
