/** Runs a function eagerly on TensorFlow.js's CPU backend and as a compiled graph, and compares. */
import assert from 'node:assert/strict'
import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { blockSize, compile, type DType, trace } from '../../../src/engine/index.js'

export interface Given {
  shape: number[]
  dtype?: DType
  data: ArrayLike<number>
}

export type Results = Record<string, { shape: number[]; data: number[] }>
type Traced = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>

export async function eagerly(f: Traced, given: Record<string, Given>): Promise<Results> {
  await tf.setBackend('cpu')
  return tf.tidy(() => {
    const inputs: Record<string, tf.Tensor> = {}
    for (const [name, { data, shape, dtype }] of Object.entries(given))
      inputs[name] = tf.tensor(Array.from(data), shape, dtype ?? 'float32')
    const results: Results = {}
    for (const [name, tensor] of Object.entries(f(inputs)))
      results[name] = { shape: tensor.shape, data: Array.from(tensor.dataSync()) }
    return results
  })
}

export async function compiled(f: Traced, given: Record<string, Given>, block: number): Promise<Results> {
  const traced = trace((tracer) => {
    const inputs: Record<string, tf.Tensor> = {}
    for (const [name, { shape, dtype }] of Object.entries(given))
      inputs[name] = tracer.input(name, shape, dtype)
    return f(inputs)
  })
  const { model } = compile(traced, { block })
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  })
  const feeds: Record<string, ort.Tensor> = {}
  for (const [name, { data, shape, dtype }] of Object.entries(given)) {
    const typed = dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data)
    feeds[name] = new ort.Tensor((dtype ?? 'float32') as 'float32', typed as Float32Array, shape)
  }
  const outputs = await session.run(feeds)
  await session.release()
  const results: Results = {}
  for (const [name, { dims, data }] of Object.entries(outputs))
    results[name] = { shape: [...dims], data: Array.from(data as Float32Array, Number) }
  return results
}

/** Largest difference, relative to the largest expected number of the tensor (or 1e-3 if that is larger). */
export function assertClose(actual: Results, expected: Results, tolerance: number, what: string): void {
  for (const [name, { shape, data }] of Object.entries(expected)) {
    assert.deepEqual(actual[name].shape, shape, `${what}: shape of ${name}`)
    const scale = data.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3)
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs(actual[name].data[i] - data[i]) / scale
      assert.ok(
        difference <= tolerance,
        `${what}: ${name}[${i}] is ${actual[name].data[i]}, not ${data[i]} (${data.length} values, scale ${scale})`,
      )
    }
  }
}

/** Fails unless `f`, as a compiled graph without blocks and with this processor's, gives what TensorFlow.js's CPU backend gives. */
export async function assertSameAsEager(
  f: Traced,
  given: Record<string, Given>,
  tolerance: number,
  what: string,
): Promise<void> {
  const expected = await eagerly(f, given)
  for (const block of new Set([0, await blockSize()]))
    assertClose(await compiled(f, given, block), expected, tolerance, `${what}, block ${block}`)
}

/** `f` and its gradients with respect to `wrt`, weighted by fixed pseudo-random numbers so that no term cancels. */
export function withGradients(f: (inputs: Record<string, tf.Tensor>) => tf.Tensor, wrt: string[]): Traced {
  return (inputs) => {
    const loss = (...values: tf.Tensor[]) => {
      const all = { ...inputs }
      wrt.forEach((name, i) => {
        all[name] = values[i]
      })
      const y = f(all)
      const size = y.shape.reduce((a, b) => a * b, 1)
      const weights = Float32Array.from({ length: size }, (_, i) => Math.sin(i * 12.9898 + 1) * 1.5)
      return tf.sum(tf.mul(y, tf.tensor(weights, y.shape))) as tf.Scalar
    }
    const gradients = tf.grads(loss)(wrt.map((name) => inputs[name]))
    return { y: f(inputs), ...Object.fromEntries(wrt.map((name, i) => [`d_${name}`, gradients[i]])) }
  }
}

/** Deterministic numbers in [−1, 1), different for each seed. */
export function drawn(shape: number[], seed: number): Given {
  let state = (seed * 2654435761 + 1) >>> 0
  const size = shape.reduce((a, b) => a * b, 1)
  const data = Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
  return { shape, data }
}
