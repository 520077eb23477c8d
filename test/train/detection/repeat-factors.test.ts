/** Repeat factor sampling against its formula, and the epochs that it makes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DetectionImage, DetectionSet } from '../../../datasets/detection/detection-set.js'
import { makeDetectionBatches } from '../../../src/train/detection/batches.js'
import { repeatedCount, repeatedOrder, repeatFactors } from '../../../src/train/detection/repeat-factors.js'
import { redConfig, redSet } from '../../helpers/train/detection/red-scenes.js'

/** Images that show these classes; −c − 1 is a crowd of class c. */
const setOf = (classes: number[][]): Pick<DetectionSet, 'images'> => ({
  images: classes.map(
    (labels) =>
      ({
        labels: Int32Array.from(labels, (label) => (label < 0 ? -label - 1 : label)),
        crowd: Uint8Array.from(labels, (label) => (label < 0 ? 1 : 0)),
      }) as DetectionImage,
  ),
})

test('an image comes as often as its rarest class asks for', () => {
  // Of 16 images 15 show class 0, four class 1, one class 2, and one shows a crowd of it.
  const classes: number[][] = Array.from({ length: 16 }, () => [0, 0])
  for (const image of [1, 2, 3, 4]) classes[image] = [0, 1]
  classes[4] = [2, 1, 0]
  classes[5] = [0, -3]
  classes[6] = []
  const factors = repeatFactors(setOf(classes), 0.5)
  const [ofOne, ofTwo] = [Math.sqrt(0.5 / (4 / 16)), Math.sqrt(0.5 / (1 / 16))]
  const expected = classes.map((_, i) => (i === 4 ? ofTwo : i >= 1 && i <= 3 ? ofOne : 1))
  for (const [i, factor] of factors.entries()) assert.ok(Math.abs(factor - expected[i]) < 1e-12, `image ${i}`)
  assert.deepEqual([...repeatFactors(setOf(classes), 1 / 16)], Array(16).fill(1))
})

test('epochs are equally long, and over many of them each image comes as often as its factor says', () => {
  const factors = Float64Array.of(1, 1.25, 3.5, 1, 2.1, 1)
  assert.equal(repeatedCount(factors), 10)
  const times = factors.map(() => 0)
  const EPOCHS = 4000
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const order = repeatedOrder(factors, 7, epoch)
    assert.equal(order.length, 10)
    assert.equal(new Set(order).size, 10)
    const now = factors.map(() => 0)
    for (const entry of order) now[entry % 6]++
    const stretch = 10 / 9.85
    for (const [image, count] of now.entries()) {
      assert.ok(Math.abs(count - factors[image] * stretch) < 1, `image ${image} came ${count} times`)
      times[image] += count / stretch
    }
  }
  for (const [image, factor] of factors.entries())
    assert.ok(Math.abs(times[image] / EPOCHS - factor) < 0.03, `image ${image}: ${times[image] / EPOCHS}`)
  assert.deepEqual(repeatedOrder(factors, 7, 3), repeatedOrder(factors, 7, 3))
  assert.notDeepEqual(repeatedOrder(factors, 7, 3), repeatedOrder(factors, 7, 4))
})

test('a run shows the images of a rare class more often, each time at another place', async () => {
  const red = await redSet(8)
  const images = red.images.map((image, i) => ({ ...image, labels: Int32Array.of(i === 3 ? 1 : 0) }))
  const seen: number[] = []
  const set: DetectionSet = {
    ...red,
    images,
    categories: [...red.categories, { id: 8, name: 'rare' }],
  }
  const config = redConfig({ balance: 1, batchSize: 1, accumulate: 1, maxObjects: 1 })
  const { batch, stepsPerEpoch } = makeDetectionBatches(config, set)
  // √(1 / (1/8)) for one, √(1 / (7/8)) for seven.
  assert.equal(stepsPerEpoch, Math.round(Math.sqrt(8) + 7 * Math.sqrt(8 / 7)))
  const places = new Set<string>()
  for (let step = 0; step < stepsPerEpoch; step++) {
    const [{ labels, boxes }] = (await batch(step)).batches
    seen.push(labels[0])
    if (labels[0] === 1) places.add(String(boxes))
  }
  const times = seen.filter((label) => label === 1).length
  assert.ok(times === 2 || times === 3, `${times}`)
  assert.equal(places.size, times)
})
