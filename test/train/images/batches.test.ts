import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeBatches } from '../../../src/train/images/batches.js'
import { epochOrder } from '../../../src/train/images/order.js'
import { colourConfig, colourSet } from '../../helpers/train/linear-step.js'

test('an epoch is a permutation that depends on seed and epoch', () => {
  const order = epochOrder(1000, 1, 0)
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...Array(1000).keys()],
  )
  assert.deepEqual(epochOrder(1000, 1, 0), order)
  assert.notDeepEqual(epochOrder(1000, 1, 1), order)
  assert.notDeepEqual(epochOrder(1000, 2, 0), order)
})

test('a batch depends on its step alone, not on what was asked before', () => {
  const set = colourSet(50)
  const forward = makeBatches(colourConfig(), set)
  assert.equal(forward.stepsPerEpoch, 6)
  const inOrder = Array.from({ length: 20 }, (_, step) => forward.batch(step))
  const backward = makeBatches(colourConfig(), set)
  for (let step = 19; step >= 0; step--) assert.deepEqual(backward.batch(step), inOrder[step])
})

test('without augmentation an epoch shows every image once, with its label', () => {
  const set = colourSet(48)
  const augmentation = { crop: 0, flip: false, cutout: 0, colour: 0 }
  const { batch, stepsPerEpoch } = makeBatches(colourConfig({ augmentation }), set)
  const seen = new Set<number>()
  for (let step = 0; step < stepsPerEpoch; step++) {
    const { images, labels } = batch(step)
    for (let i = 0; i < 8; i++) {
      const image = images.subarray(i * 192, (i + 1) * 192)
      const source = Array.from({ length: 48 }, (_, index) => index).find((index) =>
        image.every((value, at) => value === Math.fround(set.pixels[index * 192 + at] / 127.5 - 1)),
      )
      assert.ok(source !== undefined)
      assert.equal(labels[i], set.labels[source])
      seen.add(source)
    }
  }
  assert.equal(seen.size, 48)
})

test('the resolution schedule changes the size when its epoch begins', () => {
  const config = colourConfig({
    resolution: [
      { untilEpoch: 1, size: 4 },
      { untilEpoch: 2, size: 6 },
    ],
  })
  const { batch, stepsPerEpoch } = makeBatches(config, colourSet(50))
  const sizes = [0, 1, 2, 3].map((epoch) => batch(epoch * stepsPerEpoch))
  assert.deepEqual(
    sizes.map(({ imageSize }) => imageSize),
    [4, 6, 8, 8],
  )
  assert.deepEqual(
    sizes.map(({ images }) => images.length),
    [8 * 48, 8 * 108, 8 * 192, 8 * 192],
  )
})

test('images that are not square are refused', () => {
  assert.throws(
    () => makeBatches(colourConfig(), { ...colourSet(50), width: 4 }),
    /8×4; training takes square ones/,
  )
})
