/** Batch norm of channels whose mean is large beside their spread, against the same in float64. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { batchNormTrain } from '../../models/batch-norm.js'
import { blockSize } from '../../src/engine/index.js'
import { compiled, drawn, type Given } from '../helpers/engine/compare.js'

const EPSILON = 1e-8

/** Output, mean, variance, and the gradients of Σ y·g, of channels-last x with C channels. */
function inFloat64(x: ArrayLike<number>, g: ArrayLike<number>, scale: number[], offset: number[]) {
  const C = scale.length
  const count = x.length / C
  const each = (f: (i: number, c: number) => number) => Float64Array.from(x, (_, i) => f(i, i % C))
  const perChannel = (f: (i: number, c: number) => number) => {
    const sums = new Float64Array(C)
    for (let i = 0; i < x.length; i++) sums[i % C] += f(i, i % C)
    return sums
  }
  const mean = perChannel((i) => x[i] / count)
  const variance = perChannel((i, c) => (x[i] - mean[c]) ** 2 / count)
  const deviation = variance.map((v) => Math.sqrt(v + EPSILON))
  const normalized = each((i, c) => (x[i] - mean[c]) / deviation[c])
  const offsets = perChannel((i) => g[i])
  const scales = perChannel((i) => g[i] * normalized[i])
  return {
    y: each((i, c) => normalized[i] * scale[c] + offset[c]),
    mean,
    variance,
    d_x: each(
      (i, c) => (scale[c] / deviation[c]) * (g[i] - offsets[c] / count - (normalized[i] * scales[c]) / count),
    ),
    d_scale: scales,
    d_offset: offsets,
  }
}

test('channels of mean 100 and standard deviation 0.01 keep their digits', async () => {
  for (const C of [3, 11, 32])
    for (const [mean, deviation] of [
      [100, 0.01],
      [-1000, 1],
      [0, 1],
      [0, 1e-3],
    ]) {
      const shape = [4, 6, 5, C]
      const numbers = Float32Array.from(drawn(shape, C).data, (value) => mean + deviation * 1.7 * value)
      const row = (seed: number): Given => drawn([C], seed)
      const given = { x: { shape, data: numbers }, g: drawn(shape, C + 1), scale: row(1), offset: row(2) }
      const f = (inputs: Record<string, tf.Tensor>) => {
        const normalize = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) =>
          batchNormTrain(x as tf.Tensor4D, scale as tf.Tensor1D, offset as tf.Tensor1D, EPSILON)
        const loss = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) =>
          tf.sum(tf.mul(normalize(x, scale, offset)[0], inputs.g)) as tf.Scalar
        const { x, scale, offset } = inputs
        const [y, mean, variance] = normalize(x, scale, offset)
        const [d_x, d_scale, d_offset] = tf.grads(loss)([x, scale, offset])
        return { y, mean, variance, d_x, d_scale, d_offset }
      }
      const expected = inFloat64(
        numbers,
        given.g.data,
        [...(given.scale.data as Float32Array)],
        [...(given.offset.data as Float32Array)],
      )
      for (const block of new Set([0, await blockSize()])) {
        const actual = await compiled(f, given, block)
        for (const [name, values] of Object.entries(expected)) {
          const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
          values.forEach((value, i) => {
            const difference = Math.abs(actual[name].data[i] - value) / scale
            // A float32 of 100 is rounded to 4e-6, some thousandths of the deviation once sums are rounded, too.
            assert.ok(
              difference < 1e-2,
              `${name}[${i}] is ${actual[name].data[i]}, not ${value} (mean ${mean}, C ${C}, block ${block})`,
            )
          })
        }
      }
    }
})
