/** The controller against a plain implementation, the distributions that it claims, and itself uncompiled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type * as tf from '@tensorflow/tfjs'
import { random } from '../../../models/index.js'
import { type DecisionSize, decisionSizes } from '../../../src/search/space/space.js'
import { controllerOf, evaluate, initialParameters, sample } from '../../../src/search/strategy/controller.js'
import { assertClose, compiled, eagerly, type Given } from '../../helpers/engine/compare.js'
import { walk } from '../../helpers/search/plain-controller.js'
import { controller, length, parameters, SPACE, uniforms } from '../../helpers/search/small-controller.js'

type Inputs = Record<string, tf.Tensor>
type Shaped = typeof controller

const flat = (data: Float32Array): Given => ({ shape: [data.length], data })
const matrix = (data: Float32Array, columns: number): Given => ({
  shape: [data.length / columns, columns],
  data,
})
const sampling =
  (which: Shaped) =>
  ({ parameters, uniforms }: Inputs) => ({
    ...sample(which, parameters as tf.Tensor1D, uniforms as tf.Tensor2D),
  })
const evaluating = ({ parameters, decisions }: Inputs) => ({
  ...evaluate(controller, parameters as tf.Tensor1D, decisions as tf.Tensor2D),
})

/** The option that `uniform` falls on; null where rounding could decide. */
function inverted(distribution: number[], uniform: number): number | null {
  let sum = 0
  for (const [option, probability] of distribution.entries()) {
    sum += probability
    if (Math.abs(uniform - sum) < 1e-5 && option < distribution.length - 1) return null
    if (uniform < sum) return option
  }
  return distribution.length - 1
}

const near = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual - expected) < 1e-4, `${what} is ${actual}, not ${expected}`)

test('samples, log-probabilities and entropies are those of a plain LSTM', async () => {
  const count = 40
  const draws = uniforms('plain', count)
  const given = { parameters: flat(parameters), uniforms: matrix(draws, length) }
  const { decisions, logProbabilities, entropies } = await compiled(sampling(controller), given, 0)
  assert.deepEqual(decisions.shape, [count, length])
  let compared = 0
  for (let i = 0; i < count; i++) {
    const taken = decisions.data.slice(i * length, (i + 1) * length)
    const scores = walk(controller, parameters, (_, d) => taken[d])
    for (let d = 0; d < length; d++) {
      const expected = inverted(scores.distributions[d], draws[i * length + d])
      if (expected !== null) assert.equal(taken[d], expected, `decision ${d} of architecture ${i}`)
      if (expected !== null) compared++
      near(logProbabilities.data[i * length + d], scores.logProbabilities[d], `log-probability ${i}, ${d}`)
    }
    near(entropies.data[i], scores.entropy, `entropy of architecture ${i}`)
  }
  assert.ok(compared > 0.99 * count * length)
  assert.ok(new Set(decisions.data.filter((_, i) => i % length === 0)).size > 1)
})

test('given architectures have the log-probabilities and entropies that sampling told', async () => {
  const given = { parameters: flat(parameters), uniforms: matrix(uniforms('given', 9), length) }
  const { decisions, ...scores } = await compiled(sampling(controller), given, 0)
  const again = await compiled(
    evaluating,
    { parameters: flat(parameters), decisions: { ...decisions, dtype: 'int32' } },
    0,
  )
  assertClose(again, scores, 1e-5, 'evaluated')
})

test('compiled and on TensorFlow.js’s CPU backend, sampling and evaluating are the same', async () => {
  const given = { parameters: flat(parameters), uniforms: matrix(uniforms('eager', 7), length) }
  const sampled = await compiled(sampling(controller), given, 0)
  assertClose(sampled, await eagerly(sampling(controller), given), 1e-5, 'sampled')
  const architectures = {
    parameters: flat(parameters),
    decisions: { ...sampled.decisions, dtype: 'int32' as const },
  }
  assertClose(
    await compiled(evaluating, architectures, 0),
    await eagerly(evaluating, architectures),
    1e-5,
    'evaluated',
  )
})

