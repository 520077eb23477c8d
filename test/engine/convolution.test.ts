import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { blockSize } from '../../src/engine/index.js'
import {
  assertClose,
  assertSameAsEager,
  compiled,
  drawn,
  eagerly,
  type Given,
  withGradients,
} from '../helpers/engine/compare.js'

/** Relative error against TensorFlow.js's CPU backend, forward and gradient. */
const TOLERANCE = 1e-4

const window = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 3, max: 12 }),
  width: fc.integer({ min: 3, max: 12 }),
  kernel: fc.constantFrom([1, 1], [3, 3], [5, 5], [7, 7], [1, 3], [3, 1], [1, 7], [2, 2]),
  stride: fc.constantFrom(1, 2, 3),
  pad: fc.constantFrom('same' as const, 'valid' as const),
  seed: fc.nat(1000),
})

/** Widths that blocks divide, widths they do not, and images of three channels. */
const channels = fc.constantFrom(1, 3, 5, 11, 16, 22, 24, 32, 44, 48)

const check = (
  f: (inputs: Record<string, tf.Tensor>) => tf.Tensor,
  given: Record<string, Given>,
  what: string,
) => assertSameAsEager(withGradients(f, Object.keys(given)), given, TOLERANCE, what)

const fits = (drawnWindow: { pad: string; height: number; width: number; kernel: readonly number[] }) =>
  drawnWindow.pad === 'same' ||
  (drawnWindow.height >= drawnWindow.kernel[0] && drawnWindow.width >= drawnWindow.kernel[1])

test('convolutions and their gradients equal TensorFlow.js’s', async () => {
  const property = fc.asyncProperty(window, channels, channels, async (w, i, o) => {
    fc.pre(fits(w))
    const given = {
      x: drawn([w.batch, w.height, w.width, i], w.seed),
      f: drawn([w.kernel[0], w.kernel[1], i, o], w.seed + 1),
    }
    // A ReLU before it puts x into the layout of its neighbours, as in a network.
    await check(
      ({ x, f }) => tf.conv2d(tf.relu(x) as tf.Tensor4D, f as tf.Tensor4D, w.stride, w.pad),
      given,
      JSON.stringify({ ...w, i, o }),
    )
  })
  await fc.assert(property, { numRuns: 40, seed: 1 })
})

test('depthwise convolutions and their gradients equal TensorFlow.js’s', async () => {
  const property = fc.asyncProperty(window, channels, async (w, c) => {
    fc.pre(fits(w))
    const given = {
      x: drawn([w.batch, w.height, w.width, c], w.seed),
      f: drawn([w.kernel[0], w.kernel[1], c, 1], w.seed + 1),
    }
    await check(
      ({ x, f }) => tf.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, w.stride, w.pad),
      given,
      JSON.stringify({ ...w, c }),
    )
  })
  await fc.assert(property, { numRuns: 40, seed: 2 })
})

test('dilated convolutions forward equal TensorFlow.js’s', async () => {
  for (const c of [3, 32]) {
    const given = { x: drawn([2, 9, 8, c], 5), f: drawn([3, 3, c, 16], 6) }
    const f = (inputs: Record<string, tf.Tensor>) => ({
      y: tf.conv2d(inputs.x as tf.Tensor4D, inputs.f as tf.Tensor4D, 1, 'same', 'NHWC', 2),
    })
    const expected = await eagerly(f, given)
    for (const block of [0, await blockSize()])
      assertClose(await compiled(f, given, block), expected, TOLERANCE, `dilated ${c}`)
  }
})

test('pools and their gradients equal TensorFlow.js’s', async () => {
  const property = fc.asyncProperty(window, channels, fc.boolean(), async (w, c, average) => {
    fc.pre(fits(w))
    const given = { x: drawn([w.batch, w.height, w.width, c], w.seed) }
    const size = [w.kernel[0], w.kernel[1]] as [number, number]
    const pool = average ? tf.avgPool : tf.maxPool
    await check(
      ({ x }) => pool(tf.mul(x, 2) as tf.Tensor4D, size, w.stride, w.pad),
      given,
      JSON.stringify({ ...w, c, average }),
    )
  })
  await fc.assert(property, { numRuns: 50, seed: 3 })
})

test('of equal maxima, the first one row by row gets the gradient, as in TensorFlow.js', async () => {
  for (const [size, stride] of [
    [3, 1],
    [5, 2],
    [7, 1],
  ]) {
    const x = drawn([2, 9, 8, 16], size)
    // Few values, so that most windows hold their maximum more than once.
    const given = { x: { ...x, data: Float32Array.from(x.data, (value) => Math.round(value)) } }
    await check(
      ({ x }) => tf.maxPool(x as tf.Tensor4D, size, stride, 'same'),
      given,
      `${size} × ${size}, stride ${stride}`,
    )
  }
})

test('a convolution in NCHW is refused with advice', async () => {
  const given = { x: drawn([1, 3, 8, 8], 1), f: drawn([3, 3, 3, 4], 2) }
  const f = (inputs: Record<string, tf.Tensor>) => ({
    y: tf.conv2d(inputs.x as tf.Tensor4D, inputs.f as tf.Tensor4D, 1, 'same', 'NCHW'),
  })
  await assert.rejects(compiled(f, given, 0), /use NHWC/)
})
