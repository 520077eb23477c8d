import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateConfig } from '../../../src/train/classification/config.js'
import { presets } from '../../../src/train/classification/presets.js'
import { imageSizeAt } from '../../../src/train/images/image-size.js'

const paper = presets['paper-cifar']
const refused = (change: object, message: RegExp) =>
  assert.throws(() => validateConfig({ ...structuredClone(paper), ...change }), message)

test('every preset is valid, and survives JSON unchanged', () => {
  for (const preset of Object.values(presets))
    assert.deepEqual(validateConfig(JSON.parse(JSON.stringify(preset))), preset)
})

test('a config from before there were tasks is a classifier’s', () => {
  const { task, ...old } = paper
  assert.equal(task, 'classification')
  assert.deepEqual(validateConfig(old), paper)
  refused({ task: 'segmentation' }, /"task" is "segmentation", but must be one of classification/)
})

test('pools are those of training where a config says so, or says nothing', () => {
  const { model } = paper
  const validated = (stridedPools: unknown) => {
    const config = JSON.parse(JSON.stringify({ ...paper, model: { ...model, stridedPools } }))
    return JSON.parse(JSON.stringify(validateConfig(config))).model
  }
  assert.deepEqual(validated(undefined), model)
  assert.deepEqual(validated('slim'), model)
  for (const pools of ['keras', 'timm']) assert.deepEqual(validated(pools), { ...model, stridedPools: pools })
  refused(
    { model: { ...model, stridedPools: 'torch' } },
    /"model.stridedPools" is "torch", but must be one of slim, keras, timm/,
  )
})

test('paper-cifar is the recipe of the paper', () => {
  assert.deepEqual(
    [paper.batchSize, paper.length.amount, paper.learningRate.peak, paper.weightDecay, paper.clipNorm],
    [32, 600, 0.025, 5e-4, 5],
  )
  assert.deepEqual(paper.optimizer, { kind: 'momentum', momentum: 0.9, nesterov: false })
  assert.deepEqual([paper.dropPathKeep, paper.auxiliaryWeight, paper.labelSmoothing], [0.6, 0.4, 0])
  assert.deepEqual(paper.model.batchNorm, { decay: 0.9, epsilon: 1e-5 })
})

test('what is wrong is named by its field, with what is allowed', () => {
  refused({ batchSize: 0 }, /"batchSize" is 0, but must be a whole number from 1 to/)
  refused({ batchSize: 2.5 }, /"batchSize" is 2.5/)
  refused({ batchSize: '32' }, /"batchSize" is "32"/)
  refused({ dropPathKeep: 1.5 }, /"dropPathKeep" is 1.5, but must be a number above 0 and at most 1/)
  refused({ labelSmoothing: 1 }, /"labelSmoothing" is 1, but must be a number of at least 0 and below 1/)
  refused({ weightDecay: Number.NaN }, /"weightDecay"/)
  refused({ weightDecay: undefined }, /"weightDecay" is missing/)
  refused(
    { optimizer: { kind: 'lion' } },
    /"optimizer.kind" is "lion", but must be one of momentum, rmsprop, adam/,
  )
  refused({ optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999 } }, /"optimizer.epsilon" is missing/)
  refused({ optimizer: null }, /"optimizer" is null, but must be an object/)
  refused({ wieghtDecay: 0 }, /"wieghtDecay" is not known here/)
  refused({ augmentation: { ...paper.augmentation, blur: 1 } }, /"augmentation.blur" is not known here/)
  refused({ length: { kind: 'steps', amount: 1.5 } }, /"length.amount" is 1.5, but steps are whole numbers/)
  refused({ seed: -1 }, /"seed" is -1/)
  assert.throws(() => validateConfig(null), /an object/)
  assert.throws(() => validateConfig([]), /an object/)
})

test('a genotype that is wrong is named by its place in the file', () => {
  const genotype = structuredClone(paper.model.genotype)
  genotype.normal.blocks[2].left.input = 4
  refused(
    { model: { ...paper.model, genotype } },
    /"model.genotype.normal.blocks\[2\].left.input" is 4, which is the block itself; use a state from 0 to 3/,
  )
})

test('a resolution schedule must grow in epochs and leaves no room for the auxiliary head', () => {
  const stages = [
    { untilEpoch: 3, size: 16 },
    { untilEpoch: 3, size: 24 },
  ]
  refused(
    { auxiliaryWeight: 0, resolution: stages },
    /"resolution\[1\].untilEpoch" is 3, but must be above 3/,
  )
  refused({ resolution: stages.slice(0, 1) }, /exclude each other/)
  const config = validateConfig({
    ...paper,
    auxiliaryWeight: 0,
    resolution: [stages[0], { untilEpoch: 5, size: 24 }],
  })
  assert.deepEqual(
    [0, 2, 3, 4, 5, 99].map((epoch) => imageSizeAt(config, epoch, 32)),
    [16, 16, 24, 24, 32, 32],
  )
  assert.throws(() => imageSizeAt(config, 0, 12), /16 pixels, but the images of cifar10 have 12/)
})
