/** Configs to start from. Flags of the command change single fields of a copy, and name the backbone. */

import { PRESETS } from '../../../models/presets.js'
import { NASNET_A } from '../../../models/published-cells.js'
import type { ModelConfig } from '../settings/config.js'
import type { DetectionDataConfig, DetectorRunConfig } from './config.js'
import { pyramidPresets } from './pyramid-presets.js'

/** A published network as a backbone. */
function published(preset: 'nasnet-a-large' | 'nasnet-a-mobile'): ModelConfig {
  const { stem, cells, filters, stemFilters, skipReduction, dropout, batchNorm } = PRESETS[preset].config
  const network = { stem, cells, filters, stemFilters, skipReduction, dropout, batchNorm: { ...batchNorm } }
  return { name: preset, genotype: NASNET_A, ...network }
}

/** COCO in the folders that `toolkit datasets fetch coco` writes. */
export const cocoData: Extract<DetectionDataConfig, { kind: 'coco' }> = {
  kind: 'coco',
  train: {
    images: '.data/coco/train2017',
    annotations: '.data/coco/annotations/instances_train2017.json',
  },
  validation: {
    images: '.data/coco/val2017',
    annotations: '.data/coco/annotations/instances_val2017.json',
  },
  limit: null,
  validationLimit: null,
  categories: null,
}

/** As many scenes as 20 minutes of training need; the validation scenes are evaluated within seconds. */
export const embeddedData: Extract<DetectionDataConfig, { kind: 'embedded' }> = {
  kind: 'embedded',
  train: 3000,
  validation: 200,
  size: 224,
  seed: 1,
  categories: null,
}

/**
 * The recipe of `faster_rcnn_nas` for COCO (TensorFlow Object Detection API, faster_rcnn_nas_coco.config): 1200 × 1200,
 * batch 1, frozen batch norm. Weeks on a large GPU. Its config's settings, with a stem padded `SAME`, boxes clipped before
 * the suppression, and RoI align; see `released` for those of its program.
 */
const large: DetectorRunConfig = {
  task: 'detection',
  data: cocoData,
  backbone: published('nasnet-a-large'),
  weights: null,
  detector: {
    // The API centres the first anchor on the corner of its cell.
    anchors: { base: 256, scales: [0.25, 0.5, 1, 2], ratios: [0.5, 1, 2], offset: 0 },
    proposals: {
      filters: 512,
      // All 75 × 75 × 12 anchors: the released config has no limit before the suppression.
      preNmsTopN: 67_500,
      nmsIou: 0.7,
      postNmsTopNTraining: 50,
      postNmsTopN: 50,
      positiveIou: 0.7,
      negativeIou: 0.3,
      sample: 256,
      positiveShare: 0.5,
      ignoreCrossing: true,
    },
    roiHeads: {
      crop: 17,
      samplingRatio: 1,
      sample: 49,
      positiveShare: 0.25,
      positiveIou: 0.5,
      appendGroundTruth: false,
    },
    boxCoderWeights: [10, 10, 5, 5],
    weights: { objectness: 1, rpnBoxReg: 2, classifier: 1, boxReg: 2 },
    output: { nmsIou: 0.6, count: 100, minScore: 0 },
    batchNorm: 'frozen',
  },
  inputSize: [1200, 1200],
  resize: 'stretch',
  multiScale: [],
  seed: 1,
  batchSize: 1,
  accumulate: 1,
  // The released config has no end. Here, the last stage is as long as the one before.
  length: { kind: 'steps', amount: 1_500_000 },
  optimizer: { kind: 'momentum', momentum: 0.9, nesterov: false },
  learningRate: { kind: 'step', peak: 3e-4, warmup: 0, rate: 0.1, at: [900_000, 1_200_000] },
  weightDecay: 0,
  clipNorm: 10,
  averageDecay: null,
  augmentation: { flip: true, scale: [1, 1], minVisible: 0.3, colour: 0 },
  maxObjects: 100,
  checkpoint: { steps: null, seconds: 600 },
  evaluateEvery: 1,
  checkMinutes: 3,
}

/**
 * The detector that was released trained on COCO (`faster_rcnn_nas_coco_2018_01_28`), to the last setting: where the
 * toolkit's detectors have what later work found better, it has what its program did. Its weights need these settings,
 * and `import-weights` gives them to it.
 */
const released: DetectorRunConfig = {
  ...large,
  detector: {
    ...large.detector,
    stemPadding: 'valid',
    rpnActivation: 'relu6',
    proposals: { ...large.detector.proposals, clipAnchors: true },
    roiHeads: { ...large.detector.roiHeads, cropping: 'crop-and-resize' },
    clipBoxes: 'after-nms',
  },
  resize: 'stretch-tf1',
}

/**
 * The same as `large` for NASNet-A mobile at 600 × 600, the other row of the paper, with the 300 proposals and 64 samples of its
 * family. Crops stay 17 × 17: the family has the same crop size at 600 pixels as at 1200
 * (faster_rcnn_inception_resnet_v2_atrous_coco.config).
 */
