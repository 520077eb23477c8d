import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { dilatedConvolution } from '../../models/dilated-convolution.js'
import {
  averagePool,
  eagerContext,
  factorizedReduction,
  maxPool,
  OPERATION_NAMES,
  OPERATIONS,
  type OperationName,
  sharedOperations,
} from '../../models/index.js'
import { assertClose, assertGradient, normals } from '../helpers/models/numeric.js'

const batchNorm = { decay: 0.9, epsilon: 1e-3 }
const norm = (filters: number) => 4 * filters

/** Parameters of each operation from C to F channels, written out from the search space's definition. */
const expected: Record<OperationName, (c: number, f: number, stride: number) => number> = {
  identity: (c, f, stride) => (c === f && stride === 1 ? 0 : c * f + norm(f)),
  conv_1x3_3x1: (c, f) => 3 * c * f + norm(f) + 3 * f * f + norm(f),
  conv_1x7_7x1: (c, f) => 7 * c * f + norm(f) + 7 * f * f + norm(f),
  dilated_conv_3x3: (c, f) => 9 * c * f + norm(f),
  avg_pool_3x3: (c, f) => (c === f ? 0 : c * f + norm(f)),
  max_pool_3x3: (c, f) => (c === f ? 0 : c * f + norm(f)),
  max_pool_5x5: (c, f) => (c === f ? 0 : c * f + norm(f)),
  max_pool_7x7: (c, f) => (c === f ? 0 : c * f + norm(f)),
  conv_1x1: (c, f) => c * f + norm(f),
  conv_3x3: (c, f) => 9 * c * f + norm(f),
  sep_conv_3x3: (c, f) => 9 * c + c * f + norm(f) + 9 * f + f * f + norm(f),
  sep_conv_5x5: (c, f) => 25 * c + c * f + norm(f) + 25 * f + f * f + norm(f),
  sep_conv_7x7: (c, f) => 49 * c + c * f + norm(f) + 49 * f + f * f + norm(f),
}

function apply(name: OperationName, x: tf.Tensor4D, filters: number, stride: number) {
  const ctx = eagerContext({ seed: 1, training: true })
  const result = OPERATIONS[name](x, { ctx, filters, stride, batchNorm, shared: sharedOperations() })
  return { result, parameters: ctx.parameters }
}

for (const name of OPERATION_NAMES)
  test(`${name}: shapes and parameters at every stride and width`, () => {
    for (const stride of [1, 2])
      for (const [channels, filters] of [
        [4, 4],
        [4, 6],
        [6, 3],
      ]) {
        const x = normals<tf.Rank.R4>('x', [2, 7, 6, channels])
        const { result, parameters } = apply(name, x, filters, stride)
        assert.deepEqual(result.shape, [2, Math.ceil(7 / stride), Math.ceil(6 / stride), filters])
        const total = [...parameters.values()].reduce((sum, { variable }) => sum + variable.size, 0)
        assert.equal(total, expected[name](channels, filters, stride))
      }
  })

test('parameters are named by what they are', () => {
  const { parameters } = apply('sep_conv_5x5', tf.ones([1, 4, 4, 3]), 6, 2)
  const shapes = [...parameters].map(([path, { spec }]) => [path, spec.shape, spec.role] as const)
  assert.deepEqual(shapes.slice(0, 4), [
    ['separable_1/depthwise', [5, 5, 3, 1], 'weight'],
    ['separable_1/pointwise', [1, 1, 3, 6], 'weight'],
    ['separable_1/batch_norm/gamma', [6], 'bias'],
    ['separable_1/batch_norm/beta', [6], 'bias'],
  ])
})

test('the second convolution of a separable pair sees negative numbers cut off', () => {
  // A batch norm that answers −1 everywhere must leave nothing for the second convolution.
  const ctx = eagerContext({
    seed: 1,
    initial: ({ path, shape }) => {
      const size = tf.util.sizeFromShape(shape)
      if (path === 'separable_1/batch_norm/beta') return new Float32Array(size).fill(-1)
      return new Float32Array(size).fill(path === 'separable_1/batch_norm/gamma' ? 0 : 1)
    },
  })
  const shared = sharedOperations()
  const x = normals<tf.Rank.R4>('x', [1, 4, 4, 2])
  const result = OPERATIONS.sep_conv_3x3(x, { ctx, filters: 2, stride: 1, batchNorm, shared })
  // What is left is the second batch norm of zero: beta − mean · gamma / √(variance + ε), all of them 1.
  assertClose(result, tf.fill([1, 4, 4, 2], 1 - 1 / Math.sqrt(1 + batchNorm.epsilon)), 1e-3)
})

