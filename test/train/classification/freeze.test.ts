/** Frozen parts of a network, and learning rates by depth. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { type RunConfig, validateConfig } from '../../../src/train/classification/config.js'
import { networkConfig, networkOf } from '../../../src/train/classification/network.js'
import { presets } from '../../../src/train/classification/presets.js'
import { buildTrainStep, classifierSpecs } from '../../../src/train/classification/step.js'
import type { TrainStep } from '../../../src/train/classification/step-types.js'
import { frozenParts } from '../../../src/train/step/freeze.js'
import { inferenceContext } from '../../../src/train/step/inference-context.js'
import type { StateVectors } from '../../../src/train/step/step-types.js'

const [CLASSES, SIZE, BATCH] = [3, 8, 4]
const LABELS = Int32Array.of(2, 0, 1, 0)
const shapes = { imageSize: SIZE, classes: CLASSES }

function config(changes: Partial<RunConfig>): RunConfig {
  const base = structuredClone(presets.embedded)
  return {
    ...base,
    model: { ...base.model, cells: 1, filters: 4, stemFilters: 4 },
    batchSize: BATCH,
    clipNorm: null,
    ...changes,
  }
}

const images = (): Float32Array =>
  Float32Array.from({ length: BATCH * SIZE * SIZE * 3 }, (_, i) => Math.sin(i * 0.71) * 0.9)

/** The numbers of each parameter and statistic after some steps, by `vector/path`, those of averages too. */
async function after(step: TrainStep, steps: number): Promise<Map<string, Float32Array>> {
  for (let number = 0; number < steps; number++)
    await step.run({ images: images(), labels: LABELS.slice(), learningRate: 0.1, progress: 0, step: number })
  return named(step, await step.state())
}

function named({ layout }: TrainStep, state: StateVectors): Map<string, Float32Array> {
  const of = { parameters: 'averageParameters', statistics: 'averageStatistics' } as Record<string, string>
  return new Map(
    layout.flatMap(({ path, vector, offset, size }) =>
      [vector, of[vector]].flatMap((name): [string, Float32Array][] =>
        state[name] === undefined
          ? []
          : [[`${name === vector ? '' : 'average/'}${path}`, state[name].slice(offset, offset + size)]],
      ),
    ),
  )
}

const isBelow = (path: string, parts: readonly string[]): boolean => parts.includes(path.split('/')[0])

for (const [freeze, frozen] of [
  ['cells:2', ['stem', 'cell_0', 'reduction_0']],
  ['all', ['stem', 'cell_0', 'reduction_0', 'cell_1', 'reduction_1', 'cell_2']],
] as const)
  test(`--freeze ${freeze} changes nothing of ${frozen.join(', ')}, and all of the rest`, async () => {
    const run = config({ init: 'run', freeze, averageDecay: 0.9, weightDecay: 0.01 })
    const step = await buildTrainStep(run, shapes)
    const before = named(step, await step.state())
    const now = await after(step, 3)
    // They have no gradient and no slots.
    assert.ok(!step.layout.some(({ path, vector }) => vector === 'parameters' && isBelow(path, frozen)))
    await step.close()
    assert.deepEqual([...frozenParts(networkConfig(run, CLASSES), freeze)], frozen)
    for (const [name, numbers] of now) {
      const isFrozen = isBelow(name.replace('average/', ''), frozen)
      const same = numbers.every((value, i) => value === before.get(name)![i])
      assert.equal(same, isFrozen, name)
    }
  })

test('with all but the head frozen, a step is one of softmax regression on the features of inference', async () => {
  const run = config({
    ...{ init: 'run', freeze: 'all', averageDecay: null, weightDecay: 0 },
    optimizer: { kind: 'momentum', momentum: 0.9, nesterov: false },
    labelSmoothing: 0,
  })
  const step = await buildTrainStep(run, shapes)
  const state = await step.state()
  // Statistics that are not those of a new network.
  for (const { path, vector, offset, size } of step.layout)
    if (path.endsWith('moving_variance')) state[vector].fill(1.7, offset, offset + size)
  await step.load(state)
  const before = named(step, state)
  const now = await after(step, 1)
  await step.close()
  await tf.setBackend('cpu')
  const network = networkOf(config({}), CLASSES)
  const plain = networkOf(run, CLASSES)
  const specs = classifierSpecs(plain, BATCH, SIZE)
  const moved = tf.tidy(() => {
    const ctx = inferenceContext(specs, state)
    const outputs = network(ctx, tf.tensor4d(images(), [BATCH, SIZE, SIZE, 3]))
    const pooled = tf.mean(tf.relu(outputs.features.at(-1)!.tensor), [1, 2])
    const wrong = tf.sub(tf.softmax(outputs.logits), tf.oneHot(tf.tensor1d(LABELS, 'int32'), CLASSES))
    return tf.mul(tf.matMul(pooled as tf.Tensor2D, wrong as tf.Tensor2D, true), -0.1 / BATCH).dataSync()
  })
  const [from, to] = [before.get('head/kernel')!, now.get('head/kernel')!]
  const scale = Math.max(...moved.map(Math.abs))
  for (const [i, change] of moved.entries())
    assert.ok(Math.abs(to[i] - from[i] - change) < 1e-3 * scale, `${i}: ${to[i] - from[i]}, not ${change}`)
})

test('with layer-wise rates, the first step of each part is the plain one times the factor of its depth', async () => {
  const optimizer = { kind: 'momentum', momentum: 0.9, nesterov: false } as const
  const base: Partial<RunConfig> = { optimizer, averageDecay: null, weightDecay: 0.01 }
  const moves = async (run: RunConfig) => {
    const step = await buildTrainStep(run, shapes)
    const before = named(step, await step.state())
    const now = await after(step, 1)
    await step.close()
    return new Map([...now].map(([path, to]) => [path, to.map((value, i) => value - before.get(path)![i])]))
  }
  const [plain, rated] = [await moves(config(base)), await moves(config({ ...base, layerDecay: 0.5 }))]
  const depths = { head: 0, cell_2: 1, reduction_1: 2, cell_1: 3, reduction_0: 4, cell_0: 5, stem: 6 }
  for (const [part, depth] of Object.entries(depths)) {
    const paths = [...plain.keys()].filter((path) => path.startsWith(`${part}/`) && !path.includes('moving_'))
    assert.ok(paths.length > 0, part)
    for (const path of paths) {
      const expected = plain.get(path)!.map((move) => move * 0.5 ** depth)
      const scale = Math.max(...expected.map(Math.abs), 1e-5)
      for (const [i, move] of rated.get(path)!.entries())
        assert.ok(Math.abs(move - expected[i]) < 2e-3 * scale + 1e-7, `${path}: ${move}, not ${expected[i]}`)
    }
  }
})

test('a part that the network has not, and a frozen part of random weights, are refused', () => {
  assert.throws(
    () => validateConfig(config({ freeze: 'stem' })),
    /"freeze" keeps trained weights, which --init must name/,
  )
  assert.throws(
    () => validateConfig(config({ init: 'run', freeze: 'cells:6' })),
    /"freeze" is cells:6, but the network has 5 cells after its stem/,
  )
  assert.throws(
    () => validateConfig(config({ init: 'run', freeze: 'cells:0' })),
    /"freeze" is "cells:0", but must be stem, all, or cells:N with N of 1 or more/,
  )
  assert.equal(validateConfig(config({ init: 'run', freeze: 'all' })).freeze, 'all')
})
