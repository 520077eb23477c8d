import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { batchNorm, batchNormTrain, eagerContext } from '../../models/index.js'
import { assertClose, assertGradient, normals } from '../helpers/models/numeric.js'

const epsilon = 1e-3
const x = tf.add(normals<tf.Rank.R4>('x', [2, 3, 4, 5]), tf.tensor1d([0, 1, -2, 3, 100])) as tf.Tensor4D
const scale = tf.tensor1d([1, 0.5, -2, 3, 1])
const offset = tf.tensor1d([0, 1, 2, -1, 0.5])

/** The definition, which TensorFlow.js differentiates by itself. */
function plain(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) {
  const mean = tf.mean(x, [0, 1, 2])
  const variance = tf.mean(tf.square(tf.sub(x, mean)), [0, 1, 2])
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon))), scale), offset)
}

const ours = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) =>
  batchNormTrain(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, epsilon)[0] as tf.Tensor

test('training: output and gradients equal those of the definition', () => {
  assertClose(ours(x, scale, offset), plain(x, scale, offset), 1e-5)
  const dy = normals<tf.Rank.R4>('dy', [2, 3, 4, 5])
  const got = tf.grads(ours)([x, scale, offset], dy)
  const want = tf.grads(plain)([x, scale, offset], dy)
  for (const [index, name] of ['x', 'scale', 'offset'].entries())
    assertClose(got[index], want[index], 1e-4, name)
})

test('training: gradients fit finite differences', () => {
  assertGradient(ours, [normals<tf.Rank.R4>('other', [2, 3, 4, 5]), scale, offset])
})

test('moving statistics follow TensorFlow: decay, and the unbiased variance', () => {
  const settings = { decay: 0.9, epsilon }
  const ctx = eagerContext({ seed: 0, training: true })
  batchNorm(ctx, x, settings)
  const { mean, variance } = tf.moments(x, [0, 1, 2])
  const count = 2 * 3 * 4
  const statistic = (name: string) => ctx.parameters.get(name)?.variable as tf.Tensor
  assertClose(statistic('moving_mean'), tf.mul(mean, 0.1), 1e-6)
  assertClose(statistic('moving_variance'), tf.add(0.9, tf.mul(variance, (0.1 * count) / (count - 1))), 1e-6)

  batchNorm(eagerContext({ seed: 0, training: true, parameters: ctx.parameters }), x, settings)
  assertClose(statistic('moving_mean'), tf.mul(mean, 0.1 + 0.9 * 0.1), 1e-6)
})

test('inference uses the moving statistics and leaves them alone', () => {
  const values: Record<string, number[]> = {
    gamma: [1, 0.5, -2, 3, 1],
    beta: [0, 1, 2, -1, 0.5],
    moving_mean: [1, 2, 3, 4, 5],
    moving_variance: [0.5, 1, 2, 3, 4],
  }
  const ctx = eagerContext({ seed: 0, initial: ({ path }) => Float32Array.from(values[path]) })
  const deviation = tf.sqrt(tf.add(values.moving_variance, epsilon))
  const want = tf.add(tf.mul(tf.div(tf.sub(x, values.moving_mean), deviation), scale), offset)
  assertClose(batchNorm(ctx, x, { decay: 0.9, epsilon }), want, 1e-5)
  assertClose(ctx.parameters.get('moving_mean')?.variable as tf.Tensor, tf.tensor1d(values.moving_mean), 0)
})
