/** The compiled step of autoencoders against the same function run eagerly on TensorFlow.js's CPU backend. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import type { AutoencoderRunConfig } from '../../../src/train/autoencoder/config.js'
import { autoencoderOf } from '../../../src/train/autoencoder/network.js'
import { autoencoderSpecs, buildAutoencoderStep } from '../../../src/train/autoencoder/step.js'
import { autoencoderStepFunction } from '../../../src/train/autoencoder/step-function.js'
import type { StateTensors } from '../../../src/train/step/differentiate.js'
import { layoutOf } from '../../../src/train/step/flat-state.js'
import { firstState, stateVectors } from '../../../src/train/step/state-vectors.js'
import type { StateVectors } from '../../../src/train/step/step-types.js'
import { BATCH, SIZE, sizes, tinyAutoencoder } from '../../helpers/train/autoencoder/tiny-autoencoder.js'

const images = () =>
  Float32Array.from({ length: BATCH * SIZE * SIZE * 3 }, (_, i) => Math.sin(i * 0.071) * Math.cos(i * 0.37))

interface After {
  state: StateVectors
  metrics: Float32Array
}

async function eagerStep(config: AutoencoderRunConfig): Promise<After> {
  const network = autoencoderOf(config.model)
  const specs = autoencoderSpecs(network, BATCH, SIZE)
  const layout = layoutOf(specs.parameters)
  const step = autoencoderStepFunction(config, network, specs, layout)
  const start = firstState(stateVectors(config, layout), layout, specs, config.seed)
  await tf.setBackend('cpu')
  return tf.tidy(() => {
    const state: StateTensors = {}
    for (const [name, data] of Object.entries(start)) state[name] = tf.tensor1d(data)
    const after = step(state, {
      images: tf.tensor4d(images(), [BATCH, SIZE, SIZE, 3]),
      learningRate: tf.scalar(0.5),
      progress: tf.scalar(0),
      step: tf.scalar(0),
    })
    const vectors = Object.entries(after.state).map(([name, tensor]) => [name, tensor.dataSync().slice()])
    const metrics = Float32Array.of(after.loss.dataSync()[0], after.gradientNorm.dataSync()[0])
    return { state: Object.fromEntries(vectors), metrics }
  })
}

function assertNear(actual: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what)
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6)
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0)
  assert.ok(worst / scale <= tolerance, `${what}: off by ${worst} at a scale of ${scale}`)
}

const { stages, codeChannels, batchNorm } = sizes
const plain = { kind: 'plain' as const, stages, codeChannels, batchNorm, width: 16 }

for (const [what, changes] of Object.entries({
  cells: {},
  'plain convolutions, with an average of the weights': { model: plain, averageDecay: 0.99 },
} satisfies Record<string, Partial<AutoencoderRunConfig>>))
  test(`a step equals the eager one: ${what}`, async () => {
    const config = tinyAutoencoder(changes)
    const step = await buildAutoencoderStep(config, SIZE)
    const { loss, gradientNorm } = await step.run(images(), { learningRate: 0.5, progress: 0, step: 0 })
    const state = await step.state()
    await step.close()
    const expected = await eagerStep(config)
    assertNear(Float32Array.of(loss, gradientNorm), expected.metrics, 1e-4, 'metrics')
    assert.deepEqual(Object.keys(state).sort(), Object.keys(expected.state).sort())
    for (const name of Object.keys(state)) assertNear(state[name], expected.state[name], 1e-3, name)
  })

test('a step can be repeated bit for bit', async () => {
  const losses: number[][] = []
  for (let time = 0; time < 2; time++) {
    const step = await buildAutoencoderStep(tinyAutoencoder(), SIZE)
    const seen: number[] = []
    for (let i = 0; i < 3; i++)
      seen.push((await step.run(images(), { learningRate: 0.3, progress: 0, step: i })).loss)
    await step.close()
    losses.push(seen)
  }
  assert.deepEqual(losses[0], losses[1])
})
