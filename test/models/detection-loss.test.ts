/** The detector's losses against the same definitions written as loops over numbers. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  type Context,
  detectionLosses,
  type FasterRcnn,
  type FasterRcnnConfig,
  random,
} from '../../models/index.js'

before(() => tf.setBackend('cpu'))

type Box = [number, number, number, number]

const SIZE = 100
const ANCHORS: Box[] = Array.from({ length: 60 }, (_, i) => {
  const [x, y, side] = [(i * 37) % 90, (i * 53) % 80, 20 + ((i * 11) % 40)]
  return [x - 10, y - 10, x - 10 + side, y - 10 + side]
})
/** Boxes, and a class, −1 for padding or −2 for a crowd. */
const TRUTH: [Box, number][][] = [
  [
    [[0, 0, 42, 40], 2],
    [[30, 40, 75, 90], 0],
    [[60, 5, 98, 35], -2],
    [[0, 0, 0, 0], -1],
  ],
  [
    [[0, 0, 0, 0], -1],
    [[0, 0, 0, 0], -1],
    [[0, 0, 0, 0], -1],
    [[0, 0, 0, 0], -1],
  ],
]
const CLASSES = 3

const CONFIG = {
  classes: CLASSES,
  proposals: {
    positiveIou: 0.5,
    negativeIou: 0.3,
    sample: 16,
    positiveShare: 0.25,
    ignoreCrossing: true,
    postNmsTopNTraining: 12,
  },
  roiHeads: { positiveIou: 0.4, sample: 8, positiveShare: 0.25, appendGroundTruth: true },
  boxCoderWeights: [10, 10, 5, 5],
  weights: { objectness: 1, rpnBoxReg: 2, classifier: 1.5, boxReg: 3 },
} as unknown as FasterRcnnConfig

const drawn = (key: string, count: number, scale = 1): number[] => {
  const { normal } = random(5, key)
  return Array.from({ length: count }, () => normal() * scale)
}
const OBJECTNESS = drawn('objectness', 2 * ANCHORS.length * 2)
const DELTAS = drawn('offsets', 2 * ANCHORS.length * 4)
/** The last of them stand for nothing. */
const PROPOSALS: Box[] = ANCHORS.slice(20, 32).map(([x1, y1, x2, y2]) => [
  Math.max(0, x1),
  Math.max(0, y1),
  Math.min(SIZE, x2),
  Math.min(SIZE, y2),
])
const VALID = PROPOSALS.map((_, i) => (i < 10 ? 1 : 0))
const LOGIT_WEIGHTS = drawn('logits', 4 * (CLASSES + 1), 0.02)
const BOX_WEIGHTS = drawn('boxes', 4 * CLASSES * 4, 0.02)

/** Answers that depend on the boxes asked about, as a network's would. */
const detector = {
  config: CONFIG,
  firstStage: () => ({}),
  proposalNetwork: () => ({
    anchors: tf.tensor2d(ANCHORS),
    objectness: tf.tensor3d(OBJECTNESS, [2, ANCHORS.length, 2]),
    deltas: tf.tensor3d(DELTAS, [2, ANCHORS.length, 4]),
  }),
  propose: (_output: unknown, _size: unknown, count: number, training?: boolean) => {
    assert.deepEqual([count, training], [CONFIG.proposals.postNmsTopNTraining, true])
    return TRUTH.map(() => ({ boxes: tf.tensor2d(PROPOSALS), valid: tf.tensor1d(VALID) }))
  },
  secondStage: (_ctx: unknown, _features: unknown, boxes: tf.Tensor3D) => {
    const rows = tf.reshape<tf.Rank.R2>(boxes, [-1, 4])
    return {
      logits: tf.matMul(rows, tf.tensor2d(LOGIT_WEIGHTS, [4, CLASSES + 1])),
      deltas: tf.reshape(tf.matMul(rows, tf.tensor2d(BOX_WEIGHTS, [4, CLASSES * 4])), [-1, CLASSES, 4]),
    }
  },
} as unknown as FasterRcnn

const noiseOf = (path: string, count: number): number[] => {
  const { uniform } = random(9, path)
  return Array.from({ length: count }, () => Math.fround(uniform()))
}
const ctx = {
  uniform: (path: string, shape: number[]) => tf.tensor(noiseOf(path, shape[0]), shape),
} as unknown as Context

// The same in loops.
const area = ([x1, y1, x2, y2]: Box) => (x2 - x1) * (y2 - y1)
function common(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  return width > 0 && height > 0 ? width * height : 0
}
const iou = (a: Box, b: Box) => common(a, b) / (area(a) + area(b) - common(a, b))
const inside = ([x1, y1, x2, y2]: Box) => x1 >= 0 && y1 >= 0 && x2 <= SIZE && y2 <= SIZE

function encode(box: Box, anchor: Box): number[] {
  const [w, h] = [anchor[2] - anchor[0], anchor[3] - anchor[1]]
  const dx = (box[0] + box[2] - anchor[0] - anchor[2]) / 2 / w
  const dy = (box[1] + box[3] - anchor[1] - anchor[3]) / 2 / h
  return [dx * 10, dy * 10, Math.log((box[2] - box[0]) / w) * 5, Math.log((box[3] - box[1]) / h) * 5]
}

