import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { NASNET_A } from '../../../models/published-cells.js'
import { readGenotype } from '../../../src/commands/shared/read-genotype.js'
import { applyFlags, trainBackboneFlags } from '../../../src/commands/train/backbone-flags.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { presets, withStepSize } from '../../../src/train/classification/presets.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** The config that a command line makes of a preset, or of another config. */
function configOf(line: string, before: string | RunConfig = 'paper-cifar'): RunConfig {
  const command = trainBackboneFlags()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  command.parse(line.split(' ').filter(Boolean), { from: 'user' })
  return applyFlags(typeof before === 'string' ? presets[before] : before, command.opts())
}

test('without flags the preset stays as it is', () => {
  for (const [name, preset] of Object.entries(presets)) assert.deepEqual(configOf('', name), preset)
})

test('each flag changes its setting and nothing else', () => {
  const paper = presets['paper-cifar']
  const { data, model, augmentation, checkpoint } = paper
  const cases: [string, Partial<RunConfig>][] = [
    ['--data embedded', { data: { ...data, name: 'embedded' } }],
    ['--data-dir /data', { data: { ...data, folder: '/data' } }],
    ['--image-size 64', { data: { ...data, imageSize: 64 } }],
    ['--validation 0', { data: { ...data, validation: 0 } }],
    ['--cells 2 --filters 16', { model: { ...model, cells: 2, filters: 16 } }],
    ['--stem imagenet --stem-filters 8', { model: { ...model, stem: 'imagenet', stemFilters: 8 } }],
    ['--skip-reduction', { model: { ...model, skipReduction: true } }],
    ['--dropout 0.5', { model: { ...model, dropout: 0.5 } }],
    ['--seed 7 --batch-size 64', { seed: 7, batchSize: 64 }],
    ['--epochs 20', { length: { kind: 'epochs', amount: 20 } }],
    ['--steps 20', { length: { kind: 'steps', amount: 20 } }],
    ['--seconds 1.5', { length: { kind: 'seconds', amount: 1.5 } }],
    ['--nesterov', { optimizer: { kind: 'momentum', momentum: 0.9, nesterov: true } }],
    ['--momentum 0.8', { optimizer: { kind: 'momentum', momentum: 0.8, nesterov: false } }],
    [
      '--optimizer rmsprop --momentum 0',
      { optimizer: { kind: 'rmsprop', decay: 0.9, momentum: 0, epsilon: 1 } },
    ],
    ['--optimizer adam', { optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } }],
    ['--learning-rate 0.1 --warmup 2', { learningRate: { kind: 'cosine', peak: 0.1, warmup: 2 } }],
    ['--schedule constant', { learningRate: { kind: 'constant', peak: 0.025, warmup: 0 } }],
    ['--schedule one-cycle --warmup 0.2', { learningRate: { kind: 'one-cycle', peak: 0.025, rise: 0.2 } }],
    ['--weight-decay 0 --clip off', { weightDecay: 0, clipNorm: null }],
    ['--clip 10', { clipNorm: 10 }],
    ['--drop-path-keep 1 --auxiliary 0', { dropPathKeep: 1, auxiliaryWeight: 0 }],
    ['--label-smoothing 0.1 --average 0.999', { labelSmoothing: 0.1, averageDecay: 0.999 }],
    ['--crop 0 --no-flip --cutout 16', { augmentation: { crop: 0, flip: false, cutout: 16, colour: 0 } }],
    ['--colour 0.5', { augmentation: { ...augmentation, colour: 0.5 } }],
    ['--cutout 16', { augmentation: { ...augmentation, cutout: 16 } }],
    [
      '--augmentation inception',
      {
        augmentation: { kind: 'inception', crop: 0, flip: true, cutout: 0, colour: 0 },
        data: { ...data, preprocessing: 'slim' },
      },
    ],
    ['--data photos --preprocessing timm', { data: { ...data, name: 'photos', preprocessing: 'timm' } }],
    ['--accumulate 4', { accumulate: 4 }],
    ['--shuffle-buffer 100', { data: { ...data, shuffleBuffer: 100 } }],
    ['--skip-unreadable', { data: { ...data, skipUnreadable: true } }],
    [
      '--auxiliary 0 --resolution 16@5,24@10',
      {
        auxiliaryWeight: 0,
        resolution: [
          { size: 16, untilEpoch: 5 },
          { size: 24, untilEpoch: 10 },
        ],
      },
    ],
    ['--checkpoint-steps 100', { checkpoint: { ...checkpoint, steps: 100 } }],
    ['--checkpoint-seconds off', { checkpoint: { ...checkpoint, seconds: null } }],
    ['--evaluate-every 3', { evaluateEvery: 3 }],
    ['--val-fraction 0.1', { data: { ...data, validation: 0, validationFraction: 0.1 } }],
    [
      '--augmentation random-resized-crop --randaugment 2,9',
      {
        augmentation: {
          ...{ kind: 'random-resized-crop', crop: 0, flip: true, cutout: 0, colour: 0 },
          randaugment: { operations: 2, magnitude: 9 },
        },
        data: { ...data, preprocessing: 'cover' },
      },
    ],
    ['--mixup 0.2 --cutmix 1 --balance sampling', { mixup: 0.2, cutmix: 1, balance: 'sampling' }],
    ['--early-stopping 5 --keep best', { earlyStopping: 5, keep: 'best' }],
    ['--layer-decay 0.8', { layerDecay: 0.8 }],
  ]
  for (const [line, change] of cases) assert.deepEqual(configOf(line), { ...paper, ...change }, line)
})

