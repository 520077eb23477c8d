import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  balancedOrder,
  batchPlace,
  epochOrder,
  shardOrder,
  sourceOrder,
  stepsInEpoch,
} from '../../../src/train/images/order.js'

const sorted = (order: Uint32Array): number[] => [...order].sort((a, b) => a - b)

test('an epoch over shards takes every image once, whatever the shards and the buffer are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (sizes, buffer, seed) => {
        const starts = sizes.map((_, shard) => sizes.slice(0, shard).reduce((sum, size) => sum + size, 0))
        const count = sizes.reduce((sum, size) => sum + size, 0)
        const order = shardOrder(count, Uint32Array.from(starts), { seed, epoch: 3, buffer })
        assert.deepEqual(sorted(order), [...Array(count).keys()])
      },
    ),
  )
})

const shards = Uint32Array.from({ length: 20 }, (_, shard) => shard * 50)

test('shards are read in an order by chance, each from front to back, no further ahead than the buffer', () => {
  const inOrder = shardOrder(1000, shards, { seed: 1, epoch: 0, buffer: 1 })
  const first = [...inOrder].filter((_, place) => place % 50 === 0)
  assert.notDeepEqual(first, [...shards])
  assert.ok(inOrder.every((image, place) => place % 50 === 0 || image === inOrder[place - 1] + 1))
  // The sequence that goes through the buffer is that of a buffer of one image.
  const read = new Map([...inOrder].map((image, place) => [image, place]))
  const buffered = shardOrder(1000, shards, { seed: 1, epoch: 0, buffer: 100 })
  const ahead = [...buffered].map((image, place) => read.get(image)! - place)
  assert.ok(Math.max(...ahead) < 100, `${Math.max(...ahead)} images ahead`)
  const neighbours = [...buffered].filter((image, place) => image === buffered[place - 1] + 1)
  assert.ok(neighbours.length < 50, `${neighbours.length} of 1000 follow their neighbour`)
})

test('the order depends on seed and epoch alone, and files are shuffled as a whole', () => {
  const order = (seed: number, epoch: number) => shardOrder(1000, shards, { seed, epoch, buffer: 300 })
  assert.deepEqual(order(1, 2), order(1, 2))
  assert.notDeepEqual(order(1, 2), order(1, 3))
  assert.notDeepEqual(order(1, 2), order(2, 2))
  const settings = { seed: 5, epoch: 4, shuffleBuffer: 10 }
  assert.deepEqual(
    sourceOrder({ count: 99, shards: null, labels: new Int32Array(99) }, settings),
    epochOrder(99, 5, 4),
  )
  assert.deepEqual(
    sourceOrder({ count: 1000, shards, labels: new Int32Array(1000) }, settings),
    shardOrder(1000, shards, { seed: 5, epoch: 4, buffer: 10 }),
  )
})

test('the batches of a step follow each other, and a step is never cut by the end of an epoch', () => {
  const sizes = { batchSize: 4, accumulate: 3 }
  const stepsPerEpoch = stepsInEpoch(50, sizes)
  assert.equal(stepsPerEpoch, 4)
  const places = [0, 3, 4, 9].map((step) =>
    [0, 1, 2].map((part) => batchPlace({ step, part, stepsPerEpoch }, sizes)),
  )
  assert.deepEqual(
    places.map((parts) => parts.map(({ epoch, first }) => [epoch, first])),
    [
      [0, 0, 0].map((epoch, part) => [epoch, 4 * part]),
      [0, 0, 0].map((epoch, part) => [epoch, 36 + 4 * part]),
      [1, 1, 1].map((epoch, part) => [epoch, 4 * part]),
      [2, 2, 2].map((epoch, part) => [epoch, 12 + 4 * part]),
    ],
  )
})

test('in a balanced order all classes come equally often, and an image that comes again has a number of its own', () => {
  // 60, 30 and 10 images; none of class 3.
  const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : i < 90 ? 1 : 2))
  const order = balancedOrder(labels, 1, 0)
  assert.equal(new Set(order).size, 100)
  const counts = [0, 0, 0]
  for (const drawn of order) counts[labels[drawn % 100]]++
  assert.deepEqual([...counts].sort(), [33, 33, 34])
  const rare = [...order].filter((drawn) => labels[drawn % 100] === 2)
  for (let image = 90; image < 100; image++) {
    const times = rare.filter((drawn) => drawn % 100 === image).map((drawn) => Math.floor(drawn / 100))
    assert.deepEqual(times.sort(), [0, 1, 2, 3].slice(0, times.length))
    assert.ok(times.length >= 3)
  }
  assert.deepEqual(balancedOrder(labels, 1, 0), order)
  assert.notDeepEqual(balancedOrder(labels, 1, 1), order)
})
