/** Lowers elementwise kernels: in any layout, but in the same one for all operands. */
import { type Operation, sizeOf, type Value } from '../trace/record.js'
import type { Emitter, Layout } from './emitter.js'
import type { Lowering } from './table.js'

type Emit = (e: Emitter, operands: string[], operation: Operation) => string

const op =
  (name: string): Emit =>
  (e, operands) =>
    e.node(name, operands)

const shape4 = (shape: readonly number[]): number[] => [...new Array(4 - shape.length).fill(1), ...shape]
const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((side, i) => side === b[i])

/** A small operand in a shape that broadcasts against NCHW. */
function smallNchw(e: Emitter, value: Value): string {
  if (value.shape.length === 4) return e.as(value, 'nchw')
  const [n, h, w, c] = shape4(value.shape)
  const plain = e.reshape(e.as(value, 'plain'), [n, h, w, c], value)
  return h * w === 1 || c === 1 ? e.reshape(plain, [n, c, h, w], value) : e.transpose(plain, [0, 3, 1, 2])
}

/**
 * The shape in which a small operand broadcasts correctly against a blocked tensor N × P/b × HW × b of P places;
 * undefined when no view does.
 */
function blockedViews(
  e: Emitter,
  out: Value,
  small: readonly Value[],
): { full: number[]; small: number[][] } | undefined {
  const [N, H, W] = out.shape
  const b = e.block
  const P = e.places(out)
  const shapes = small.map((value) => shape4(value.shape))
  // One number per image: one row per image is the fastest broadcast.
  if (shapes.every(([, h, w, c]) => h * w * c === 1))
    return { full: [N, P * H * W], small: shapes.map(([n]) => [n, 1]) }
  // A constant for each pixel, repeated for the channels of a block, is one long row.
  if (
    small.every(
      ({ data, shape }) => data instanceof Float32Array && sizeOf(shape) === H * W && shape[3] === 1,
    )
  )
    return { full: [(N * P) / b, H * W * b], small: shapes.map(() => [1, H * W * b]) }
  const views = shapes.map(([n, h, w, c]) => {
    if (h === 1 && w === 1) return c === 1 ? [n, 1, 1, 1] : [n, P / b, 1, b]
    return h === H && w === W && c === 1 ? [n, 1, H * W, 1] : undefined
  })
  return views.every((view) => view !== undefined) ? { full: [N, P / b, H * W, b], small: views } : undefined
}

function smallBlocked(e: Emitter, value: Value, view: readonly number[], out: Value): string {
  const [n, , , channels] = shape4(value.shape)
  if (channels > 1 && sizeOf(value.shape) === n * channels) {
    const row = e.reshape(e.as(value, 'plain'), [n, channels], value)
    return e.reshape(e.toPlaces(row, 1, 2, e.blocks(out)), view, value)
  }
  const repeats = sizeOf(view) / sizeOf(value.shape)
  if (repeats === 1) return e.reshape(e.as(value, 'plain'), view, value)
  const data = value.data as Float32Array
  return e.sharedConstant(`value ${value.id} repeated to [${view}]`, view, () =>
    Float32Array.from({ length: sizeOf(view) }, (_, i) => data[Math.floor(i / repeats)]),
  )
}

/** Kernels that return zero for zeros. */
const KEEPS_ZEROS = new Set([
  'Abs',
  'Add',
  'AddN',
  'Cast',
  'Ceil',
  'Floor',
  'Identity',
  'LeakyRelu',
  'Maximum',
  'Minimum',
  'Multiply',
  'Neg',
  'Relu',
  'Relu6',
  'Sqrt',
  'Square',
  'SquaredDifference',
  'Sub',
  'Tanh',
])

/** Whether zeros in the free places of the operands become zeros in those of the output. */
function leavesFreePlaces(e: Emitter, { kernel, inputs, outputs: [out], attributes }: Operation): boolean {
  if (!e.hasFreePlaces(out)) return true
  // An operand that broadcasts along the channels reaches the free places.
  const reaches = ({ shape }: Value) => shape.length === 0 || shape[shape.length - 1] !== out.shape[3]
  switch (kernel) {
    case 'ClipByValue':
      return (attributes.minimum as number) <= 0 && (attributes.maximum as number) >= 0
    case 'Step':
      return attributes.alpha === 0
    case 'Multiply':
      return true
    case 'RealDiv':
      return !reaches(inputs[0]) && reaches(inputs[1])
    default:
      return KEEPS_ZEROS.has(kernel) && !inputs.some(reaches)
  }
}

