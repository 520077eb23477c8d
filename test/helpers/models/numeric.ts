/** Helpers for comparing tensors and gradients in tests. */
import assert from 'node:assert/strict'
import * as tf from '@tensorflow/tfjs'
import { random } from '../../../models/index.js'

/** A tensor of standard normals, the same for the same key. */
export function normals<R extends tf.Rank>(key: string, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const { normal } = random(7, key)
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape as number[]) }, normal), shape)
}

/** Fails unless shapes are equal and the largest difference is below `tolerance` × the largest value. */
export function assertClose(
  actual: tf.Tensor,
  expected: tf.Tensor,
  tolerance: number,
  what = 'tensor',
): void {
  assert.deepEqual(actual.shape, expected.shape, what)
  const [a, b] = [actual.dataSync(), expected.dataSync()]
  let [difference, scale] = [0, 1e-12]
  for (let i = 0; i < b.length; i++) {
    assert.ok(Number.isFinite(a[i]), `${what}[${i}] is ${a[i]}`)
    difference = Math.max(difference, Math.abs(a[i] - b[i]))
    scale = Math.max(scale, Math.abs(b[i]))
  }
  assert.ok(
    difference <= tolerance * scale,
    `${what} differs by ${difference}, its largest value is ${scale}`,
  )
}

/**
 * Fails unless the gradient of `f` at `inputs` fits central differences along drawn directions, one for
 * each input.
 */
export function assertGradient(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  { step = 1e-2, tolerance = 5e-3 } = {},
): void {
  const weights = normals('weights', f(...inputs).shape as [number])
  const scalar = (...inputs: tf.Tensor[]) => tf.sum(tf.mul(f(...inputs), weights))
  const gradients = tf.grads(scalar)(inputs)
  for (const [index, input] of inputs.entries()) {
    const direction = normals(`direction ${index}`, input.shape as [number])
    const at = (sign: number) => {
      const moved = [...inputs]
      moved[index] = tf.add(input, tf.mul(direction, sign * step))
      return scalar(...moved).dataSync()[0]
    }
    const measured = (at(1) - at(-1)) / (2 * step)
    const claimed = tf.sum(tf.mul(gradients[index], direction)).dataSync()[0]
    const scale = Math.sqrt(tf.sum(tf.square(gradients[index])).dataSync()[0]) + 1e-3
    assert.ok(
      Math.abs(measured - claimed) <= tolerance * scale,
      `gradient of input ${index}: ${claimed} claimed, ${measured} measured, length ${scale}`,
    )
  }
}
