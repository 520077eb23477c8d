/** Channels that do not fill whole blocks: graphs of any width equal TensorFlow.js's CPU backend, forward and gradient. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { batchNormTrain } from '../../models/batch-norm.js'
import { blockSize, compile, trace } from '../../src/engine/index.js'
import { blockRange, blocksOf, channelsAt, placesOf } from '../../src/engine/lower/blocks.js'
import { assertSameAsEager, drawn, type Given, withGradients } from '../helpers/engine/compare.js'

type Tensors = Record<string, tf.Tensor>

/** Relative error against TensorFlow.js's CPU backend. */
const TOLERANCE = 2e-4

const width = fc.integer({ min: 1, max: 100 })

const check = (f: (inputs: Tensors) => tf.Tensor, given: Record<string, Given>, what: string) =>
  assertSameAsEager(withGradients(f, Object.keys(given)), given, TOLERANCE, what)

const image = (value: tf.Tensor) => value as tf.Tensor4D
const pointwise = (x: tf.Tensor, filter: tf.Tensor) => tf.conv2d(image(x), image(filter), 1, 'same')

/** Filters of a 1 × 1 convolution. Scaled, so that deep graphs keep their numbers near one. */
const filters = (from: number, to: number, seed: number): Given => {
  const { shape, data } = drawn([1, 1, from, to], seed)
  return { shape, data: Float32Array.from(data, (value) => value * Math.sqrt(3 / from)) }
}

test('separable convolutions with batch norm, of any width', async () => {
  const property = fc.asyncProperty(
    width,
    width,
    fc.constantFrom(1, 2),
    fc.nat(1000),
    async (i, o, stride, seed) => {
      const given = {
        x: drawn([2, 6, 5, 3], seed),
        first: filters(3, i, seed + 1),
        depthwise: drawn([3, 3, i, 1], seed + 2),
        second: filters(i, o, seed + 3),
        scale: drawn([o], seed + 4),
        offset: drawn([o], seed + 5),
      }
      await check(
        ({ x, first, depthwise, second, scale, offset }) => {
          const inner = tf.relu(pointwise(x, first))
          const spread = tf.depthwiseConv2d(image(inner), image(depthwise), stride, 'same')
          const [y] = batchNormTrain(
            image(pointwise(spread, second)),
            scale as tf.Tensor1D,
            offset as tf.Tensor1D,
            1e-2,
          )
          return tf.relu(y)
        },
        given,
        JSON.stringify({ i, o, stride, seed }),
      )
    },
  )
  await fc.assert(property, { numRuns: 25, seed: 1 })
})

test('concatenations of states of any widths, as cells make them', async () => {
  const property = fc.asyncProperty(width, width, width, fc.nat(1000), async (a, b, o, seed) => {
    const given = {
      x: drawn([2, 4, 4, 3], seed),
      left: filters(3, a, seed + 1),
      right: filters(3, b, seed + 2),
      mix: filters(a + b, o, seed + 3),
      wide: filters(a + b, a + b, seed + 4),
      depthwise: drawn([3, 3, a + b, 1], seed + 5),
    }
    await check(
      ({ x, left, right, mix, wide, depthwise }) => {
        const states = tf.concat([tf.relu(pointwise(x, left)), pointwise(x, right)], 3)
        // Added to a tensor that has not been concatenated, pooled, and read twice.
        const mixed = tf.add(tf.relu(states), pointwise(states, wide))
        const pooled = tf.add(
          tf.avgPool(image(mixed), 3, 1, 'same'),
          tf.depthwiseConv2d(image(mixed), image(depthwise), 1, 'same'),
        )
        return tf.concat([pointwise(pooled, mix), tf.maxPool(image(states), 3, 1, 'same')], 3)
      },
      given,
      JSON.stringify({ a, b, o, seed }),
    )
  })
  await fc.assert(property, { numRuns: 25, seed: 2 })
})

test('halves of a factorized reduction, slices and splits by channel', async () => {
  const property = fc.asyncProperty(width, width, fc.nat(1000), async (a, b, seed) => {
    const given = {
      x: drawn([2, 6, 6, 3], seed),
      first: filters(3, 8, seed + 1),
      left: filters(8, a, seed + 2),
      right: filters(8, b, seed + 3),
      scale: drawn([a + b], seed + 4),
      offset: drawn([a + b], seed + 5),
    }
    await check(
      ({ x, first, left, right, scale, offset }) => {
        const inner = tf.relu(pointwise(x, first))
        const shifted = tf.pad(tf.slice(inner, [0, 1, 1, 0], [2, 5, 5, 8]), [
          [0, 0],
          [0, 1],
          [0, 1],
          [0, 0],
        ])
        const halves = [
          tf.conv2d(image(inner), image(left), 2, 'valid'),
          tf.conv2d(image(shifted), image(right), 2, 'valid'),
        ]
        const [y] = batchNormTrain(
          image(tf.concat(halves, 3)),
          scale as tf.Tensor1D,
          offset as tf.Tensor1D,
          1e-2,
        )
        const [l, r] = tf.split(tf.relu(y), [a, b], 3)
        const rest = tf.slice(y, [0, 0, 0, Math.floor(a / 2)], [2, 3, 3, b])
        return tf.add(tf.concat([r, l], 3), tf.concat([rest, tf.slice(y, [0, 0, 0, 0], [2, 3, 3, a])], 3))
      },
      given,
      JSON.stringify({ a, b, seed }),
    )
  })
  await fc.assert(property, { numRuns: 25, seed: 3 })
})