function inLayout(e: Emitter, operation: Operation, emit: Emit): { layout: Layout; name: string } {
  const { inputs, outputs } = operation
  const [out] = outputs
  const isFull = (value: Value) => sameShape(value.shape, out.shape)
  const cheapest = e.layoutFor(out, inputs.filter(isFull))
  const layout = cheapest === 'blocked' && !leavesFreePlaces(e, operation) ? 'nchw' : cheapest
  if (layout === 'plain')
    return {
      layout,
      name: emit(
        e,
        inputs.map((value) => e.as(value, 'plain')),
        operation,
      ),
    }
  const scalar = (value: Value) => sizeOf(value.shape) === 1
  if (layout === 'blocked') {
    const blocks = e.blocks(out)
    const small = inputs.filter((value) => !isFull(value) && !scalar(value))
    const views = small.length > 0 ? blockedViews(e, out, small) : undefined
    if (small.length === 0)
      return {
        layout,
        name: emit(
          e,
          inputs.map((value) => (isFull(value) ? e.as(value, 'blocked', blocks) : single(e, value))),
          operation,
        ),
      }
    if (views) {
      const operands = inputs.map((value) => {
        if (isFull(value)) return e.reshape(e.as(value, 'blocked', blocks), views.full, value)
        return scalar(value)
          ? single(e, value)
          : smallBlocked(e, value, views.small[small.indexOf(value)], out)
      })
      const [n, h, w] = out.shape
      return { layout, name: e.reshape(emit(e, operands, operation), [n, e.places(out), h, w], out) }
    }
  }
  return {
    layout: 'nchw',
    name: emit(
      e,
      inputs.map((value) => (isFull(value) ? e.as(value, 'nchw') : smallNchw(e, value))),
      operation,
    ),
  }
}

/** A tensor of one element, of any rank, as a scalar that broadcasts against any layout. */
const single = (e: Emitter, value: Value): string =>
  value.shape.length === 0 ? e.as(value, 'plain') : e.reshape(e.as(value, 'plain'), [1], value)

const elementwise =
  (emit: Emit): Lowering =>
  (e, operation) => {
    const { layout, name } = inLayout(e, operation, emit)
    e.put(operation.outputs[0], layout, name)
  }

const DATA_TYPE = { float32: 1, int32: 6, bool: 9 }
const floor: Emit = (e, operands, { outputs }) => {
  const quotient = e.node('Div', operands)
  return outputs[0].dtype === 'float32' ? e.node('Floor', [quotient]) : quotient
}

/** 1 where x > 0, otherwise alpha. The usual alpha 0 takes one vectorised pass; comparing and casting is four times slower. */
const step: Emit = (e, [x], { attributes }) => {
  const alpha = attributes.alpha as number
  const positive = e.node('HardSigmoid', [x], { alpha: { float: 1e30 }, beta: { float: 0 } })
  return alpha === 0
    ? positive
    : e.node('Add', [e.node('Mul', [positive, e.scalar(1 - alpha)]), e.scalar(alpha)])
}

/** The mask of a ReLU is computed from its output if that exists, so that its input need not be kept. */
const stepOfRelu: Lowering = (e, operation, recording) => {
  const [x] = operation.inputs
  const relu = recording.find('Relu', x)
  const source = relu && e.computed(relu) ? relu : x
  const { layout, name } = inLayout(e, { ...operation, inputs: [source] }, step)
  e.put(operation.outputs[0], layout, name)
}

export const ELEMENTWISE: Record<string, Lowering> = {
  Abs: elementwise(op('Abs')),
  Add: elementwise(op('Add')),
  // A chain of Add: ONNX's Sum is slower, and each Add may be fused with the convolution before it.
  AddN: elementwise((e, operands) => operands.reduce((a, b) => e.node('Add', [a, b]))),
  Atan: elementwise(op('Atan')),
  Cast: elementwise((e, [x], { outputs }) => e.node('Cast', [x], { to: DATA_TYPE[outputs[0].dtype] })),
  Ceil: elementwise(op('Ceil')),
  ClipByValue: elementwise((e, [x], { attributes }) =>
    e.node('Clip', [x, e.scalar(attributes.minimum as number), e.scalar(attributes.maximum as number)]),
  ),
  Equal: elementwise(op('Equal')),
  Exp: elementwise(op('Exp')),
  Floor: elementwise(op('Floor')),
  FloorDiv: elementwise(floor),
  Greater: elementwise(op('Greater')),
  GreaterEqual: elementwise(op('GreaterOrEqual')),
  Identity: elementwise((_, [x]) => x),
  LeakyRelu: elementwise((e, [x], { attributes }) =>
    e.node('LeakyRelu', [x], { alpha: { float: attributes.alpha as number } }),
  ),
  Less: elementwise(op('Less')),
  LessEqual: elementwise(op('LessOrEqual')),
  Log: elementwise(op('Log')),
  LogicalAnd: elementwise(op('And')),
  LogicalNot: elementwise(op('Not')),
  LogicalOr: elementwise(op('Or')),
  Maximum: elementwise(op('Max')),
  Minimum: elementwise(op('Min')),
  Multiply: elementwise(op('Mul')),
  Neg: elementwise(op('Neg')),
  NotEqual: elementwise((e, operands) => e.node('Not', [e.node('Equal', operands)])),
  Pow: elementwise(op('Pow')),
  RealDiv: elementwise(op('Div')),
  Relu: elementwise(op('Relu')),
  Relu6: elementwise((e, [x]) => e.node('Clip', [x, e.scalar(0), e.scalar(6)])),
  Rsqrt: elementwise((e, [x]) => e.node('Reciprocal', [e.node('Sqrt', [x])])),
  Select: elementwise(op('Where')),
  Sigmoid: elementwise(op('Sigmoid')),
  Softplus: elementwise(op('Softplus')),
  Sqrt: elementwise(op('Sqrt')),
  Square: elementwise((e, [x]) => e.node('Mul', [x, x])),
  SquaredDifference: elementwise((e, operands) => {
    const difference = e.node('Sub', operands)
    return e.node('Mul', [difference, difference])
  }),
  Step: stepOfRelu,
  Sub: elementwise(op('Sub')),
  Tanh: elementwise(op('Tanh')),
}
