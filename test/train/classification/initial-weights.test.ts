import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyInitialWeights } from '../../../src/train/classification/initial-weights.js'

const layout = [
  { path: 'stem/kernel', shape: [2], vector: 'parameters', offset: 0, size: 2 },
  { path: 'head/bias', shape: [3], vector: 'parameters', offset: 2, size: 3 },
]
const weights = (...numbers: number[]) => ({
  source: 'other.safetensors',
  tensors: new Map([
    ['stem/kernel', { shape: [2], data: Float32Array.from(numbers) }],
    ['head/bias', { shape: [4], data: new Float32Array(4) }],
  ]),
})
const random = () => ({
  parameters: Float32Array.of(9, 9, 1, 2, 3),
  averageParameters: Float32Array.of(9, 9, 1, 2, 3),
})

test('weights and their averages are set, and a head of other classes stays as it is', () => {
  const state = random()
  assert.deepEqual(applyInitialWeights(layout, state, weights(5, 6)), { copied: 1, fresh: ['head/bias'] })
  const set = Float32Array.of(5, 6, 1, 2, 3)
  assert.deepEqual(state, { parameters: set, averageParameters: set })
})

test('weights that are not finite are refused', () => {
  const refused = /other\.safetensors cannot be used: "stem\/kernel" has numbers that are not finite/
  assert.throws(() => applyInitialWeights(layout, random(), weights(5, Number.NaN)), refused)
})

test('a head of as many, but other classes is left out', () => {
  const state = random()
  const { source, tensors } = weights(5, 6)
  tensors.set('head/bias', { shape: [3], data: Float32Array.of(7, 7, 7) })
  const fitting = { source, tensors }
  assert.deepEqual(applyInitialWeights(layout, state, fitting, false), { copied: 1, fresh: ['head/bias'] })
  assert.deepEqual(state.parameters, Float32Array.of(5, 6, 1, 2, 3))
  assert.deepEqual(applyInitialWeights(layout, state, fitting, true), { copied: 2, fresh: [] })
  assert.deepEqual(state.parameters, Float32Array.of(5, 6, 7, 7, 7))
})
