/** Random resized crops, mixup, CutMix and their loss against torchvision and PyTorch (`golden/make_mixes.py`). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { random } from '../../../src/shared/random.js'
import { type PairTensors, pairLoss, pairTensors } from '../../../src/train/classification/pairs.js'
import {
  balancedWeights,
  cutMixOf,
  drawMix,
  type Mix,
  mixImages,
  pairLabels,
  symmetricBeta,
} from '../../../src/train/images/mix.js'
import { drawResizedCrop, resizeCrop } from '../../../src/train/images/resized-crop.js'

interface Box {
  left: number
  top: number
  width: number
  height: number
}

interface Golden {
  crops: { width: number; height: number; draws: number[]; crop: Box }[]
  resize: {
    width: number
    height: number
    pixels: string
    crop: Box
    results: { size: number; result: string }[]
  }
  mix: {
    side: number
    classes: number
    images: number[]
    labels: number[]
    logits: number[]
    mixes: {
      kind: 'mixup' | 'cutmix'
      own: number
      at: [number, number]
      images: number[]
      targets: number[]
      losses: { labelSmoothing: number; loss: number }[]
    }[]
    classWeights: number[]
    weighted: number
  }
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../../test/train/images/golden/mixes.json', import.meta.url), 'utf8'),
)
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const near = (actual: ArrayLike<number>, expected: number[], tolerance: number): void => {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `${i}: ${actual[i]} instead of ${value}`)
}

for (const [i, { width, height, draws, crop }] of golden.crops.entries())
  test(`the crop of ${width} × ${height} pixels, draw ${i % 4}, is torchvision's`, () => {
    const left = [...draws]
    assert.deepEqual(
      drawResizedCrop(width, height, () => left.shift()!),
      crop,
    )
    assert.equal(left.length, 0, 'it draws as many numbers')
  })

for (const { size, result } of golden.resize.results)
  test(`a crop is scaled to ${size} pixels as torchvision does it with Pillow, to the bit`, () => {
    const { width, height, pixels, crop } = golden.resize
    // The image lies behind other bytes.
    const data = new Uint8Array([7, 7, 7, ...bytes(pixels)])
    assert.deepEqual(resizeCrop({ data, from: 3, width, height }, crop, size), bytes(result))
  })

const { side, classes, images, labels, logits, mixes, classWeights, weighted } = golden.mix

for (const row of mixes) {
  const mix: Mix =
    row.kind === 'mixup'
      ? { kind: 'mixup', own: row.own }
      : cutMixOf(row.own, side, { x: row.at[0], y: row.at[1] })
  test(`${row.kind} by ${row.own} makes the images, labels and loss of torchvision and PyTorch`, async () => {
    const mixed = Float32Array.from(images)
    mixImages(mixed, side, mix)
    near(mixed, row.images, 2e-6)
    const pairs = pairLabels(Int32Array.from(labels), mix.own)
    const targets = new Array<number>(labels.length * classes).fill(0)
    for (const [image, label] of labels.entries()) {
      targets[image * classes + label] += pairs.weights[image]
      targets[image * classes + pairs.otherLabels[image]] += pairs.otherWeights[image]
    }
    near(targets, row.targets, 2e-6)
    await tf.setBackend('cpu')
    for (const { labelSmoothing, loss } of row.losses) near([lossOf(pairs, labelSmoothing)], [loss], 2e-5)
  })
}

function lossOf(pairs: Parameters<typeof pairTensors>[0], labelSmoothing: number): number {
  return tf.tidy(() => {
    const rows = tf.tensor2d(logits, [labels.length, classes])
    const tensors = pairTensors(pairs) as PairTensors
    return pairLoss(rows, tf.tensor1d(labels, 'int32'), tensors, labelSmoothing).dataSync()[0]
  })
}

test('weights of classes count as in PyTorch, and balance as in scikit-learn', async () => {
  await tf.setBackend('cpu')
  const pairs = pairLabels(Int32Array.from(labels), 1, Float32Array.from(classWeights))
  near([lossOf(pairs, 0)], [weighted], 2e-5)
  // compute_class_weight('balanced', classes=[0, 1, 2], y=[0, 0, 0, 1, 2, 2]) gives 0.667, 2 and 1.
  near(balancedWeights(Int32Array.of(0, 0, 0, 1, 2, 2), 3), [2 / 3, 2, 1], 1e-6)
  // A class without images has no weight, and the others are balanced among themselves.
  near(balancedWeights(Int32Array.of(0, 0, 0, 2), 3), [2 / 3, 0, 2], 1e-6)
})

test('shares have the moments of Beta(α, α)', () => {
  for (const alpha of [0.1, 0.4, 1, 3]) {
    const stream = random(1, 'beta', alpha)
    const shares = Array.from({ length: 20_000 }, () => symmetricBeta(alpha, stream))
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length
    assert.ok(shares.every((share) => share >= 0 && share <= 1))
    // The mean of 20,000 has a deviation of at most 0.0035.
    assert.ok(Math.abs(mean - 0.5) < 0.014, `α = ${alpha}: mean ${mean}`)
    const expected = 1 / (4 * (2 * alpha + 1))
    assert.ok(Math.abs(variance - expected) < 0.04 * expected, `α = ${alpha}: variance ${variance}`)
  }
})

test('mixing depends on seed, step and part alone; with both kinds each batch takes one', () => {
  const config = { seed: 3, mixup: 0.4, cutmix: 1 }
  const at = (step: number, part = 0) => drawMix(config, 32, { step, part })
  assert.deepEqual(at(7, 1), at(7, 1))
  assert.notDeepEqual(at(7, 1), at(7, 0))
  const kinds = Array.from({ length: 400 }, (_, step) => at(step)!.kind)
  const mixups = kinds.filter((kind) => kind === 'mixup').length
  assert.ok(mixups > 150 && mixups < 250, `${mixups} of 400`)
  assert.equal(drawMix({ seed: 3, mixup: 0 }, 32, { step: 0, part: 0 }), null)
})
