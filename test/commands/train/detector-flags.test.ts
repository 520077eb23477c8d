import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyFinetuneFlags, finetuneCocoFlags } from '../../../src/commands/train/detector-flags.js'
import type { DetectionDataConfig, DetectorRunConfig } from '../../../src/train/detection/config.js'
import { cocoData, detectorPresets, embeddedData } from '../../../src/train/detection/presets.js'

const small = detectorPresets['faster-rcnn-nas-small']

/** The config that a command line makes of another. */
function configOf(line: string, before: DetectorRunConfig = small): DetectorRunConfig {
  const command = finetuneCocoFlags()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  command.parse(line.split(' ').filter(Boolean), { from: 'user' })
  return applyFinetuneFlags(before, command.opts())
}

test('without flags a preset stays as it is', () => {
  for (const preset of Object.values(detectorPresets)) assert.deepEqual(configOf('', preset), preset)
})

test('each flag changes its setting and nothing else', () => {
  const { detector, augmentation, checkpoint } = small
  const cases: [string, Partial<DetectorRunConfig>][] = [
    ['--input-size 600', { inputSize: [600, 600] }],
    ['--input-size 480x640 --resize stretch', { inputSize: [480, 640], resize: 'stretch' }],
    [
      '--multi-scale 256,320x416',
      {
        multiScale: [
          [256, 256],
          [320, 416],
        ],
      },
    ],
    ['--batch-norm frozen', { detector: { ...detector, batchNorm: 'frozen' } }],
    ['--batch-size 1 --accumulate 8', { batchSize: 1, accumulate: 8 }],
    ['--max-objects 20 --seed 7', { maxObjects: 20, seed: 7 }],
    ['--seconds 1200', { length: { kind: 'seconds', amount: 1200 } }],
    ['--learning-rate 0.1 --warmup 2', { learningRate: { kind: 'cosine', peak: 0.1, warmup: 2 } }],
    ['--schedule constant', { learningRate: { kind: 'constant', peak: 0.01, warmup: 0 } }],
    ['--clip off --weight-decay 0 --average off', { clipNorm: null, weightDecay: 0, averageDecay: null }],
    ['--no-flip', { augmentation: { ...augmentation, flip: false } }],
    ['--scale 0.5,2', { augmentation: { ...augmentation, scale: [0.5, 2] } }],
    ['--scale off', { augmentation: { ...augmentation, scale: [1, 1] } }],
    ['--mosaic 0.5', { augmentation: { ...augmentation, mosaic: { probability: 0.5, until: 0.8 } } }],
    ['--mosaic 1,0.9', { augmentation: { ...augmentation, mosaic: { probability: 1, until: 0.9 } } }],
    ['--mosaic off', { augmentation: { ...augmentation, mosaic: null } }],
    ['--balance 0.01 --multi-scale-until 0.7', { balance: 0.01, multiScaleUntil: 0.7 }],
    ['--balance off', { balance: null }],
    ['--check-minutes 5', { checkMinutes: 5 }],
    ['--check-minutes off', { checkMinutes: null }],
    ['--freeze cells:2', { freeze: 'cells:2' }],
    ['--freeze off', {}],
    ['--box-loss giou', { detector: { ...detector, roiHeads: { ...detector.roiHeads, boxLoss: 'giou' } } }],
    ['--evaluate-every 0.25', { evaluateEvery: 0.25 }],
    ['--checkpoint-steps 9', { checkpoint: { ...checkpoint, steps: 9 } }],
  ]
  for (const [line, change] of cases) assert.deepEqual(configOf(line), { ...small, ...change }, line)
})

test('data is what the flags name, and else the preset’s', () => {
  const photos = { images: 'photos', annotations: 'photos.json' }
  const more = { images: 'more', annotations: 'more.json' }
  const named = '--data photos --annotations photos.json'
  const cases: [string, DetectionDataConfig][] = [
    [named, { ...cocoData, train: photos, validation: null }],
    [
      `${named} --val-images more --val-annotations more.json`,
      { ...cocoData, train: photos, validation: more },
    ],
    // One path stands for images and annotations.
    [
      '--data photos --val-annotations more.json',
      {
        ...cocoData,
        train: { images: 'photos', annotations: 'photos' },
        validation: { images: 'more.json', annotations: 'more.json' },
      },
    ],
    ['--limit 500 --val-limit 50', { ...cocoData, limit: 500, validationLimit: 50 }],
    ['--data embedded', embeddedData],
    ['--data embedded --limit 40 --val-limit 0', { ...embeddedData, train: 40, validation: 0 }],
  ]
  for (const [line, data] of cases) assert.deepEqual(configOf(line).data, data, line)
  assert.deepEqual(configOf(named, detectorPresets['faster-rcnn-nas-embedded']).data, cases[0][1])
  // A run that goes on with its images in another place keeps what it measures on.
  const categories = [{ id: 1, name: 'cat' }]
  const begun = { ...small, data: { ...cocoData, train: more, validation: more, categories } }
  assert.deepEqual(configOf(named, begun).data, { ...begun.data, train: photos })
})

test('of a run that has begun, images or annotations alone may be named anew', () => {
  const fingerprint = {
    annotations: { bytes: 1, sha256: 'a' },
    images: { files: 1, bytes: 1, names: 'n', contents: 'c' },
  }
  const train = { images: '/photos', annotations: '/photos.json', fingerprint }
  const validation = { images: '/more', annotations: '/more.json', fingerprint }
  const categories = [{ id: 1, name: 'thing' }]
  const begun = { ...small, data: { ...cocoData, train, validation, categories } }
  assert.deepEqual(configOf('--data new', begun).data, {
    ...begun.data,
    train: { images: 'new', annotations: '/photos.json', fingerprint },
  })
  // Images that were held out lie beside those that are trained on, and move with them.
  const held = { images: '/photos', annotations: '/run/annotations/val.json', fingerprint }
  assert.deepEqual(configOf('--data new', { ...begun, data: { ...begun.data, validation: held } }).data, {
    ...begun.data,
    train: { images: 'new', annotations: '/photos.json', fingerprint },
    validation: { images: 'new', annotations: held.annotations },
  })
  assert.deepEqual(configOf('--annotations new.json --val-images new', begun).data, {
    ...begun.data,
    train: { images: '/photos', annotations: 'new.json', fingerprint },
    validation: { images: 'new', annotations: '/more.json' },
  })
})

test('flags that contradict each other or make no sense are refused', () => {
  assert.throws(() => configOf('--data embedded --annotations a.json'), /bring their own annotations/)
  assert.throws(() => configOf('--steps 1 --epochs 2'), /Give one of/)
  assert.throws(() => configOf('--input-size big'), /a side like 600/)
  assert.throws(() => configOf('--scale 2'), /two factors like 0\.5,2, or off/)
  assert.throws(() => configOf('--scale 2,1'), /"augmentation.scale" is \[2, 1\]/)
  assert.throws(() => configOf('--mosaic 2'), /a probability, or a probability and a fraction/)
  assert.throws(() => configOf('--mosaic 0.5,0.8,1'), /a probability, or a probability and a fraction/)
  assert.throws(() => configOf('--freeze half'), /stem, all, or cells:N/)
  assert.throws(() => configOf('--freeze cells:9'), /"freeze" is cells:9, but the network has 8 cells after/)
  assert.throws(() => configOf('--limit 0'), /a whole number of 1 or more/)
  assert.throws(() => configOf('--multi-scale 480,big'), /sizes like 480,600,720x900/)
})
