/** Every other kernel, in networks' company (a convolution before it, so that tensors lie blocked) and alone. */
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { assertSameAsEager, drawn, type Given, withGradients } from '../helpers/engine/compare.js'

const TOLERANCE = 1e-4
type Inputs = Record<string, tf.Tensor>

const check = (what: string, f: (inputs: Inputs) => Inputs, given: Record<string, Given>) =>
  assertSameAsEager(f, given, TOLERANCE, what)

/** 16 and 32 channels lie in blocks after a convolution, 5 never do. */
const WIDTHS = [5, 16, 32]
const given = (c: number) => ({ x: drawn([2, 6, 4, 3], 11), f: drawn([3, 3, 3, c], 12) })
const convolved = ({ x, f }: Inputs) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same')

const vector = (c: number) => tf.tensor1d(Float32Array.from({ length: c }, (_, i) => Math.cos(i) + 1.5))
const shaped = (shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7) + 2),
    shape,
  )

const AFTER_A_CONVOLUTION: Record<string, (y: tf.Tensor4D, c: number) => tf.Tensor> = {
  'unary functions': (y) =>
    tf.addN([
      tf.abs(y),
      tf.exp(tf.neg(y)),
      tf.sigmoid(y),
      tf.tanh(y),
      tf.atan(y),
      tf.square(y),
      tf.relu(y),
      tf.relu6(tf.mul(y, 4)),
      tf.leakyRelu(y, 0.2),
      tf.softplus(y),
    ]),
  'roots and logarithms': (y) =>
    tf.add(tf.rsqrt(tf.add(tf.square(y), 1)), tf.log(tf.add(tf.abs(y), tf.sqrt(tf.add(tf.square(y), 0.5))))),
  'broadcast of a vector': (y, c) => tf.div(tf.mul(y, vector(c)), tf.add(vector(c), 1)),
  'broadcast of a scalar': (y) => tf.sub(tf.mul(y, 3), 0.5),
  'broadcast for each image': (y) => tf.mul(y, shaped([2, 1, 1, 1])),
  'broadcast for each pixel': (y) => tf.mul(y, shaped([1, 6, 4, 1])),
  'broadcast for each row': (y) => tf.add(y, shaped([1, 6, 1, 1])),
  'broadcast for image and channel': (y, c) => tf.mul(y, shaped([2, 1, 1, c])),
  'broadcast of a whole image': (y, c) => tf.mul(y, shaped([6, 4, c])),
  'maximum and minimum': (y) => tf.sub(tf.maximum(y, 0.1), tf.minimum(y, tf.mul(y, 0.5))),
  'powers and clipping': (y) => tf.add(tf.pow(tf.abs(y), 1.5), tf.clipByValue(y, -0.3, 0.4)),
  'squared difference': (y) => tf.squaredDifference(y, tf.mul(y, tf.relu(y))),
  'mean over pixels': (y) => tf.mean(y, [1, 2]),
  'sum over pixels, kept': (y) => tf.sum(y, [1, 2], true),
  'mean over channels': (y) => tf.mean(y, [3]),
  'sum over rows': (y) => tf.sum(y, [1]),
  'sum over images and pixels': (y) => tf.sum(y, [0, 1, 2]),
  'sum of everything': (y) => tf.sum(tf.square(y)),
  'maximum over pixels': (y) => tf.max(y, [1, 2]),
  'concatenation of channels': (y) => tf.concat([y, tf.relu(y), y], 3),
  'concatenation of images': (y) => tf.concat([y, tf.relu(y)], 0),
  'concatenation of rows': (y) => tf.concat([y, tf.relu(y)], 1),
  'slice of channels': (y, c) =>
    tf.slice(y, [0, 0, 0, c - Math.floor(c / 2)], [-1, -1, -1, Math.floor(c / 2)]),
  'slice of pixels and images': (y) => tf.slice(y, [1, 1, 1, 0], [1, 4, 3, -1]),
  'padding of pixels': (y) =>
    tf.pad(y, [
      [0, 0],
      [1, 2],
      [0, 1],
      [0, 0],
    ]),
  'padding of channels': (y) =>
    tf.pad(y, [
      [0, 0],
      [0, 0],
      [0, 0],
      [2, 16],
    ]),
  'split of channels': (y, c) => {
    const [a, b] = tf.split(y, [1, c - 1], 3)
    return tf.mul(a, b)
  },
  'reshape and transpose': (y) => tf.transpose(tf.reshape(y, [2, 24, -1]), [0, 2, 1]),
  'tile and stack': (y) => tf.stack([tf.tile(y, [1, 2, 1, 1]), tf.tile(tf.relu(y), [1, 2, 1, 1])], 1),
  unstack: (y) => tf.mul(...(tf.unstack(y, 0) as [tf.Tensor, tf.Tensor])),
  'softmax over channels': (y) => tf.softmax(y),
  'log softmax over channels': (y) => tf.logSoftmax(y),
  reverse: (y) => tf.reverse(y, [1, 3]),
  'sum of products': (y) => tf.add(tf.mul(y, tf.sigmoid(y)), tf.mul(y, y)),
}

