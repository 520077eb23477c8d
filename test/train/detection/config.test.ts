import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateDetectorConfig } from '../../../src/train/detection/config.js'
import { detectorPresets } from '../../../src/train/detection/presets.js'
import { learningRateAt } from '../../../src/train/step/schedules.js'

const large = detectorPresets['faster-rcnn-nas-large']

test('every preset is valid, and survives JSON unchanged', () => {
  for (const preset of Object.values(detectorPresets))
    assert.deepEqual(validateDetectorConfig(JSON.parse(JSON.stringify(preset))), preset)
})

test('faster-rcnn-nas-large is the released recipe', () => {
  const { detector, backbone } = large
  assert.deepEqual(
    [backbone.cells, backbone.filters * 24, backbone.stemFilters, backbone.skipReduction],
    [6, 4032, 96, true],
  )
  assert.deepEqual(detector.anchors, { base: 256, scales: [0.25, 0.5, 1, 2], ratios: [0.5, 1, 2], offset: 0 })
  assert.deepEqual(
    [detector.proposals.postNmsTopN, detector.roiHeads.crop, detector.roiHeads.sample, detector.batchNorm],
    [50, 17, 49, 'frozen'],
  )
  assert.deepEqual(
    [large.inputSize, large.resize, large.batchSize, large.clipNorm],
    [[1200, 1200], 'stretch', 1, 10],
  )
  const rate = (step: number) =>
    learningRateAt(large.learningRate, large.length, { step, stepsPerEpoch: 118_287, seconds: 0 })
  const near = (step: number, expected: number) =>
    assert.ok(Math.abs(rate(step) / expected - 1) < 1e-12, `${step}`)
  near(0, 3e-4)
  near(899_999, 3e-4)
  near(900_000, 3e-5)
  near(1_200_000, 3e-6)
})

test('faster-rcnn-nas-coco is the same recipe with the released program’s own ways, which no other preset has', () => {
  const { detector, ...rest } = detectorPresets['faster-rcnn-nas-coco']
  const { detector: recipe, ...others } = large
  assert.deepEqual(rest, { ...others, resize: 'stretch-tf1' })
  assert.deepEqual(detector, {
    ...recipe,
    stemPadding: 'valid',
    rpnActivation: 'relu6',
    clipBoxes: 'after-nms',
    proposals: { ...recipe.proposals, clipAnchors: true },
    roiHeads: { ...recipe.roiHeads, cropping: 'crop-and-resize' },
  })
  const text = JSON.stringify(Object.values(detectorPresets).filter((preset) => preset.detector !== detector))
  assert.doesNotMatch(text, /stretch-tf1|stemPadding|rpnActivation|clipBoxes|clipAnchors|cropping/)
})

test('what is wrong is named by its field, with what is allowed', () => {
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => validateDetectorConfig({ ...structuredClone(large), ...change }), message)
  const { detector, augmentation } = large
  refused({ task: 'classification' }, /"task" is "classification", but must be one of detection/)
  refused({ task: undefined }, /"task" is missing/)
  refused({ inputSize: [600] }, /"inputSize" is \[600\], but must be a list of 2/)
  refused({ inputSize: [600, 16] }, /"inputSize\[1\]" is 16, but must be a whole number from 32/)
  refused({ multiScale: [600] }, /"multiScale\[0\]" is 600, but must be a list of 2/)
  refused({ accumulate: 0 }, /"accumulate" is 0/)
  refused({ evaluateEvery: 0 }, /"evaluateEvery" is 0, but must be a number above 0/)
  refused({ data: { ...large.data, kind: 'voc' } }, /"data.kind" is "voc", but must be one of coco, embedded/)
  refused(
    { data: { ...large.data, validation: { images: 'a' } } },
    /"data.validation.annotations" is missing/,
  )
  refused({ augmentation: { ...augmentation, scale: [2, 1] } }, /"augmentation.scale" is \[2, 1\]/)
  refused({ augmentation: { ...augmentation, minVisible: 1.5 } }, /"augmentation.minVisible" is 1.5/)
  refused(
    { detector: { ...detector, boxCoderWeights: [10, 10, 5] } },
    /"detector.boxCoderWeights" .* must be a list of 4/,
  )
  refused(
    { detector: { ...detector, batchNorm: 'off' } },
    /"detector.batchNorm" is "off", but must be one of frozen, trained/,
  )
  refused(
    { detector: { ...detector, anchors: { ...detector.anchors, ratios: [] } } },
    /"detector.anchors.ratios" is \[\], but must be a list of at least one number/,
  )
  refused(
    { detector: { ...detector, proposals: { ...detector.proposals, negativeIou: 0.8 } } },
    /"detector.proposals.negativeIou" is 0.8, but must not be above "positiveIou", which is 0.7/,
  )
  refused(
    { detector: { ...detector, clipBoxes: 'never' } },
    /"detector.clipBoxes" is "never", but must be one of before-nms, after-nms/,
  )
  refused(
    {
      detector: {
        ...detector,
        roiHeads: { ...detector.roiHeads, cropping: 'crop-and-resize', samplingRatio: 2 },
      },
    },
    /"detector.roiHeads.samplingRatio" is 2, but must be 1 with "cropping" "crop-and-resize"/,
  )
  refused({ detector: { ...detector, classes: 80 } }, /"detector.classes" is not known here/)
  refused({ length: { kind: 'epochs', amount: 0.5 } }, /"length.amount" is 0.5, but epochs are whole numbers/)
})

test('a pyramid is checked against the backbone, its levels and the settings that it has no place for', () => {
  const small = detectorPresets['faster-rcnn-nas-fpn-small']
  const { detector } = small
  const refused = (change: object, message: RegExp) =>
    assert.throws(() => validateDetectorConfig({ ...structuredClone(small), ...change }), message)
  const ofPyramid = (change: object) => ({
    detector: { ...detector, pyramid: { ...detector.pyramid, ...change } },
  })
  refused(ofPyramid({ finestStride: 2 }), /"detector.pyramid.finestStride" is 2, but must be one of 4, 8/)
  refused(ofPyramid({ channels: 0 }), /"detector.pyramid.channels" is 0, but must be a whole number from 1/)
  refused(ofPyramid({ representationSize: undefined }), /"detector.pyramid.representationSize" is missing/)
  refused(
    ofPyramid({ anchorScales: [[1], [1]] }),
    /"detector.pyramid.anchorScales" has 2 lists, but the pyramid has 4 levels/,
  )
  refused(
    ofPyramid({ anchorScales: [[1], [1, 2], [1], [1]] }),
    /"detector.pyramid.anchorScales\[1\]" has 2 scales, but must have 1 as the first level/,
  )
  refused(
    { backbone: { ...small.backbone, stem: 'cifar' } },
    /"backbone.stem" is "cifar", but must be "imagenet" with a "pyramid"/,
  )
  const { roiHeads } = detector
  refused(
    {
      detector: { ...detector, roiHeads: { ...roiHeads, cropping: 'crop-and-resize', samplingRatio: 1 } },
    },
    /"detector.roiHeads.cropping" is "crop-and-resize", but must be "roi-align" with a "pyramid"/,
  )
  refused(
    { detector: { ...detector, clipBoxes: 'after-nms' } },
    /"detector.clipBoxes" is "after-nms", but must be "before-nms" with a "pyramid"/,
  )
  const perLevel = { anchorScales: [[0.5], [1], [1], [1.5]] }
  const { pyramid } = validateDetectorConfig({ ...small, ...ofPyramid(perLevel) }).detector
  assert.deepEqual(pyramid?.anchorScales, perLevel.anchorScales)
})