const mobile: DetectorRunConfig = {
  ...large,
  backbone: published('nasnet-a-mobile'),
  detector: {
    ...large.detector,
    proposals: {
      ...large.detector.proposals,
      // All 38 × 38 × 12 anchors.
      preNmsTopN: 17_328,
      postNmsTopNTraining: 300,
      postNmsTopN: 300,
    },
    roiHeads: { ...large.detector.roiHeads, sample: 64 },
  },
  inputSize: [600, 600],
}

/**
 * For a user's own photographs on a small machine: 320 × 320 with kept aspect ratio, a backbone that
 * `toolkit train-backbone` can train there, batches of 2. It learns a few classes in some thousand steps.
 */
const small: DetectorRunConfig = {
  ...large,
  backbone: {
    ...published('nasnet-a-mobile'),
    name: NASNET_A.name,
    cells: 2,
    filters: 32,
    batchNorm: { decay: 0.99, epsilon: 1e-3 },
  },
  detector: {
    ...large.detector,
    anchors: { base: 128, scales: [0.25, 0.5, 1, 2], ratios: [0.5, 1, 2], offset: 8 },
    proposals: {
      ...large.detector.proposals,
      filters: 128,
      preNmsTopN: 1000,
      postNmsTopNTraining: 200,
      postNmsTopN: 100,
      sample: 128,
      // There are so few anchors that large objects match only those that cross the edge.
      ignoreCrossing: false,
    },
    roiHeads: {
      crop: 9,
      samplingRatio: 1,
      sample: 32,
      positiveShare: 0.25,
      positiveIou: 0.5,
      appendGroundTruth: true,
    },
    output: { nmsIou: 0.5, count: 100, minScore: 0.01 },
    // A small backbone was trained on small images of another kind, whose statistics do not fit photographs. A batch
    // of 2 has thousands of positions, or 64 proposals, to compute the statistics of a channel from.
    batchNorm: 'trained',
  },
  inputSize: [320, 320],
  resize: 'letterbox',
  batchSize: 2,
  length: { kind: 'steps', amount: 6000 },
  learningRate: { kind: 'cosine', peak: 0.01, warmup: 0.5 },
  weightDecay: 1e-4,
  averageDecay: 0.998,
  augmentation: { flip: true, scale: [0.7, 1.4], minVisible: 0.3, colour: 0.5 },
  maxObjects: 50,
  checkpoint: { steps: null, seconds: 300 },
  evaluateEvery: 5,
  keep: 'best',
}

/**
 * The scenes that come with the package, within 20 minutes on two cores. It uses Adam, because there is time for only
 * some thousand steps: after 200 seconds, Adam is as good as momentum after 400.
 */
const embedded: DetectorRunConfig = {
  ...small,
  data: embeddedData,
  backbone: { ...small.backbone, batchNorm: { decay: 0.9, epsilon: 1e-5 } },
  detector: {
    ...small.detector,
    // Objects are 40 to 140 pixels large.
    anchors: { base: 64, scales: [0.5, 1, 2], ratios: [0.5, 1, 2], offset: 8 },
    proposals: {
      ...small.detector.proposals,
      filters: 64,
      preNmsTopN: 600,
      postNmsTopNTraining: 150,
      postNmsTopN: 100,
      positiveIou: 0.6,
    },
    // Crops have the size that the backbone's training images have at that depth. Half of the samples are objects,
    // because a step has few samples, and only objects teach classes.
    roiHeads: {
      crop: 5,
      samplingRatio: 2,
      sample: 16,
      positiveShare: 0.5,
      positiveIou: 0.5,
      appendGroundTruth: true,
    },
    output: { nmsIou: 0.4, count: 100, minScore: 0.01 },
  },
  inputSize: [224, 224],
  batchSize: 4,
  length: { kind: 'seconds', amount: 1200 },
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-6 },
  learningRate: { kind: 'cosine', peak: 0.001, warmup: 0.1 },
  averageDecay: 0.998,
  augmentation: { flip: true, scale: [1, 1], minVisible: 0.3, colour: 1 },
  maxObjects: 12,
  evaluateEvery: 1,
}

/**
 * The recipe for a trained detector on a user's own categories: that of `small`, with a lower learning rate, since most
 * of the weights are good already. The architecture is that of the detector.
 */
export const finetuneDetector: DetectorRunConfig = {
  ...small,
  learningRate: { kind: 'cosine', peak: 0.003, warmup: 0.5 },
}

/** Configs of detectors by name, as `--preset` takes it. */
export const detectorPresets: Record<string, DetectorRunConfig> = {
  'faster-rcnn-nas-coco': released,
  'faster-rcnn-nas-large': large,
  'faster-rcnn-nas-mobile': mobile,
  'faster-rcnn-nas-small': small,
  'faster-rcnn-nas-embedded': embedded,
  ...pyramidPresets({ mobile, small, embedded }),
}
