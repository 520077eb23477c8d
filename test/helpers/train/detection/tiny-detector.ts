/** A detector small enough to train in a test, and scenes of coloured rectangles to train it on. */

import { CROWD, NO_OBJECT } from '../../../../models/ground-truth.js'
import { parseGenotype } from '../../../../models/index.js'
import type { DetectorRunConfig } from '../../../../src/train/detection/config.js'
import type { DetectionBatch } from '../../../../src/train/detection/step-types.js'

const path = (input: number, operation: string) => ({ input, operation })
const blocks = (left: string, right: string) => ({
  blocks: [
    { left: path(0, left), right: path(1, right), combine: 'add' },
    { left: path(2, right), right: path(0, left), combine: 'add' },
  ],
})

export const SIZE = 64
export const CLASSES = 2
export const MAX_OBJECTS = 4

export function tinyDetector(changes: Partial<DetectorRunConfig> = {}): DetectorRunConfig {
  return {
    task: 'detection',
    data: {
      kind: 'embedded',
      train: 1,
      validation: 0,
      size: SIZE,
      seed: 0,
      categories: [
        { id: 3, name: 'red' },
        { id: 8, name: 'blue' },
      ],
    },
    backbone: {
      name: 'tiny',
      genotype: parseGenotype(
        {
          name: 'tiny',
          normal: blocks('sep_conv_3x3', 'identity'),
          reduction: blocks('sep_conv_3x3', 'max_pool_3x3'),
        },
        'tiny',
      ),
      stem: 'imagenet',
      cells: 1,
      filters: 16,
      stemFilters: 8,
      skipReduction: false,
      dropout: 0,
      batchNorm: { decay: 0.9, epsilon: 1e-3 },
    },
    weights: null,
    detector: {
      anchors: { base: 24, scales: [1, 2], ratios: [0.5, 1, 2], offset: 8 },
      proposals: {
        filters: 16,
        preNmsTopN: 60,
        nmsIou: 0.7,
        postNmsTopNTraining: 20,
        postNmsTopN: 12,
        positiveIou: 0.6,
        negativeIou: 0.3,
        sample: 24,
        positiveShare: 0.5,
        ignoreCrossing: false,
      },
      roiHeads: {
        crop: 4,
        samplingRatio: 2,
        sample: 8,
        positiveShare: 0.5,
        positiveIou: 0.5,
        appendGroundTruth: true,
      },
      boxCoderWeights: [10, 10, 5, 5],
      weights: { objectness: 1, rpnBoxReg: 2, classifier: 1, boxReg: 2 },
      output: { nmsIou: 0.6, count: 10, minScore: 0.05 },
      batchNorm: 'trained',
    },
    inputSize: [SIZE, SIZE],
    resize: 'letterbox',
    multiScale: [],
    seed: 3,
    batchSize: 2,
    accumulate: 1,
    length: { kind: 'steps', amount: 10 },
    optimizer: { kind: 'momentum', momentum: 0.9, nesterov: false },
    learningRate: { kind: 'constant', peak: 0.01, warmup: 0 },
    weightDecay: 1e-4,
    clipNorm: 10,
    averageDecay: null,
    augmentation: { flip: false, scale: [1, 1], minVisible: 0.3, colour: 0 },
    maxObjects: MAX_OBJECTS,
    checkpoint: { steps: null, seconds: null },
    evaluateEvery: 1,
    ...changes,
  }
}

/** The same with a feature pyramid from stride 4. */
export function tinyPyramidDetector(changes: Partial<DetectorRunConfig> = {}): DetectorRunConfig {
  const tiny = tinyDetector(changes)
  const { anchors, roiHeads } = tiny.detector
  return {
    ...tiny,
    detector: {
      ...tiny.detector,
      pyramid: { finestStride: 4, channels: 16, batchNorm: true, canonicalSize: 56, representationSize: 16 },
      anchors: { ...anchors, base: 8, scales: [1], offset: 2 },
      roiHeads: { ...roiHeads, sample: 8 },
    },
  }
}

/** Two images: rectangles of two colours on a noisy ground; the second image also has a crowd. */
export function rectangles(): DetectionBatch {
  const images = Float32Array.from(
    { length: 2 * SIZE * SIZE * 3 },
    (_, i) => 0.5 * Math.sin(i * i * 0.37) - 0.4,
  )
  const boxes = new Float32Array(2 * MAX_OBJECTS * 4)
  const labels = new Int32Array(2 * MAX_OBJECTS).fill(NO_OBJECT)
  const place = (image: number, slot: number, label: number, box: [number, number, number, number]) => {
    boxes.set(box, (image * MAX_OBJECTS + slot) * 4)
    labels[image * MAX_OBJECTS + slot] = label
    const [x1, y1, x2, y2] = box
    for (let y = y1; y < y2; y++)
      for (let x = x1; x < x2; x++) {
        const at = ((image * SIZE + y) * SIZE + x) * 3
        images[at + (label === 0 ? 0 : 2)] = 0.9
      }
  }
  place(0, 0, 0, [6, 10, 30, 36])
  place(0, 1, 1, [34, 28, 60, 58])
  place(1, 0, 1, [4, 4, 40, 24])
  place(1, 1, CROWD, [30, 36, 62, 62])
  return { images, boxes, labels, imageSize: [SIZE, SIZE] }
}
