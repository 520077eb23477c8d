/** The compiled detector step against the same function run eagerly on TensorFlow.js's CPU backend. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import { detectorOf } from '../../../src/train/detection/network.js'
import { buildDetectorStep, detectorSpecs } from '../../../src/train/detection/step.js'
import { detectorStepFunction } from '../../../src/train/detection/step-function.js'
import type { DetectorStep } from '../../../src/train/detection/step-types.js'
import { accumulatedVectors } from '../../../src/train/step/accumulate.js'
import type { StateTensors } from '../../../src/train/step/differentiate.js'
import { layoutOf } from '../../../src/train/step/flat-state.js'
import { drawNoise } from '../../../src/train/step/noise.js'
import { firstState } from '../../../src/train/step/state-vectors.js'
import type { StateVectors } from '../../../src/train/step/step-types.js'
import {
  CLASSES,
  MAX_OBJECTS,
  rectangles,
  SIZE,
  tinyDetector,
  tinyPyramidDetector,
} from '../../helpers/train/detection/tiny-detector.js'

const shapes = { imageSize: [SIZE, SIZE] as [number, number], classes: CLASSES }

function assertNear(actual: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what)
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6)
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0)
  assert.ok(worst / scale <= tolerance, `${what}: off by ${worst} at a scale of ${scale}`)
}

/** State and losses after one eager pass over the batch. */
async function eagerPass(config: DetectorRunConfig): Promise<{ state: StateVectors; loss: number }> {
  const specs = detectorSpecs(config, shapes)
  const layout = layoutOf(specs.parameters)
  const step = detectorStepFunction(config, detectorOf(config, CLASSES), specs, layout)
  const start = firstState(accumulatedVectors(config, layout), layout, specs, config.seed)
  const { images, boxes, labels } = rectangles()
  await tf.setBackend('cpu')
  return tf.tidy(() => {
    const state: StateTensors = {}
    for (const [name, data] of Object.entries(start)) state[name] = tf.tensor1d(data)
    const { state: after, loss } = step(state, {
      images: tf.tensor4d(images, [config.batchSize, SIZE, SIZE, 3]),
      boxes: tf.tensor3d(boxes, [config.batchSize, MAX_OBJECTS, 4]),
      labels: tf.tensor2d(labels, [config.batchSize, MAX_OBJECTS], 'int32'),
      learningRate: tf.scalar(0.01),
      progress: tf.scalar(0),
      step: tf.scalar(0),
      noise: tf.tensor1d(drawNoise(specs, config.seed, 0)),
    })
    const vectors = Object.entries(after).map(([name, tensor]) => [name, tensor.dataSync().slice()])
    return { state: Object.fromEntries(vectors), loss: loss.dataSync()[0] }
  })
}

const inputs = (step: number, batches = 1) => ({
  batches: Array.from({ length: batches }, rectangles),
  learningRate: 0.01,
  progress: 0,
  step,
})

async function afterSteps(step: DetectorStep, run: (step: DetectorStep) => Promise<void>) {
  await run(step)
  const state = await step.state()
  await step.close()
  return state
}

type Pass = Awaited<ReturnType<typeof eagerPass>>

function assertNearPass(loss: number, state: Pass['state'], expected: Pass) {
  assert.ok(Math.abs(loss - expected.loss) < 1e-4 * expected.loss, `${loss} against ${expected.loss}`)
  for (const [name, vector] of Object.entries(expected.state)) assertNear(state[name], vector, 2e-3, name)
}

/** Fails unless the first step's loss, and the state after it, are those of the eager pass. */
async function assertSameAsEager(config: DetectorRunConfig) {
  let loss = 0
  const state = await afterSteps(await buildDetectorStep(config, shapes), async (step) => {
    loss = (await step.run(inputs(0))).loss
  })
  assertNearPass(loss, state, await eagerPass(config))
}

for (const batchNorm of ['trained', 'frozen'] as const)
  test(`a step equals the eager one, with batch norm ${batchNorm}`, async () => {
    const tiny = tinyDetector()
    const config = { ...tiny, detector: { ...tiny.detector, batchNorm } }
    let loss = 0
    const state = await afterSteps(await buildDetectorStep(config, shapes), async (step) => {
      const metrics = await step.run(inputs(0))
      loss = metrics.loss
      const parts = metrics.objectness + metrics.anchorBoxes + metrics.classification + metrics.boxes
      assert.ok(Math.abs(parts - loss) < 1e-5)
    })
    assertNearPass(loss, state, await eagerPass(config))
  })

test('a step with all settings of the released detector equals the eager one', async () => {
  const tiny = tinyDetector()
  const { detector } = tiny
  const config: DetectorRunConfig = {
    ...tiny,
    detector: {
      ...detector,
      stemPadding: 'valid',
      rpnActivation: 'relu6',
      clipBoxes: 'after-nms',
      proposals: { ...detector.proposals, clipAnchors: true },
      roiHeads: { ...detector.roiHeads, cropping: 'crop-and-resize', samplingRatio: 1 },
    },
  }
  await assertSameAsEager(config)
})

for (const [about, batchNorm, ofPyramid] of [
  ['trained everywhere', 'trained', true],
  ['frozen in the backbone, none in the pyramid', 'frozen', false],
] as const)
  test(`a step of a detector with a pyramid equals the eager one, batch norm ${about}`, async () => {
    const tiny = tinyPyramidDetector()
    const pyramid = { ...tiny.detector.pyramid!, batchNorm: ofPyramid }
    const config: DetectorRunConfig = { ...tiny, detector: { ...tiny.detector, pyramid, batchNorm } }
    await assertSameAsEager(config)
  })

