import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitBatch, fitLength, forFolder } from '../../../src/train/classification/folder-run.js'
import { presets } from '../../../src/train/classification/presets.js'

const none = { batchSize: false, length: false, evaluateEvery: false }
const { folder, 'laptop-cifar10': laptop, finetune } = presets

test('of a preset for other data, a share is held out and images have the size that it is made for', () => {
  const { data } = forFolder(laptop, false)
  assert.deepEqual([data.validation, data.validationFraction, data.imageSize], [0, null, 32])
  assert.equal(forFolder(folder, false).data.imageSize, 96)
  assert.equal(forFolder(finetune, true).data.imageSize, null, 'that of the first weights')
})

test('a batch has no more images than there are', () => {
  const size = (images: number, batchSize = false) => fitBatch(folder, images, { batchSize }).batchSize
  assert.deepEqual([size(3), size(16), size(500)], [3, 16, 16])
  assert.equal(size(3, true), 16)
  assert.equal(fitBatch({ ...folder, accumulate: 4 }, 3, none).batchSize, 16)
})

test('few images are seen often and many rarely, with some thirty evaluations', () => {
  const fitted = (images: number) => {
    const { length, evaluateEvery } = fitLength(folder, images, none)
    return [length.kind, length.amount, evaluateEvery]
  }
  assert.deepEqual(fitted(160), ['epochs', 150, 5])
  assert.deepEqual(fitted(800), ['epochs', 30, 1])
  assert.deepEqual(fitted(100_000), ['epochs', 10, 1])
  const seconds = { ...folder, length: { kind: 'seconds' as const, amount: 60 } }
  assert.deepEqual(fitLength(seconds, 160, { ...none, length: true }), seconds)
  const steps = { ...folder, length: { kind: 'steps' as const, amount: 1200 } }
  assert.equal(fitLength(steps, 160, { ...none, length: true }).evaluateEvery, 4)
  assert.equal(fitLength(folder, 160, { ...none, evaluateEvery: true }).evaluateEvery, folder.evaluateEvery)
})