test('the preprocessing is the one that a flag names, that of the first weights, or goes with the augmentation', () => {
  const photos = { ...presets.finetune.data, name: 'photos' }
  const begun: RunConfig = { ...presets.finetune, init: 'run', data: { ...photos, preprocessing: 'timm' } }
  const of = (line: string, config: RunConfig) => configOf(line, config).data.preprocessing
  assert.equal(of('', begun), 'timm')
  assert.equal(of('--augmentation inception', begun), 'timm')
  assert.equal(of('--augmentation inception --preprocessing slim', begun), 'slim')
  assert.equal(of('--augmentation inception --preprocessing cover', { ...begun, data: photos }), 'cover')
  // Weights of which it is not known.
  assert.equal(of('--augmentation inception', { ...begun, data: photos }), 'slim')
  assert.equal(of('--augmentation padded-crop --data photos', presets['imagenet-mobile']), 'cover')
})

test('flags of transfer and augmentation change or switch off what a preset has', () => {
  const begun: RunConfig = { ...presets.finetune, init: 'run' }
  assert.equal(configOf('--freeze cells:2', begun).freeze, 'cells:2')
  const modern = configOf('--randaugment 2,9 --early-stopping 3 --balance class-weights', begun)
  const off = configOf('--randaugment off --early-stopping off --balance off', modern)
  assert.deepEqual([off.augmentation.randaugment, off.earlyStopping, off.balance], [null, null, null])
  // A number of images takes the place of a share.
  assert.deepEqual(configOf('--validation 8', 'folder').data, {
    ...{ name: 'photos', folder: null, validation: 8, classes: null, imageSize: 96 },
  })
  // A shift needs images that are not cropped otherwise.
  const { kind, crop } = configOf('--crop 4', 'folder').augmentation
  assert.deepEqual([kind, crop], ['padded-crop', 4])
  assert.deepEqual(configOf('--augmentation inception', modern).augmentation, {
    ...{ kind: 'inception', crop: 0, flip: true, cutout: 0, colour: 0 },
  })
})

test('flags that contradict each other are refused', () => {
  assert.throws(
    () => configOf('--validation 5 --val-fraction 0.2'),
    /Give one of --validation and --val-fraction/,
  )
  assert.throws(() => configOf('--freeze head'), /It must be stem, all, or cells:N with N of 1 or more/)
  assert.throws(() => configOf('--randaugment 2,31'), /N,M like 2,9: 1 to 14 operations of magnitude 0 to 30/)
  assert.throws(
    () => configOf('--augmentation inception --crop 4'),
    /"augmentation.crop" must be 0 with the augmentation "inception"/,
  )
  assert.throws(
    () => configOf('--data cifar10 --preprocessing slim'),
    /^UserError: The images of cifar10 have the size that they are used in; leave --preprocessing out$/,
  )
  assert.throws(() => configOf('--optimizer adam --momentum 0.9'), /--momentum goes with/)
  assert.throws(() => configOf('--optimizer rmsprop --nesterov'), /--nesterov goes with/)
  assert.throws(() => configOf('--steps 1 --seconds 2'), /Give one of/)
  assert.throws(() => configOf('--resolution 16'), /stages like 16@5,24@10 .*, or off/)
})

test('the recipes for ImageNet are the published ones, at any number of images in a step', () => {
  const { 'imagenet-mobile': mobile, 'imagenet-large': large } = presets
  const counts = [mobile, large].map(({ batchSize, accumulate, learningRate }) => [
    batchSize * accumulate!,
    learningRate.peak,
  ])
  assert.deepEqual(counts, [
    [1600, 2],
    [1600, 1.5],
  ])
  assert.deepEqual(withStepSize('imagenet-mobile', {}), mobile)
  const rate = (name: string, size: { batchSize?: number; accumulate?: number }) =>
    withStepSize(name, size).learningRate.peak
  assert.ok(Math.abs(rate('imagenet-mobile', { accumulate: 1 }) - 0.04) < 1e-12)
  assert.ok(Math.abs(rate('imagenet-large', { batchSize: 8, accumulate: 10 }) - 0.075) < 1e-12)
  // Rates that were not given per replica stay.
  assert.equal(rate('paper-cifar', { batchSize: 128, accumulate: 4 }), 0.025)
})

test('an architecture is published cells or a genotype in a file', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'found.json')
  assert.equal(await readGenotype('nasnet-a'), NASNET_A)
  assert.equal((await readGenotype('amoebanet-a')).name, 'amoebanet-a')
  await writeFile(path, JSON.stringify({ ...NASNET_A, name: 'found' }))
  const genotype = await readGenotype(path)
  assert.equal(applyFlags(presets.embedded, {}, genotype).model.name, 'found')
  await writeFile(path, JSON.stringify({ ...NASNET_A, normal: { blocks: [] } }))
  await assert.rejects(
    readGenotype(path),
    /found.json: normal cell, "blocks" is \[\], but must be a list of at least one block/,
  )
  await writeFile(path, '{')
  await assert.rejects(readGenotype(path), /found.json is not JSON/)
  await writeFile(path, '{\n  "name": "found",\n}')
  await assert.rejects(readGenotype(path), /found.json is not JSON: .*line 3/)
  await assert.rejects(
    readGenotype(join(folder, 'none.json')),
    /neither a file that exists nor one of nasnet-a, amoebanet-a/,
  )
})