/** Pearson's χ² of counts against probabilities. */
const chiSquare = (counts: number[], probabilities: number[]) => {
  const total = counts.reduce((a, b) => a + b)
  return counts.reduce(
    (sum, count, k) => sum + (count - total * probabilities[k]) ** 2 / (total * probabilities[k]),
    0,
  )
}

test('options come as often as their softmax says, the second by what the first was', async () => {
  const decisions: DecisionSize[] = [
    { cell: 'normal', block: 2, kind: 'operation', size: 5 },
    { cell: 'normal', block: 2, kind: 'combine', size: 2 },
  ]
  const two = controllerOf(decisions, 4)
  const weights = initialParameters(two, 8).map((value) => value * 25)
  const count = 6000
  const { uniform } = random(9, 'chi-square')
  const draws = Float32Array.from({ length: 2 * count }, uniform)
  const given = { parameters: flat(weights), uniforms: matrix(draws, 2) }
  const { data } = (await compiled(sampling(two), given, 0)).decisions
  const pairs = Array.from({ length: count }, (_, i) => [data[2 * i], data[2 * i + 1]])
  const tally = (options: number[], among: number) =>
    Array.from({ length: among }, (_, k) => options.filter((option) => option === k).length)
  const { distributions } = walk(two, weights, () => 0)
  assert.ok(Math.max(...distributions[0]) / Math.min(...distributions[0]) > 2, 'a distribution worth a test')
  // χ² with 4 and with 1 degrees of freedom passes these once in ten thousand draws.
  const first = chiSquare(
    tally(
      pairs.map(([a]) => a),
      5,
    ),
    distributions[0],
  )
  assert.ok(first < 23.5, `χ² of the first decision is ${first}`)
  for (let option = 0; option < 5; option++) {
    const followers = pairs.filter(([a]) => a === option).map(([, b]) => b)
    const expected = walk(two, weights, (_, d) => (d === 0 ? option : 0)).distributions[1]
    const second = chiSquare(tally(followers, 2), expected)
    assert.ok(second < 15.1, `χ² of the second decision after option ${option} is ${second}`)
  }
})

test('the largest draw below 1 takes the last option that there is, 0 the first', async () => {
  for (const [draw, expected] of [
    [1 - 2 ** -24, controller.decisions.map(({ size: options }) => options - 1)],
    [0, controller.decisions.map(() => 0)],
  ] as const) {
    const given = {
      parameters: flat(parameters),
      uniforms: matrix(new Float32Array(length).fill(draw), length),
    }
    assert.deepEqual((await compiled(sampling(controller), given, 0)).decisions.data, expected)
  }
})

test('a decision without a choice is taken for certain', async () => {
  const one = controllerOf(decisionSizes({ ...SPACE, combinations: ['add'] }), 3)
  const { length } = one.decisions
  const draws = Float32Array.from({ length }, (_, d) => (d + 0.5) / length)
  const given = { parameters: flat(initialParameters(one, 1)), uniforms: matrix(draws, length) }
  const { decisions, logProbabilities } = await compiled(sampling(one), given, 0)
  for (const [d, { size: options }] of one.decisions.entries()) {
    if (options > 1) assert.ok(logProbabilities.data[d] < -0.5, `${d}`)
    else assert.deepEqual([decisions.data[d], Math.abs(logProbabilities.data[d])], [0, 0], `${d}`)
  }
})

test('initial weights are even in ±0.1, and the policy nearly so over all options', () => {
  const initial = initialParameters(controller, 1)
  const deviation = Math.sqrt(initial.reduce((sum, value) => sum + value * value, 0) / initial.length)
  assert.ok(initial.every((value) => value >= -0.1 && value < 0.1))
  assert.ok(Math.abs(deviation - 0.1 / Math.sqrt(3)) < 0.005, `${deviation}`)
  const even = controller.decisions.reduce((sum, { size }) => sum + Math.log(size), 0)
  assert.ok(walk(controller, initial, () => 0).entropy > 0.99 * even)
})
