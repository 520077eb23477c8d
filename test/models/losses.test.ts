import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { classificationLoss, softmaxCrossEntropy } from '../../models/index.js'
import { assertClose, assertGradient, normals } from '../helpers/models/numeric.js'

const logits = normals<tf.Rank.R2>('logits', [4, 3])
const labels = tf.tensor1d([0, 2, 1, 2], 'int32')

for (const smoothing of [0, 0.1]) {
  test(`cross entropy equals TensorFlow.js's own, label smoothing ${smoothing}`, () => {
    const target = tf.oneHot(labels, 3)
    // Its reduction NONE gives one loss an example.
    const want = tf.losses.softmaxCrossEntropy(target, logits, undefined, smoothing, tf.Reduction.NONE)
    assertClose(softmaxCrossEntropy(logits, labels, smoothing), want, 1e-6)
  })

  test(`its gradient fits finite differences, label smoothing ${smoothing}`, () => {
    assertGradient((x) => softmaxCrossEntropy(x as tf.Tensor2D, labels, smoothing), [logits])
  })
}

test('logits of any size give finite losses and gradients', () => {
  const huge = tf.tensor2d([
    [1e4, -1e4],
    [1e4, -1e4],
  ])
  const truth = tf.tensor1d([0, 1], 'int32')
  assertClose(softmaxCrossEntropy(huge, truth), tf.tensor1d([0, 2e4]), 1e-6)
  const gradient = tf.grad((x) => softmaxCrossEntropy(x as tf.Tensor2D, truth))(huge)
  assertClose(gradient, tf.tensor2d([0, 0, 1, -1], [2, 2]), 1e-6)
})

test("the auxiliary head's loss is added with its weight", () => {
  const auxiliary = normals<tf.Rank.R2>('auxiliary', [4, 3])
  const mean = (x: tf.Tensor2D) => tf.mean(softmaxCrossEntropy(x, labels)).dataSync()[0]
  const got = classificationLoss({ logits, auxiliary }, labels, { auxiliaryWeight: 0.25 }).dataSync()[0]
  assert.ok(Math.abs(got - (mean(logits) + 0.25 * mean(auxiliary))) < 1e-6)
  assert.ok(Math.abs(classificationLoss({ logits }, labels).dataSync()[0] - mean(logits)) < 1e-6)
})
