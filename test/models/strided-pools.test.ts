/** Pools with a stride whose padding counts, as in Keras and timm: against arithmetic, compiled, and in sessions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  averagePool,
  eagerContext,
  maxPool,
  type StridedPools,
  sharedOperations,
} from '../../models/index.js'
import { blockSize, compile, openSession, trace } from '../../src/engine/index.js'
import { detectorOf } from '../../src/train/detection/network.js'
import {
  assertClose as assertSameResults,
  compiled,
  drawn,
  eagerly,
  withGradients,
} from '../helpers/engine/compare.js'
import { assertClose, assertGradient, normals } from '../helpers/models/numeric.js'
import { tinyDetector } from '../helpers/train/detection/tiny-detector.js'

const sizes: [number, number][] = [
  [6, 6],
  [7, 7],
  [5, 8],
  [2, 3],
  [1, 1],
]

/** The numbers in each window, row by row; in the place of padding, nothing or zeros. */
function windows(x: tf.Tensor4D, size: number, stride: number, zeros: boolean): number[][][] {
  const [, height, width] = x.shape
  const pixels = x.arraySync()[0]
  const outside = zeros ? [0] : []
  const [rows, columns] = [height, width].map((length) => {
    const outputs = Math.ceil(length / stride)
    const padding = Math.max((outputs - 1) * stride + size - length, 0)
    return { outputs, before: Math.floor(padding / 2) }
  })
  const taps = Array.from({ length: size }, (_, tap) => tap)
  return Array.from({ length: rows.outputs }, (_, i) =>
    Array.from({ length: columns.outputs }, (_, j) =>
      taps.flatMap((row) =>
        taps.flatMap(
          (column) =>
            pixels[i * stride - rows.before + row]?.[j * stride - columns.before + column] ?? outside,
        ),
      ),
    ),
  )
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Which padding counts. */
const counted: [StridedPools | undefined, { average: boolean; max: boolean }][] = [
  [undefined, { average: false, max: false }],
  ['slim', { average: false, max: false }],
  ['keras', { average: true, max: true }],
  ['timm', { average: true, max: false }],
]

for (const [pools, { average, max }] of counted)
  test(`${pools ?? 'by default'}: averages and maxima over windows with ${average ? 'zeros' : 'nothing'} and ${max ? 'zeros' : 'nothing'} outside`, () => {
    for (const [height, width] of sizes)
      for (const size of [3, 5, 7])
        for (const stride of [1, 2]) {
          // Mostly negative, so that zeros are maxima.
          const x = tf.sub(normals<tf.Rank.R4>('x', [1, height, width, 1]), 1) as tf.Tensor4D
          const what = `${height}×${width}, ${size}×${size}, stride ${stride}`
          const expected = (zeros: boolean, of: (values: number[]) => number) => {
            const rows = windows(x, size, stride, zeros && stride > 1).map((row) => row.map(of))
            return tf.tensor4d(rows.flat(), [1, rows.length, rows[0].length, 1])
          }
          assertClose(averagePool(x, size, stride, pools), expected(average, mean), 1e-6, `mean, ${what}`)
          const largest = (values: number[]) => Math.max(...values)
          assertClose(maxPool(x, size, stride, pools), expected(max, largest), 0, `maximum, ${what}`)
        }
  })

test('gradients where padding counts fit differences', () => {
  for (const pools of ['keras', 'timm'] as const)
    for (const [height, width] of sizes) {
      const x = normals<tf.Rank.R4>('x', [2, height, width, 2])
      // Averages are linear, so that a long step measures exactly; maxima are so within a short one.
      const linear = { step: 1, tolerance: 1e-4 }
      assertGradient((x) => averagePool(x as tf.Tensor4D, 3, 2, pools), [x], linear)
      const short = { step: 1e-3, tolerance: 1e-2 }
      assertGradient((x) => maxPool(x as tf.Tensor4D, 3, 2, pools), [x], short)
    }
})

test('the operations of a network pool as it is set', () => {
  const x = tf.fill<tf.Rank.R4>([1, 4, 4, 1], -1)
  const corner = (pools?: StridedPools) => {
    const shared = sharedOperations(pools)
    const results = [shared.maxPool(x, 3, 2), shared.averagePool(x, 3, 2), shared.averagePool(x, 3, 1)]
    return results.map((result) => Number((result.dataSync().at(-1) as number).toFixed(4)))
  }
  assert.deepEqual(corner(), [-1, -1, -1])
  assert.deepEqual(corner('keras'), [0, -0.4444, -1])
  assert.deepEqual(corner('timm'), [-1, -0.4444, -1])
})

test('a detector has the pools of its backbone in both stages', () => {
  const { backbone, detector } = tinyDetector()
  const outputs = (stridedPools?: StridedPools) => {
    const { firstStage, secondStage } = detectorOf({ backbone: { ...backbone, stridedPools }, detector }, 2)
    const ctx = eagerContext({ seed: 3 })
    const { imageSize, maps } = firstStage(ctx, normals<tf.Rank.R4>('images', [1, 64, 64, 3]))
    const boxes = tf.tensor3d([[[4, 4, 40, 40]]])
    // The same features for the second stage, whatever the pools of the first.
    const drawn = maps.map((map, i) => ({
      ...map,
      tensor: normals<tf.Rank.R4>(`map ${i}`, map.tensor.shape),
    }))
    const features = { imageSize, maps: drawn }
    return [maps[1].tensor, secondStage(ctx, features, boxes).logits].map((y) => Array.from(y.dataSync()))
  }
  const [slim, keras] = [outputs(), outputs('keras')]
  assert.deepEqual(outputs('slim'), slim)
  for (const stage of [0, 1]) assert.notDeepEqual(keras[stage], slim[stage])
})

test('compiled equals eager, forward and gradient, in every layout', async () => {
  for (const pools of ['keras', 'timm'] as const)
    for (const pool of [averagePool, maxPool])
      for (const channels of [3, 16])
        for (const [height, width] of sizes) {
          const given = { x: drawn([2, height, width, channels], height) }
          const f = withGradients(({ x }) => pool(tf.sub(tf.mul(x, 2), 1) as tf.Tensor4D, 3, 2, pools), ['x'])
          const expected = await eagerly(f, given)
          for (const block of new Set([0, await blockSize()])) {
            const what = `${pool.name}, ${pools}, ${height}×${width}×${channels}, block ${block}`
            assertSameResults(await compiled(f, given, block), expected, 1e-5, what)
          }
        }
})

test('a session that optimizes its graph answers the same, at any batch size', async () => {
  // The pools apart and side by side: an optimizer may merge padding into the pool behind it.
  const parts = [[averagePool], [maxPool], [averagePool, maxPool]]
  for (const pools of ['keras', 'timm'] as const)
    for (const part of parts)
      for (const [height, width] of [
        [8, 8],
        [9, 7],
      ]) {
        const channels = 16
        const weights = drawn([1, 1, channels, channels], 1)
        const f = ({ x }: Record<string, tf.Tensor>) => {
          const kernel = tf.tensor4d(Array.from(weights.data), [1, 1, channels, channels])
          const features = tf.sub(tf.conv2d(x as tf.Tensor4D, kernel, 1, 'same'), 1) as tf.Tensor4D
          return {
            y: tf.concat(
              part.map((pool) => pool(features, 3, 2, pools)),
              3,
            ),
          }
        }
        const traced = trace((tracer) =>
          f({ x: tracer.input('x', [10007, height, width, channels], 'float32', true) }),
        )
        const { model } = compile(traced, { symbolicBatch: 10007 })
        const session = await openSession(model, { optimize: true })
        for (const batch of [1, 3]) {
          const { shape, data } = drawn([batch, height, width, channels], batch)
          const expected = await eagerly(f, { x: { shape, data } })
          const { y } = await session.run({ x: { type: 'float32', shape, data: Float32Array.from(data) } })
          const results = { y: { shape: [...y.shape], data: Array.from(y.data as Float32Array) } }
          assertSameResults(
            results,
            expected,
            1e-5,
            `${part.map(({ name }) => name)}, ${pools}, batch ${batch}`,
          )
        }
        await session.close()
      }
})
