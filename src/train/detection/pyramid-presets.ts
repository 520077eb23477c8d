/** The presets of detectors with a feature pyramid, which cost a fraction of those as released. */
import type { DetectorRunConfig } from './config.js'

/** The presets that they are made of. */
interface Sources {
  mobile: DetectorRunConfig
  small: DetectorRunConfig
  embedded: DetectorRunConfig
}

export function pyramidPresets({ mobile, small, embedded }: Sources): Record<string, DetectorRunConfig> {
  /**
   * For photographs on a small machine, as `faster-rcnn-nas-small` and with its backbone. Boxes of 112 pixels and more are
   * cropped from stride 16: the paper's 224 are for images of 800.
   */
  const pyramidSmall: DetectorRunConfig = {
    ...small,
    detector: {
      ...small.detector,
      pyramid: {
        finestStride: 8,
        channels: 64,
        batchNorm: true,
        canonicalSize: 112,
        representationSize: 256,
      },
      anchors: { base: 32, scales: [1], ratios: [0.5, 1, 2], offset: 4 },
      proposals: {
        ...small.detector.proposals,
        filters: 64,
        preNmsTopN: 150,
        postNmsTopNTraining: 200,
        postNmsTopN: 100,
      },
      roiHeads: { ...small.detector.roiHeads, crop: 7, samplingRatio: 2, sample: 64 },
    },
    batchSize: 4,
  }

  /**
   * The embedded scenes within 20 minutes on two cores. An image costs less than in `faster-rcnn-nas-embedded`, so that
   * more are seen, and a proposal costs next to nothing, so that more are learnt from. The stem stays as the backbone brings it:
   * a step costs a third less, and the losses after as many steps are the same. Boxes are measured by GIoU, one for all
   * classes, and the box head sees the backbone's last features, since most errors without these are those of classes.
   */
  const pyramidEmbedded: DetectorRunConfig = {
    ...embedded,
    detector: {
      ...embedded.detector,
      pyramid: { ...pyramidSmall.detector.pyramid!, skipPooling: true },
      // Objects are 40 to 140 pixels large: an anchor is within a quarter of an octave of each.
      anchors: { base: 32, scales: [1, 1.41], ratios: [0.5, 1, 2], offset: 4 },
      proposals: { ...embedded.detector.proposals, filters: 64, preNmsTopN: 150, postNmsTopN: 100 },
      roiHeads: {
        ...embedded.detector.roiHeads,
        crop: 7,
        samplingRatio: 2,
        sample: 64,
        boxLoss: 'giou',
        classAgnostic: true,
      },
      weights: { ...embedded.detector.weights, boxReg: 5 },
    },
    freeze: 'stem',
    // Quick looks at AP come between.
    evaluateEvery: 3,
  }

  /**
   * COCO on NASNet-A mobile at 600 × 600. Batches, schedule and the weights of the losses are those with which torchvision
   * trains its detectors with a pyramid (references/detection: 16 images a step, 26 epochs).
   */
  const pyramidMobile: DetectorRunConfig = {
    ...mobile,
    detector: {
      ...mobile.detector,
      pyramid: { finestStride: 8, channels: 96, batchNorm: false, representationSize: 512 },
      anchors: { base: 32, scales: [1], ratios: [0.5, 1, 2], offset: 4 },
      proposals: {
        ...mobile.detector.proposals,
        filters: 96,
        preNmsTopN: 500,
        postNmsTopNTraining: 500,
        postNmsTopN: 200,
        ignoreCrossing: false,
      },
      roiHeads: {
        ...mobile.detector.roiHeads,
        crop: 7,
        samplingRatio: 2,
        sample: 128,
        appendGroundTruth: true,
      },
      weights: { objectness: 1, rpnBoxReg: 1, classifier: 1, boxReg: 1 },
      output: { nmsIou: 0.5, count: 100, minScore: 0.01 },
    },
    resize: 'letterbox',
    batchSize: 2,
    accumulate: 8,
    length: { kind: 'epochs', amount: 26 },
    learningRate: { kind: 'step', peak: 0.02, warmup: 0.14, rate: 0.1, at: [118_000, 163_000] },
    weightDecay: 1e-4,
  }

  return {
    'faster-rcnn-nas-fpn-mobile': pyramidMobile,
    'faster-rcnn-nas-fpn-small': pyramidSmall,
    'faster-rcnn-nas-fpn-embedded': pyramidEmbedded,
  }
}
