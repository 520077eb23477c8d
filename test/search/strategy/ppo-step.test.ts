/** The loss, its gradient, its clipping and the step along it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { sample } from '../../../src/search/strategy/controller.js'
import { paperController } from '../../../src/search/strategy/ppo-options.js'
import { type PpoBatch, ppoLoss, ppoStep } from '../../../src/search/strategy/ppo-step.js'
import { assertClose, compiled, eagerly, type Given } from '../../helpers/engine/compare.js'
import { assertGradient, normals } from '../../helpers/models/numeric.js'
import { walk } from '../../helpers/search/plain-controller.js'
import { controller, length, parameters, uniforms } from '../../helpers/search/small-controller.js'

const COUNT = 5
const OPTIONS = { ...paperController, entropyWeight: 0.02 }

/** Architectures and their log-probabilities, moved by `shift(i)` from what they are now. */
async function batch(shift: (i: number) => number): Promise<Record<keyof PpoBatch, Given>> {
  const given: Record<string, Given> = {
    parameters: { shape: [parameters.length], data: parameters },
    uniforms: { shape: [COUNT, length], data: uniforms('batch', COUNT) },
  }
  const { decisions, logProbabilities } = await eagerly(
    (all) => ({ ...sample(controller, all.parameters as tf.Tensor1D, all.uniforms as tf.Tensor2D) }),
    given,
  )
  const { data } = logProbabilities
  return {
    decisions: { ...decisions, dtype: 'int32' },
    logProbabilities: { shape: [COUNT, length], data: data.map((value, i) => value + shift(i)) },
    advantages: { shape: [COUNT], data: [0.3, -0.2, 0.1, -0.4, 0.25] },
  }
}

const tensors = (given: Record<keyof PpoBatch, Given>): PpoBatch =>
  Object.fromEntries(
    Object.entries(given).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(Array.from(data), shape, dtype ?? 'float32'),
    ]),
  ) as unknown as PpoBatch

test('the loss is that of PPO’s formula, over a plain LSTM', async () => {
  // Ratios from 0.6 to 1.6: on both sides of both bounds, with advantages of both signs.
  const given = await batch((i) => Math.sin(i) * 0.5)
  let sum = 0
  for (let i = 0; i < COUNT; i++) {
    const row = (values: ArrayLike<number>) => Array.from(values).slice(i * length, (i + 1) * length)
    const taken = row(given.decisions.data)
    const { logProbabilities, entropy } = walk(controller, parameters, (_, d) => taken[d])
    const before = row(given.logProbabilities.data)
    const advantage = given.advantages.data[i]
    for (let d = 0; d < length; d++) {
      const ratio = Math.exp(logProbabilities[d] - before[d])
      sum += Math.min(ratio * advantage, Math.min(Math.max(ratio, 0.8), 1.2) * advantage)
    }
    sum += OPTIONS.entropyWeight * entropy
  }
  await tf.setBackend('cpu')
  const [loss] = tf.tidy(() =>
    ppoLoss(controller, OPTIONS, tf.tensor1d(parameters), tensors(given)).dataSync(),
  )
  assert.ok(Math.abs(loss + sum / COUNT) < 1e-4, `${loss}, not ${-sum / COUNT}`)
})

test('the gradient equals finite differences, inside and outside of the clip', async () => {
  const given = await batch((i) => [0, 0.5, -0.5][i % 3])
  await tf.setBackend('cpu')
  tf.tidy(() => {
    const all = tensors(given)
    assertGradient(
      (flat) => ppoLoss(controller, OPTIONS, flat as tf.Tensor1D, all),
      [tf.tensor1d(parameters)],
      {
        step: 3e-3,
      },
    )
  })
})

/** Length of the gradient when the policy now gives every decision `ratio` times the probability of sampling time. */
async function gradientLength(ratio: number, advantage: number): Promise<number> {
  const given = await batch(() => -Math.log(ratio))
  given.advantages = { shape: [COUNT], data: new Array(COUNT).fill(advantage) }
  await tf.setBackend('cpu')
  return tf.tidy(() => {
    const loss = (flat: tf.Tensor) =>
      ppoLoss(controller, { clip: 0.2, entropyWeight: 0 }, flat as tf.Tensor1D, tensors(given))
    return tf.norm(tf.grad(loss)(tf.tensor1d(parameters))).dataSync()[0]
  })
}

test('what has already moved by the clip in the right direction is pushed no further, else it is', async () => {
  assert.equal(await gradientLength(1.21, 1), 0)
  assert.equal(await gradientLength(0.79, -1), 0)
  for (const [ratio, advantage] of [
    [1.19, 1],
    [0.81, -1],
    [0.5, 1],
    [1.5, -1],
  ])
    assert.ok((await gradientLength(ratio, advantage)) > 0.01, `ratio ${ratio}, advantage ${advantage}`)
})

type Inputs = Record<string, tf.Tensor>

/** The step after 3 others, with moments that are not 0. */
const step = (options: typeof OPTIONS) => (inputs: Inputs) => {
  const { state, loss, gradientNorm } = ppoStep(
    controller,
    options,
    inputs as unknown as Parameters<typeof ppoStep>[2],
    inputs as unknown as PpoBatch,
    tf.scalar(3),
  )
  const { parameters, firstMoment, secondMoment } = state
  return { moved: parameters, first: firstMoment, second: secondMoment, loss, gradientNorm }
}

const state = (): Record<string, Given> => {
  const shape = [parameters.length]
  const moment = (key: string) => Array.from(normals<tf.Rank.R1>(key, [parameters.length]).dataSync())
  return {
    parameters: { shape, data: parameters },
    firstMoment: { shape, data: moment('first').map((value) => value * 0.01) },
    secondMoment: { shape, data: moment('second').map((value) => value * value * 0.01) },
  }
}

test('compiled and on TensorFlow.js’s CPU backend, a step is the same', async () => {
  await tf.setBackend('cpu')
  const given = { ...state(), ...(await batch((i) => Math.sin(i) * 0.5)) }
  assertClose(await compiled(step(OPTIONS), given, 0), await eagerly(step(OPTIONS), given), 1e-4, 'step')
})

test('a long gradient is shortened to the given length before Adam sees it', async () => {
  await tf.setBackend('cpu')
  const zeros = { shape: [parameters.length], data: new Float32Array(parameters.length) }
  const given = {
    ...state(),
    firstMoment: zeros,
    ...(await batch(() => 0)),
    advantages: { shape: [COUNT], data: [9, 9, 9, 9, 9] },
  }
  const { first, gradientNorm } = await eagerly(step({ ...OPTIONS, gradientNorm: 0.5 }), given)
  assert.ok(gradientNorm.data[0] > 1, `${gradientNorm.data[0]}`)
  // Adam's first moment takes a tenth of it.
  assert.ok(Math.abs(Math.hypot(...first.data) - 0.05) < 1e-5)
})