const sizes: [number, number][] = [
  [6, 6],
  [7, 7],
  [5, 8],
  [2, 3],
  [1, 1],
]

test('dilated convolution, forward and gradients, equals one whose kernel is filled up with zeros', () => {
  const kernel = normals<tf.Rank.R4>('kernel', [3, 3, 3, 2])
  const spread = (kernel: tf.Tensor4D) => {
    const zero = tf.zerosLike(tf.slice(kernel, [0, 0, 0, 0], [1, 3, 3, 2]))
    const rows = tf.split(kernel, 3, 0)
    const tall = tf.concat([rows[0], zero, rows[1], zero, rows[2]], 0)
    const columns = tf.split(tall, 3, 1)
    const gap = tf.zerosLike(columns[0])
    return tf.concat([columns[0], gap, columns[1], gap, columns[2]], 1) as tf.Tensor4D
  }
  for (const [height, width] of sizes)
    for (const stride of [1, 2]) {
      const what = `${height}×${width}, stride ${stride}`
      const x = normals<tf.Rank.R4>(what, [2, height, width, 3])
      const ours = (x: tf.Tensor, k: tf.Tensor) =>
        dilatedConvolution(x as tf.Tensor4D, k as tf.Tensor4D, stride, 2) as tf.Tensor
      const plain = (x: tf.Tensor, k: tf.Tensor) =>
        tf.conv2d(x as tf.Tensor4D, spread(k as tf.Tensor4D), stride, 'same') as tf.Tensor
      const y = ours(x, kernel)
      assertClose(y, plain(x, kernel), 1e-5, what)
      const dy = normals<tf.Rank.R4>('dy', y.shape as [number, number, number, number])
      const got = tf.grads(ours)([x, kernel], dy)
      const want = tf.grads(plain)([x, kernel], dy)
      assertClose(got[0], want[0], 1e-5, `gradient of x, ${what}`)
      assertClose(got[1], want[1], 1e-5, `gradient of the kernel, ${what}`)
    }
})

test('average pool does not count padding, forward or backward', () => {
  const ones = averagePool(tf.ones([1, 5, 4, 1]), 3, 2)
  assertClose(ones, tf.onesLike(ones), 1e-6)
  for (const [height, width] of sizes)
    for (const stride of [1, 2]) {
      const x = normals<tf.Rank.R4>('x', [2, height, width, 2])
      // Linear, so that a long step measures exactly.
      const options = { step: 1, tolerance: 1e-4 }
      assertGradient((x) => averagePool(x as tf.Tensor4D, 3, stride), [x], options)
    }
})

test('max pool ignores padding, also among negative numbers', () => {
  const x = tf.fill<tf.Rank.R4>([1, 5, 4, 1], -3)
  for (const size of [3, 5, 7]) assertClose(maxPool(x, size, 2), tf.fill([1, 3, 2, 1], -3), 0)
})

test('factorized reduction reads the pixels at even places first, those right below them second', () => {
  for (const [height, width] of sizes) {
    const x = normals<tf.Rank.R4>('x', [1, height, width, 1])
    const ctx = eagerContext({
      seed: 0,
      initial: ({ path, shape }) =>
        new Float32Array(tf.util.sizeFromShape(shape)).fill(/beta|mean/.test(path) ? 0 : 1),
    })
    const y = factorizedReduction(ctx, x, { filters: 2, batchNorm: { decay: 0.9, epsilon: 0 } })
    const pixels = x.arraySync()
    const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)]
    const want = tf.tidy(() => {
      const at = (row: number, column: number) => pixels[0][row]?.[column]?.[0] ?? 0
      const values = Array.from({ length: rows * columns }, (_, i) => {
        const [row, column] = [2 * Math.floor(i / columns), 2 * (i % columns)]
        return [at(row, column), at(row + 1, column + 1)]
      })
      return tf.tensor4d(values.flat(), [1, rows, columns, 2])
    })
    assertClose(y, want, 1e-6, `${height}×${width}`)
  }
})

test('what has no weights is computed once for a tensor', () => {
  const shared = sharedOperations()
  const x = normals<tf.Rank.R4>('x', [1, 3, 3, 1])
  assert.equal(shared.relu(x), shared.relu(x))
  assert.equal(shared.averagePool(x, 3, 1), shared.averagePool(x, 3, 1))
  assert.notEqual(shared.averagePool(x, 3, 1), shared.averagePool(x, 3, 2))
  assert.notEqual(shared.maxPool(x, 3, 1), shared.maxPool(x, 5, 1))
  assert.notEqual(shared.relu(x), shared.relu(tf.clone(x)))
})