const huber = (d: number) => (Math.abs(d) < 1 ? (d * d) / 2 : Math.abs(d) - 0.5)
const distance = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + huber(value - b[i]), 0)
function crossEntropy(logits: number[], label: number): number {
  const top = Math.max(...logits)
  return Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0)) - (logits[label] - top)
}

interface Candidate {
  box: Box
  object?: [Box, number]
  noise: number
}

/** The candidates drawn: objects first, then background. */
function draw(
  boxes: Box[],
  usable: boolean[],
  noise: number[],
  truth: [Box, number][],
  thresholds: { positive: number; negative: number; allowLowQualityMatches: boolean },
  count: number,
  share: number,
): Candidate[] {
  const objects = truth.filter(([, label]) => label >= 0)
  const crowds = truth.filter(([, label]) => label === -2)
  const positives: Candidate[] = []
  const negatives: Candidate[] = []
  for (const [i, box] of boxes.entries()) {
    if (!usable[i]) continue
    const overlaps = objects.map(([other]) => iou(box, other))
    const best = Math.max(0, ...overlaps)
    const object = objects[overlaps.indexOf(best)]
    const isBest = objects.some(([other]) => {
      const all = boxes.filter((_, k) => usable[k]).map((candidate) => iou(candidate, other))
      return iou(box, other) > 0 && iou(box, other) === Math.max(...all)
    })
    if (best >= thresholds.positive || (thresholds.allowLowQualityMatches && isBest))
      positives.push({ box, object, noise: noise[i] })
    else if (best < thresholds.negative && !crowds.some(([crowd]) => common(box, crowd) / area(box) > 0.5))
      negatives.push({ box, noise: noise[i] })
  }
  const first = (list: Candidate[], n: number) => list.sort((a, b) => b.noise - a.noise).slice(0, n)
  const chosen = first(positives, Math.floor(count * share))
  return [...chosen, ...first(negatives, count - chosen.length)]
}

function expected() {
  const sums = { objectness: 0, anchorBoxes: 0, classification: 0, boxes: 0 }
  const { proposals, roiHeads, weights } = CONFIG
  let regionsDrawn = 0
  for (const [image, truth] of TRUTH.entries()) {
    const noise = noiseOf(`anchors_${image}`, ANCHORS.length)
    const thresholds = { positive: 0.5, negative: 0.3, allowLowQualityMatches: true }
    const anchors = draw(ANCHORS, ANCHORS.map(inside), noise, truth, thresholds, proposals.sample, 0.25)
    for (const { box, object } of anchors) {
      const at = image * ANCHORS.length + ANCHORS.indexOf(box)
      sums.objectness +=
        crossEntropy(OBJECTNESS.slice(at * 2, at * 2 + 2), object ? 1 : 0) / anchors.length / 2
      if (object)
        sums.anchorBoxes +=
          distance(DELTAS.slice(at * 4, at * 4 + 4), encode(object[0], box)) / anchors.length / 2
    }
    const boxes = [...PROPOSALS, ...truth.map(([box]) => box)]
    const usable = [...VALID.map(Boolean), ...truth.map(([, label]) => label >= 0)]
    const seen = draw(
      boxes,
      usable,
      noiseOf(`regions_${image}`, boxes.length),
      truth,
      { positive: 0.4, negative: 0.4, allowLowQualityMatches: false },
      roiHeads.sample,
      0.25,
    )
    regionsDrawn += seen.length
    for (const { box, object } of seen) {
      const answers = (table: number[], width: number) =>
        Array.from({ length: width }, (_, k) =>
          box.reduce((sum, side, j) => sum + side * table[j * width + k], 0),
        )
      sums.classification += crossEntropy(answers(LOGIT_WEIGHTS, CLASSES + 1), object ? object[1] + 1 : 0)
      if (!object) continue
      const all = answers(BOX_WEIGHTS, CLASSES * 4)
      sums.boxes += distance(all.slice(object[1] * 4, object[1] * 4 + 4), encode(object[0], box))
    }
  }
  return {
    objectness: sums.objectness * weights.objectness,
    anchorBoxes: sums.anchorBoxes * weights.rpnBoxReg,
    classification: (sums.classification / regionsDrawn) * weights.classifier,
    boxes: (sums.boxes / regionsDrawn) * weights.boxReg,
  }
}

test('both stages’ losses are those of loops over anchors and proposals, crowds and empty images included', () => {
  const truth = TRUTH.map((objects) => ({
    boxes: tf.tensor2d(objects.map(([box]) => box)),
    labels: tf.tensor1d(
      objects.map(([, label]) => label),
      'int32',
    ),
  }))
  // Either way, anchors that cross the edge count for nothing.
  for (const dropped of [{}, { ignoreCrossing: false, clipAnchors: true }]) {
    const config = { ...CONFIG, proposals: { ...CONFIG.proposals, ...dropped } }
    const losses = detectionLosses({ ...detector, config }, ctx, tf.zeros([2, SIZE, SIZE, 3]), truth)
    for (const [name, value] of Object.entries(expected())) {
      const actual = losses[name as keyof typeof losses].dataSync()[0]
      assert.ok(value > 0, `${name} is tested with a loss`)
      assert.ok(Math.abs(actual - value) < 1e-4 * value, `${name}: ${actual}, not ${value}`)
    }
  }
})
