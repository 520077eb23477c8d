/** The compiled training step against the same function run eagerly on TensorFlow.js's CPU backend. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { hasPairs, type RunConfig } from '../../../src/train/classification/config.js'
import { buildEagerStep } from '../../../src/train/classification/eager-step.js'
import { presets } from '../../../src/train/classification/presets.js'
import { buildTrainStep } from '../../../src/train/classification/step.js'
import type { StepInputs, TrainStep } from '../../../src/train/classification/step-types.js'
import { pairLabels } from '../../../src/train/images/mix.js'
import type { StateVectors } from '../../../src/train/step/step-types.js'

const CLASSES = 3
const SIZE = 10
const BATCH = 4

function config(changes: Partial<RunConfig>): RunConfig {
  const base = structuredClone(presets['paper-cifar'])
  return {
    ...base,
    model: { ...base.model, cells: 1, filters: 16, stemFilters: 16, dropout: 0.3 },
    batchSize: BATCH,
    ...changes,
  }
}

function inputs(step: number): StepInputs {
  const images = Float32Array.from(
    { length: BATCH * SIZE * SIZE * 3 },
    (_, i) => Math.sin(i * 0.71 + step) * 0.9,
  )
  return { images, labels: Int32Array.of(2, 0, 1, 0), learningRate: 0.05, progress: 0.4, step }
}

/** Metrics and state after one step, which is not the run's first. */
async function oneStep(step: TrainStep, part = 0, isMixed = false): Promise<[Float32Array, StateVectors]> {
  const { labels } = inputs(1)
  const pairs = isMixed ? pairLabels(labels, 0.7, Float32Array.of(0.5, 2, 1)) : undefined
  const { loss, correct, gradientNorm } = await step.run({ ...inputs(1), part, pairs })
  const state = await step.state()
  await step.close()
  return [Float32Array.of(loss, correct, gradientNorm), state]
}

function assertNear(actual: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what)
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6)
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0)
  assert.ok(worst / scale <= tolerance, `${what}: off by ${worst} at a scale of ${scale}`)
}

const CASES: Record<string, Partial<RunConfig> & { part?: number }> = {
  'the paper’s recipe: auxiliary head, drop path, clipping, weight decay': {},
  'nesterov with an average of the weights': {
    optimizer: { kind: 'momentum', momentum: 0.9, nesterov: true },
    averageDecay: 0.99,
    auxiliaryWeight: 0,
    labelSmoothing: 0.1,
  },
  'RMSProp without clipping': {
    optimizer: { kind: 'rmsprop', decay: 0.9, momentum: 0.9, epsilon: 1 },
    clipNorm: null,
    auxiliaryWeight: 0,
    dropPathKeep: 1,
  },
  // Adam divides by the gradient's own size, so the sign of a gradient near zero decides: ε damps that here.
  'Adam without weight decay': {
    optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 0.1 },
    weightDecay: 0,
    auxiliaryWeight: 0,
    dropPathKeep: 1,
  },
  'the first of two accumulated batches': { accumulate: 2, averageDecay: 0.99, part: 0 },
  'the last of two accumulated batches': { accumulate: 2, averageDecay: 0.99, part: 1 },
  'mixed images of weighted classes, with an auxiliary head': { mixup: 0.4, balance: 'class-weights' },
  'learning rates that fall from the head to the stem': { layerDecay: 0.7, auxiliaryWeight: 0 },
  'two cells frozen': { init: 'run', freeze: 'cells:2', averageDecay: 0.9, auxiliaryWeight: 0 },
}

for (const [what, { part, ...changes }] of Object.entries(CASES))
  test(`a step equals the eager one: ${what}`, async () => {
    const run = config(changes)
    const shapes = { imageSize: SIZE, classes: CLASSES }
    const [metrics, state] = await oneStep(await buildTrainStep(run, shapes), part, hasPairs(run))
    await tf.setBackend('cpu')
    const [expected, expectedState] = await oneStep(await buildEagerStep(run, shapes), part, hasPairs(run))
    assertNear(metrics, expected, 1e-4, 'metrics')
    assert.deepEqual(Object.keys(state).sort(), Object.keys(expectedState).sort())
    for (const name of Object.keys(state)) assertNear(state[name], expectedState[name], 1e-3, name)
  })

test('accumulated batches move the weights as the mean of their gradients, after the last one', async () => {
  const run = config({ clipNorm: null, weightDecay: 0, auxiliaryWeight: 0 })
  const shapes = { imageSize: SIZE, classes: CLASSES }
  /** How far the weights move in one step whose batches are those of these numbers. */
  const moved = async (step: number, batches: number[]): Promise<Float32Array> => {
    const built = await buildTrainStep({ ...run, accumulate: batches.length }, shapes)
    const { parameters: before } = await built.state()
    for (const [part, batch] of batches.entries()) {
      assert.deepEqual((await built.state()).parameters, before)
      await built.run({ ...inputs(batch), step, part })
    }
    const { parameters, gradient } = await built.state()
    assert.ok(gradient === undefined || gradient.every((value) => value === 0))
    await built.close()
    return parameters.map((value, i) => value - before[i])
  }
  // The batches of step 0 draw as the steps 0, 1 and 2 of a run that does not accumulate.
  const together = await moved(0, [0, 1, 2])
  const single = [await moved(0, [0]), await moved(1, [1]), await moved(2, [2])]
  const mean = together.map((_, i) => (single[0][i] + single[1][i] + single[2][i]) / 3)
  assertNear(together, mean, 1e-3, 'movement')
})

test('a batch can be repeated bit for bit, and training lowers the loss', async () => {
  const run = config({ auxiliaryWeight: 0, dropPathKeep: 0.9 })
  const losses: number[][] = []
  for (let time = 0; time < 2; time++) {
    const step = await buildTrainStep(run, { imageSize: SIZE, classes: CLASSES })
    const seen: number[] = []
    for (let i = 0; i < 12; i++) seen.push((await step.run({ ...inputs(0), step: i })).loss)
    await step.close()
    losses.push(seen)
  }
  assert.deepEqual(losses[0], losses[1])
  assert.ok(losses[0][11] < losses[0][0] / 2, `from ${losses[0][0]} to ${losses[0][11]}`)
})