/** TensorFlow.js has no gradient for these, or none that leaves its own kernels. */
const FORWARD_ONLY: Record<string, (y: tf.Tensor4D) => tf.Tensor> = {
  select: (y) => tf.where(tf.greater(y, 0), tf.mul(y, 2), tf.div(y, 3)),
  'strided slice': (y) => tf.stridedSlice(y, [0, 5, 0, 0], [2, 0, 4, 5], [1, -2, 2, 1]),
  'gather of channels': (y) => tf.gather(y, tf.tensor1d([4, 0, 2], 'int32'), 3),
  'enlargement by whole factors': (y) => tf.image.resizeNearestNeighbor(y, [12, 12]),
}

for (const [what, f] of Object.entries(FORWARD_ONLY))
  test(`${what}: equals TensorFlow.js’s`, async () => {
    for (const c of WIDTHS)
      await check(`${what}, ${c} channels`, (all) => ({ y: f(convolved(all)) }), given(c))
  })

for (const [what, f] of Object.entries(AFTER_A_CONVOLUTION))
  test(`${what}: forward and gradient equal TensorFlow.js’s`, async () => {
    for (const c of WIDTHS)
      await check(
        `${what}, ${c} channels`,
        withGradients((all) => f(convolved(all), c), ['x', 'f']),
        given(c),
      )
  })

test('matrix products in all four transpositions, of matrices and of batches', async () => {
  for (const lead of [[], [3]])
    for (const [ta, tb] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const operands = {
        a: drawn([...lead, ...(ta ? [5, 4] : [4, 5])], 1),
        b: drawn([...lead, ...(tb ? [6, 5] : [5, 6])], 2),
      }
      await check(
        `${ta} ${tb}`,
        withGradients(({ a, b }) => tf.matMul(a, b, ta, tb), ['a', 'b']),
        operands,
      )
    }
})

test('whole numbers and booleans', async () => {
  const operands = { x: drawn([3, 7], 4), labels: { shape: [3], dtype: 'int32' as const, data: [6, 0, 2] } }
  await check(
    'integers',
    ({ x, labels }) => ({
      best: tf.argMax(x, 1),
      hot: tf.oneHot(labels, 7, 2, -1, 'float32'),
      right: tf.cast(tf.equal(tf.argMax(x, 1), tf.cast(labels, 'int32')), 'float32'),
      counts: tf.sum(tf.cast(tf.logicalOr(tf.logicalNot(tf.less(x, 0)), tf.notEqual(x, x)), 'int32'), 1),
      both: tf.cast(tf.all(tf.logicalAnd(tf.greaterEqual(x, -1), tf.lessEqual(x, 1)), 1), 'int32'),
      any: tf.cast(tf.any(tf.greater(x, 0.9), 1), 'int32'),
      halves: tf.floorDiv(labels, tf.scalar(2, 'int32')),
      floors: tf.add(tf.floor(x), tf.ceil(tf.mul(x, 2))),
      running: tf.cumsum(x, 1),
      zeros: tf.add(tf.zerosLike(x), tf.onesLike(x)),
      filled: tf.add(x, tf.fill([3, 7], 2)),
    }),
    operands,
  )
})
