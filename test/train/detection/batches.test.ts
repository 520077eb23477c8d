import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { NO_OBJECT } from '../../../models/ground-truth.js'
import { makeDetectionBatches, sizeAt } from '../../../src/train/detection/batches.js'
import { decodedImages } from '../../../src/train/detection/decoded.js'
import { findRed, redConfig, redSet } from '../../helpers/train/detection/red-scenes.js'

/** The set with files that are cut short in some places. */
function broken(set: DetectionSet, indices: number[]): DetectionSet {
  const source = (index: number) => {
    const file = set.source(index) as Buffer
    return indices.includes(index) ? file.subarray(0, 60) : file
  }
  return { ...set, source }
}

test('a batch depends on its step alone, not on what was asked before', async () => {
  const set = await redSet(10)
  const config = redConfig({ multiScale: [[64, 96]] })
  const [inOrder, alone] = [makeDetectionBatches(config, set), makeDetectionBatches(config, set)]
  assert.equal(inOrder.stepsPerEpoch, 2)
  for (const step of [0, 1, 2, 3]) await inOrder.batch(step)
  assert.deepEqual(await alone.batch(4), await inOrder.batch(4))
  assert.notDeepEqual(await alone.batch(5), await alone.batch(4))
  const other = makeDetectionBatches({ ...config, seed: 99 }, set)
  assert.notDeepEqual(await other.batch(4), await alone.batch(4))
})

test('boxes lie where the red pixels are, whatever was drawn; the rest is padding', async () => {
  const set = await redSet(8)
  const config = redConfig({
    inputSize: [96, 128],
    augmentation: { flip: true, scale: [0.6, 1.6], minVisible: 0, colour: 0 },
  })
  const { batch } = makeDetectionBatches(config, set)
  for (const step of [0, 1, 2]) {
    const { batches, imageSize } = await batch(step)
    assert.equal(batches.length, 2)
    for (const { images, boxes, labels } of batches)
      for (let image = 0; image < 2; image++) {
        const of = (all: Float32Array | Int32Array) =>
          all.subarray((image * all.length) / 2, ((image + 1) * all.length) / 2)
        const red = findRed(of(images), imageSize[1], 0.3)
        const [label, ...padding] = of(labels)
        assert.ok(padding.every((value) => value === NO_OBJECT))
        if (red === null) assert.notEqual(label, 0)
        else
          assert.ok(
            label !== 0 ||
              of(boxes)
                .subarray(0, 4)
                .every((side, i) => Math.abs(side - red[i]) <= 1.5),
          )
        assert.ok(of(images).every((value) => value >= -1 && value <= 1))
      }
  }
})

test('an epoch shows every image once', async () => {
  const set = await redSet(8)
  const seen: number[] = []
  const watched = {
    ...set,
    source(index: number) {
      seen.push(index)
      return set.source(index)
    },
  }
  const { batch, stepsPerEpoch } = makeDetectionBatches(redConfig(), watched)
  for (let step = 0; step < stepsPerEpoch; step++) await batch(step)
  assert.deepEqual(seen.sort(), [0, 1, 2, 3, 4, 5, 6, 7])
})

test('the batches that a step accumulates are the images of one larger batch', async () => {
  const set = await redSet(8)
  const small = await makeDetectionBatches(redConfig({ batchSize: 2, accumulate: 2 }), set).batch(1)
  const large = await makeDetectionBatches(redConfig({ batchSize: 4, accumulate: 1 }), set).batch(1)
  for (const part of ['images', 'boxes', 'labels'] as const)
    assert.deepEqual(
      small.batches.flatMap((batch) => [...batch[part]]),
      [...large.batches[0][part]],
    )
})

test('several sizes are drawn from the seed and the step, each as often', async () => {
  const config = redConfig({
    multiScale: [
      [64, 96],
      [96, 96],
    ],
  })
  const drawn = Array.from({ length: 9000 }, (_, step) => String(sizeAt(config, step)))
  for (const [step, size] of drawn.entries()) assert.equal(size, drawn[step - (step % 10)])
  for (const size of ['64,64', '64,96', '96,96']) {
    const count = drawn.filter((one) => one === size).length
    assert.ok(count > 2500 && count < 3500, `${size} came ${count} times`)
  }
  for (const step of [700, 755, 8999])
    assert.deepEqual(sizeAt({ ...config, multiScaleUntil: 0.8 }, step, 0.8), [64, 64])
  assert.deepEqual(sizeAt({ ...config, multiScaleUntil: 0.8 }, 700, 0.79), sizeAt(config, 700))
  const { batches, imageSize } = await makeDetectionBatches(config, await redSet(4)).batch(
    drawn.indexOf('64,96'),
  )
  assert.deepEqual(imageSize, [64, 96])
  for (const batch of batches) assert.equal(batch.images.length, 2 * 64 * 96 * 3)
})

test('an image that cannot be read is reported once, and another one replaces it', async () => {
  const set = broken(await redSet(8), [3, 4])
  const told: string[] = []
  const { batch } = makeDetectionBatches(redConfig(), set, { warn: (text) => told.push(text) })
  for (const step of [0, 1, 2, 3])
    for (const { labels } of (await batch(step)).batches) assert.ok(labels[0] !== NO_OBJECT)
  assert.equal(told.length, 2)
  for (const text of told)
    assert.match(text, /^Skipped in training: "[34]\.png" cannot be read: .*; replace or remove it\.$/)
  const none = makeDetectionBatches(redConfig(), broken(set, [0, 1, 2, 3, 4, 5, 6, 7]))
  await assert.rejects(
    none.batch(0),
    /8 of the 8 images of red scenes cannot be read\. "\d\.png" cannot be read/,
  )
})

test('decoded images are kept as far as the room goes', async () => {
  const set = await redSet(4)
  const opened: number[] = []
  const watched = {
    ...set,
    source(index: number) {
      opened.push(index)
      return set.source(index)
    },
  }
  const size = (index: number) => 3 * set.images[index].width * set.images[index].height
  const decode = decodedImages(watched, { warn: assert.fail, keptBytes: size(0) + size(1) })
  for (const round of [1, 2])
    for (const index of [0, 1, 2]) assert.equal((await decode(index)).index, index, `round ${round}`)
  assert.deepEqual(opened, [0, 1, 2, 2])
})

test('more boxes than are trained on are told once; too few images are refused', async () => {
  const set = await redSet(4)
  const many = {
    ...set.images[1],
    boxes: new Float32Array(28).fill(1),
    labels: new Int32Array(7),
    crowd: new Uint8Array(7),
  }
  const told: string[] = []
  makeDetectionBatches(
    redConfig(),
    { ...set, images: [set.images[0], many, ...set.images.slice(2)] },
    { warn: (text) => told.push(text) },
  )
  assert.deepEqual(told, [
    '1 of 4 images have more than 4 boxes (up to 7); the 4 largest of each are trained on. Raise --max-objects to train on all.',
  ])
  assert.throws(
    () => makeDetectionBatches(redConfig({ accumulate: 3 }), set),
    /red scenes has 4 images, fewer than the 6 of one step/,
  )
})
