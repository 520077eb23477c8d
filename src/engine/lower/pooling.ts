/** Lowers pools and their gradients, and enlargement. Average pools do not count padding, as in TensorFlow. */
import { type Emitter, NCHWC } from './emitter.js'
import type { Lowering } from './table.js'
import { conv, isPointwise, mirrored, plane, subsample, windowAttributes, windowOf } from './window.js'

const pool =
  (op: 'AveragePool' | 'MaxPool', extra: Record<string, number>): Lowering =>
  (e, { inputs: [x], outputs: [y], attributes }) => {
    const window = windowOf(attributes)
    const layout = e.fastest(x)
    if (isPointwise(window)) {
      const [, height, width] = y.shape
      e.put(y, layout, subsample(e, plane(e, x, layout), [0, 0], window.strides, height, width, x).name)
      return
    }
    const { dilations, ...rest } = windowAttributes(window)
    const attrs = op === 'MaxPool' ? { ...rest, dilations, ...extra } : { ...rest, ...extra }
    e.put(y, layout, e.node(op, [e.as(x, layout)], attrs, layout === 'blocked' ? NCHWC : ''))
  }

/**
 * Every output pixel distributes its gradient evenly over its window: a depthwise convolution with equal weights. The
 * divisor is the size of the whole window, at the edges too, as in TensorFlow.js's kernel of this name. (That is the
 * true gradient only without padding; models/pooling.ts uses it in this way.)
 */
const averageGradient: Lowering = (e, { inputs: [dy], outputs: [dx], attributes }) => {
  const window = windowOf(attributes)
  const [kh, kw] = window.kernel
  const layout = e.fastest(dx)
  const { source, window: back } = mirrored(e, plane(e, dy, layout), window, dx, dy)
  if (isPointwise(back)) {
    e.put(dx, layout, source.name)
    return
  }
  const { channels } = source
  const shape = [channels, 1, kh, kw]
  const shares = e.sharedConstant(`equal shares [${shape}]`, shape, () =>
    new Float32Array(channels * kh * kw).fill(1 / (kh * kw)),
  )
  e.put(dx, layout, conv(e, [source.name, shares], back, channels, layout))
}

/**
 * The gradient goes to the first maximum of each window, and is summed where windows overlap. The maximum of a window is
 * computed along its rows, then along its columns, which visits 2k instead of k² pixels. The first of the rows' first
 * maxima is the first maximum in reading order.
 */
const maximumGradient: Lowering = (e, { inputs: [dy, x], outputs: [dx], attributes }) => {
  const { kernel, strides, dilations, pads } = windowOf(attributes)
  const [top, left, bottom, right] = pads
  const [batch, height, width, channels] = dx.shape
  const [rowMaxima, alongRows] = e.nodesOutputs(
    'MaxPool',
    [e.as(x, 'nchw')],
    windowAttributes({
      kernel: [1, kernel[1]],
      strides: [1, strides[1]],
      dilations: [1, dilations[1]],
      pads: [0, left, 0, right],
    }),
    '',
    2,
  )
  const [, alongColumns] = e.nodesOutputs(
    'MaxPool',
    [rowMaxima],
    windowAttributes({
      kernel: [kernel[0], 1],
      strides: [strides[0], 1],
      dilations: [dilations[0], 1],
      pads: [top, 0, bottom, 0],
    }),
    '',
    2,
  )
  const places = e.node('GatherElements', [flatten(e, alongRows), flatten(e, alongColumns)], { axis: 0 })
  const zeros = e.node('ConstantOfShape', [e.ints([batch * channels * height * width])])
  const flat = e.node('ScatterElements', [zeros, places, flatten(e, e.as(dy, 'nchw'))], {
    axis: 0,
    reduction: 'add',
  })
  e.put(dx, 'nchw', e.node('Reshape', [flat, e.ints([batch, channels, height, width])]))
}

const flatten = (e: Emitter, name: string) => e.node('Reshape', [name, e.ints([-1])])

/** Every pixel becomes a block of equal ones. */
const enlargement: Lowering = (e, { inputs: [x], outputs: [y], attributes }) => {
  const scales = [1, 1, ...(attributes.factors as number[])]
  if (e.blockable(x)) {
    e.put(y, 'blocked', e.node('Upsample', [e.as(x, 'blocked')], { scales, mode: 'nearest' }, NCHWC))
    return
  }
  // The second input, a region of interest, belongs to another mode and is left out.
  const operands = [e.as(x, 'nchw'), '', e.constant('float32', [4], Float32Array.from(scales))]
  const rounding = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  e.put(y, 'nchw', e.node('Resize', operands, { mode: 'nearest', ...rounding }))
}

export const POOLING: Record<string, Lowering> = {
  AvgPool: pool('AveragePool', { count_include_pad: 0 }),
  AvgPoolGrad: averageGradient,
  MaxPool: pool('MaxPool', { storage_order: 0 }),
  MaxPoolGrad: maximumGradient,
  ResizeNearestNeighbor: enlargement,
}
