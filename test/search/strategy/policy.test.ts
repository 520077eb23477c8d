/** The controller in its worker threads against the same functions called one by one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { initialParameters, sample } from '../../../src/search/strategy/controller.js'
import { openPolicy } from '../../../src/search/strategy/policy.js'
import { paperController } from '../../../src/search/strategy/ppo-options.js'
import { type PpoState, ppoStep } from '../../../src/search/strategy/ppo-step.js'
import { controller, length, uniforms } from '../../helpers/search/small-controller.js'

const SEED = 6
const OPTIONS = { ...paperController, batch: 5, epochs: 2, learningRate: 0.05 }
const ADVANTAGES = [0.3, -0.2, 0.1, -0.4, 0.25]

/** Log-probabilities, row by row, of what these parameters sample. */
const sampled = (parameters: tf.Tensor1D, draws: Float32Array) =>
  sample(controller, parameters, tf.tensor2d(draws, [OPTIONS.batch, length]))

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i] - expected[i]) < 1e-3, `${what} ${i} is ${actual[i]}, not ${expected[i]}`)
}

test('learns what as many steps of PPO make of the parameters, batch after batch', async () => {
  const policy = await openPolicy(controller, OPTIONS, SEED)
  await tf.setBackend('cpu')
  const initial = tf.tensor1d(initialParameters(controller, SEED))
  let state: PpoState = {
    parameters: initial,
    firstMoment: tf.zerosLike(initial),
    secondMoment: tf.zerosLike(initial),
  }
  for (let round = 0; round < 3; round++) {
    const { proposals, entropy } = await policy.sample(uniforms(`round ${round}`, OPTIONS.batch))
    const expected = sampled(state.parameters, uniforms(`round ${round}`, OPTIONS.batch))
    const { decisions, logProbabilities, entropies } = expected
    assert.deepEqual(
      proposals.flatMap((proposal) => proposal.decisions),
      Array.from(decisions.dataSync()),
    )
    const logs = proposals.flatMap((proposal) => [...proposal.logProbabilities])
    assertNear(logs, logProbabilities.dataSync(), `round ${round}, log-probability`)
    assertNear([entropy], tf.mean(entropies).dataSync(), `round ${round}, entropy`)

    await policy.learn(proposals, Float32Array.from(ADVANTAGES))
    const batch = { decisions, logProbabilities, advantages: tf.tensor1d(ADVANTAGES) }
    for (let epoch = 0; epoch < OPTIONS.epochs; epoch++)
      state = ppoStep(controller, OPTIONS, state, batch, tf.scalar(round * OPTIONS.epochs + epoch)).state
  }
  const moved = state.parameters.dataSync().map((value, i) => value - initial.dataSync()[i])
  assert.ok(Math.max(...moved.map(Math.abs)) > 0.1, 'the parameters have moved')
  await policy.close()
})