test('operations that would write into free places', async () => {
  const operations: Record<string, (x: tf.Tensor, row: tf.Tensor) => tf.Tensor> = {
    'a constant added': (x) => tf.add(x, 2),
    'a number for each channel added': (x, row) => tf.add(x, row),
    'a product with a number for each channel': (x, row) => tf.mul(x, row),
    'a quotient by a number for each channel': (x, row) => tf.div(x, tf.add(tf.square(row), 1)),
    swish: (x) => tf.mul(x, tf.sigmoid(x)),
    'a quotient of constants': (x) => tf.div(1, tf.add(tf.square(x), 1)),
    'a maximum': (x) => tf.maximum(x, 0.25),
    'a clip': (x) => tf.clipByValue(x, 0.1, 0.5),
    // Infinite in a free place, and zero times infinity is not a number.
    'a logarithm of zero': (x) => tf.log(tf.abs(x)),
    'the lesser of two': (x) => tf.minimum(x, tf.square(x)),
    'a padding of ones': (x) =>
      tf.pad(
        x,
        [
          [0, 0],
          [1, 0],
          [0, 1],
          [0, 0],
        ],
        1,
      ),
    'a padding of channels': (x) =>
      tf.pad(x, [
        [0, 0],
        [0, 0],
        [0, 0],
        [2, 3],
      ]),
    leaky: (x) => tf.leakyRelu(x, 0.3),
    'a drop path': (x) => tf.mul(x, tf.tensor([0, 2], [2, 1, 1, 1])),
  }
  for (const [name, operation] of Object.entries(operations))
    for (const c of [8, 11, 16, 22, 44]) {
      const given = {
        x: drawn([2, 4, 4, 3], c),
        first: filters(3, c, c + 1),
        row: drawn([c], c + 2),
        last: filters(name === 'a padding of channels' ? c + 5 : c, 12, c + 3),
      }
      await check(
        ({ x, first, row, last }) => {
          const y = operation(tf.add(pointwise(x, first), row), row)
          const means = tf.mean(y, [1, 2])
          return tf.concat([tf.reshape(pointwise(y, last), [-1]), tf.reshape(means, [-1])])
        },
        given,
        `${name}, ${c} channels`,
      )
    }
})

test('a network of width 44 reorders no more than one of width 48', async () => {
  const block = await blockSize()
  if (block === 0) return
  const reorders = (c: number) => {
    const traced = trace((tracer) => {
      const given = {
        x: tracer.input('x', [2, 16, 16, 3]),
        first: tracer.input('first', [1, 1, 3, c]),
        second: tracer.input('second', [1, 1, 2 * c, c]),
        depthwise: tracer.input('depthwise', [3, 3, c, 1]),
      }
      return withGradients(
        ({ x, first, second, depthwise }) => {
          const state = tf.relu(pointwise(x, first))
          const next = tf.depthwiseConv2d(image(state), image(depthwise), 1, 'same')
          return tf.relu(pointwise(tf.relu(tf.concat([state, next], 3)), second))
        },
        ['first', 'second', 'depthwise'],
      )(given)
    })
    const text = Buffer.from(compile(traced, { block }).model).toString('latin1')
    return text.split('Reorder').length
  }
  assert.equal(reorders(44), reorders(48))
})

test('channels come back from their places, and ranges never cut a block', () => {
  fc.assert(
    fc.property(fc.array(width, { minLength: 1, maxLength: 4 }), fc.constantFrom(4, 8, 16), (widths, b) => {
      const blocks = widths.flatMap((channels) => blocksOf(channels, b))
      const total = widths.reduce((sum, channels) => sum + channels, 0)
      const at = channelsAt(blocks, b, -1)
      assert.deepEqual(
        placesOf(blocks, b).map((place) => at[place]),
        Array.from({ length: total }, (_, channel) => channel),
      )
      assert.equal(at.filter((channel) => channel === -1).length, blocks.length * b - total)
      const first = widths[0]
      assert.deepEqual(blockRange(blocks, 0, first), [0, Math.ceil(first / b)])
      assert.deepEqual(blockRange(blocks, first, total - first), [Math.ceil(first / b), blocks.length])
      if (first % b > 1) assert.equal(blockRange(blocks, 0, first - 1), undefined)
    }),
  )
})