test('a step whose box head sees the backbone’s last features equals the eager one', async () => {
  const tiny = tinyPyramidDetector()
  const pyramid = { ...tiny.detector.pyramid!, skipPooling: true }
  const config: DetectorRunConfig = { ...tiny, detector: { ...tiny.detector, pyramid } }
  await assertSameAsEager(config)
})

for (const boxLoss of ['giou', 'ciou'] as const)
  test(`a step with ${boxLoss} in both stages and one box for all classes equals the eager one`, async () => {
    const tiny = tinyPyramidDetector()
    const { proposals, roiHeads } = tiny.detector
    const config: DetectorRunConfig = {
      ...tiny,
      detector: {
        ...tiny.detector,
        proposals: { ...proposals, boxLoss },
        roiHeads: { ...roiHeads, boxLoss, classAgnostic: true },
      },
    }
    let loss = 0
    const step = await buildDetectorStep(config, shapes)
    const boxes = step.layout.find(({ path }) => path === 'regions/boxes/kernel')
    assert.deepEqual(boxes?.shape, [16, 4])
    const state = await afterSteps(step, async () => {
      loss = (await step.run(inputs(0))).loss
    })
    assertNearPass(loss, state, await eagerPass(config))
  })

for (const [about, tiny, freeze, kept] of [
  ['the stem', tinyPyramidDetector(), 'stem', ['stem', 'stem_0', 'stem_1']],
  [
    'cells of the second stage too',
    tinyDetector(),
    'cells:4',
    ['stem', 'stem_0', 'stem_1', 'cell_0', 'reduction_0', 'cell_1', 'reduction_1'],
  ],
] as const)
  test(`what is frozen stays bit for bit, averages too, and all else moves: ${about}`, async () => {
    const step = await buildDetectorStep({ ...tiny, freeze, averageDecay: 0.9 }, shapes)
    const before = await step.state()
    await step.run(inputs(0))
    await step.run(inputs(1))
    const after = await step.state()
    const moved = new Set<string>()
    const still = new Set<string>()
    const ofAverages = { parameters: 'averageParameters', statistics: 'averageStatistics' }
    for (const { path, vector, offset, size } of step.layout)
      for (const name of [vector, ofAverages[vector as keyof typeof ofAverages]]) {
        const part = (state: StateVectors) => state[name].slice(offset, offset + size)
        const isSame = part(before).every((value, i) => value === part(after)[i])
        ;(isSame ? still : moved).add(path.split('/')[0])
      }
    await step.close()
    for (const part of kept) assert.ok(still.has(part) && !moved.has(part), `${part} moved`)
    for (const part of ['rpn', 'regions', 'cell_2']) assert.ok(moved.has(part), `${part} did not move`)
  })

test('the box head’s parameters lie as in the checkpoints of older versions', () => {
  for (const tiny of [tinyDetector(), tinyPyramidDetector()]) {
    const paths = detectorSpecs(tiny, shapes).parameters.map(({ path }) => path)
    const last = ['regions/classes', 'regions/boxes'].flatMap((layer) => [`${layer}/kernel`, `${layer}/bias`])
    assert.deepEqual(paths.slice(-4), last)
  }
})

test('frozen batch norm changes none of its numbers', async () => {
  const tiny = tinyDetector()
  const config = { ...tiny, detector: { ...tiny.detector, batchNorm: 'frozen' as const } }
  const step = await buildDetectorStep(config, shapes)
  const before = await step.state()
  await step.run(inputs(0))
  const after = await step.state()
  assert.deepEqual(after.statistics, before.statistics)
  assert.notDeepEqual(after.parameters, before.parameters)
  const frozen = step.layout.filter(({ path }) => path.endsWith('gamma'))
  assert.ok(frozen.length > 0 && frozen.every(({ vector }) => vector === 'statistics'))
  await step.close()
})

test('two accumulated batches move the weights as the mean of their gradients', async () => {
  const tiny = tinyDetector({ clipNorm: null, weightDecay: 0 })
  const config = { ...tiny, detector: { ...tiny.detector, batchNorm: 'frozen' as const } }
  const moved = async (accumulate: number, step: number) => {
    const compiled = await buildDetectorStep({ ...config, accumulate }, shapes)
    const before = await compiled.state()
    const after = await afterSteps(compiled, async (built) => {
      await built.run(inputs(step, accumulate))
    })
    return after.parameters.map((value, i) => value - before.parameters[i])
  }
  // The batches of step 0 draw as the steps 0 and 1 of a run that does not accumulate.
  const [both, first, second] = [await moved(2, 0), await moved(1, 0), await moved(1, 1)]
  assertNear(
    both,
    first.map((value, i) => (value + second[i]) / 2),
    1e-3,
    'movement',
  )
})

for (const [about, config] of [
  ['', tinyDetector()],
  [' with a pyramid', tinyPyramidDetector()],
] as const)
  test(`a run${about} can be repeated bit for bit, and training lowers the loss`, async () => {
    const losses: number[][] = []
    for (let time = 0; time < 2; time++) {
      const seen: number[] = []
      await afterSteps(await buildDetectorStep(config, shapes), async (step) => {
        for (let i = 0; i < 40; i++) seen.push((await step.run(inputs(i))).loss)
      })
      losses.push(seen)
    }
    assert.deepEqual(losses[0], losses[1])
    assert.ok(losses[0][39] < losses[0][0] / 2, `from ${losses[0][0]} to ${losses[0][39]}`)
  })
