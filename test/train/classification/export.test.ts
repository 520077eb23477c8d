/** The exported file against the training engine and against TensorFlow.js, on real images. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs'
import { loadEmbedded } from '../../../datasets/index.js'
import { eagerContext } from '../../../models/index.js'
import { blockSize, compile, openSession, trace } from '../../../src/engine/index.js'
import type { ModelCard } from '../../../src/shared/model-card.js'
import { readModelCard } from '../../../src/shared/read-model.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { exportModel, predictorFrom } from '../../../src/train/classification/export.js'
import { networkOf } from '../../../src/train/classification/network.js'
import { presets } from '../../../src/train/classification/presets.js'
import { buildTrainStep } from '../../../src/train/classification/step.js'
import { contextOver } from '../../../src/train/step/contexts.js'
import type { ParameterSlot, StateVectors } from '../../../src/train/step/step-types.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const SIZE = 16
const IMAGES = 6
const base = presets['paper-cifar']
const config: RunConfig = {
  ...base,
  model: { ...base.model, cells: 1, filters: 16, stemFilters: 16, dropout: 0.2 },
  batchSize: 8,
  auxiliaryWeight: 0.4,
}

/** A few steps on real images, so that statistics and weights are nobody's defaults. */
async function trained(config: RunConfig) {
  const { train } = await loadEmbedded({ seed: 1, size: SIZE })
  const classes = train.classes.length
  const step = await buildTrainStep(config, { imageSize: SIZE, classes })
  const bytes = SIZE * SIZE * 3
  for (let i = 0; i < 6; i++) {
    const pixels = train.pixels.subarray(i * 8 * bytes, (i + 1) * 8 * bytes)
    const images = Float32Array.from(pixels, (value) => (value / 255) * 2 - 1)
    const labels = train.labels.slice(i * 8, (i + 1) * 8)
    await step.run({ images, labels, learningRate: 0.05, progress: 0.5, step: i })
  }
  const state = await step.state()
  await step.close()
  return { state, layout: step.layout, labels: train.classes, pixels: train.pixels.slice(0, IMAGES * bytes) }
}

const parameterFrom = (state: StateVectors, layout: ParameterSlot[]) => {
  const slots = new Map(layout.map((slot) => [slot.path, slot]))
  return ({ path }: { path: string }) => {
    const { vector, offset, size } = slots.get(path)!
    return state[vector].slice(offset, offset + size)
  }
}

/** The same network on the training engine's own kernels: blocked layout, no rewriting by ONNX Runtime. */
async function onTrainingEngine(
  config: RunConfig,
  state: StateVectors,
  layout: ParameterSlot[],
  pixels: Uint8Array,
  classes: number,
) {
  const values = parameterFrom(state, layout)
  const traced = trace((tracer) => {
    const ctx = contextOver({
      training: false,
      progress: tf.scalar(1),
      parameter: (spec) => tf.tensor(values(spec), spec.shape),
      uniform: () => assert.fail('no noise outside of training'),
      update() {},
    })
    const images = tracer.input('images', [IMAGES, SIZE, SIZE, 3]) as tf.Tensor4D
    return { probabilities: tf.softmax(networkOf(config, classes)(ctx, images).logits) }
  })
  const session = await openSession(compile(traced, { block: await blockSize() }).model)
  const data = Float32Array.from(pixels, (value) => (value / 255) * 2 - 1)
  const { probabilities } = await session.run({
    images: { type: 'float32', shape: [IMAGES, SIZE, SIZE, 3], data },
  })
  await session.close()
  return probabilities.data as Float32Array
}

async function eagerly(
  config: RunConfig,
  state: StateVectors,
  layout: ParameterSlot[],
  pixels: Uint8Array,
  classes: number,
) {
  await tf.setBackend('cpu')
  return tf.tidy(() => {
    const ctx = eagerContext({ seed: 1, initial: parameterFrom(state, layout) })
    const images = tf.sub(tf.div(tf.tensor4d(pixels, [IMAGES, SIZE, SIZE, 3]), 127.5), 1) as tf.Tensor4D
    return tf.softmax(networkOf(config, classes)(ctx, images).logits).dataSync() as Float32Array
  })
}

function assertEqualWithin(
  actual: Float32Array,
  expected: Float32Array,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length)
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - actual[i])))
  assert.ok(worst <= tolerance, `${what}: off by ${worst}`)
}

const { model } = config
const cases: [string, RunConfig][] = [
  ['', config],
  [', with Keras’s pools', { ...config, model: { ...model, stridedPools: 'keras' } }],
  [
    ', with timm’s pools',
    { ...config, model: { ...model, stem: 'imagenet', stridedPools: 'timm' }, auxiliaryWeight: 0 },
  ],
]

for (const [what, config] of cases)
  test(`the exported file gives the probabilities of the training engine and of TensorFlow.js${what}`, async (t) => {
    const { state, layout, labels, pixels } = await trained(config)
    const card: ModelCard = {
      task: 'classification',
      name: 'small',
      labels,
      inputSize: [SIZE, SIZE],
      about: { seed: 1 },
    }
    const model = await exportModel(config, state, card)
    const predictor = await predictorFrom(model, SIZE)
    const exported = await predictor.run(pixels.slice(), IMAGES)
    const one = await predictor.run(pixels.slice(0, SIZE * SIZE * 3), 1)
    await predictor.close()

    const spread = Math.max(...exported) - Math.min(...exported)
    assert.ok(spread > 0.1, `probabilities all alike (${spread}) would prove little`)
    assertEqualWithin(one, exported.slice(0, labels.length), 1e-6, 'another batch size')
    assertEqualWithin(
      exported,
      await onTrainingEngine(config, state, layout, pixels, labels.length),
      1e-4,
      'training engine',
    )
    assertEqualWithin(
      exported,
      await eagerly(config, state, layout, pixels, labels.length),
      1e-4,
      'TensorFlow.js',
    )

    const path = join(await temporaryFolder(t), 'model.onnx')
    await writeFile(path, model)
    assert.deepEqual(await readModelCard(path), card)
  })

const python = process.env.PYTHON ?? 'python3'
const checker = await promisify(execFile)(python, ['-c', 'import onnx']).then(
  () => true,
  () => false,
)

test('the ONNX checker accepts the exported file', {
  skip: !checker && 'Python’s onnx is not installed',
}, async (t) => {
  const { state, labels } = await trained(config)
  const card: ModelCard = {
    task: 'classification',
    name: 'small',
    labels,
    inputSize: [SIZE, SIZE],
    about: {},
  }
  const path = join(await temporaryFolder(t), 'model.onnx')
  await writeFile(path, await exportModel(config, state, card))
  const script = `
import onnx, sys
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
print(sorted({node.domain for node in model.graph.node}), [o.domain for o in model.opset_import])`
  const { stdout } = await promisify(execFile)(python, ['-c', script, path])
  assert.equal(stdout.trim(), "[''] ['']")
})
