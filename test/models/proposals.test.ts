/** From answers to proposals and detections, held to torchvision's `nms` and `batched_nms`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type * as tf from '@tensorflow/tfjs'
import { proposeRegions, selectDetections } from '../../models/index.js'
import { assertAnswers, expected, given, golden } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>
const boxCoderWeights = [10, 10, 5, 5] as const

/** `rows`, and rows of zeros up to `count`. */
const padded = (rows: number[][], count: number) =>
  expected([...rows, ...new Array(count - rows.length).fill([0, 0, 0, 0])])
const paddedNumbers = (numbers: number[], count: number) =>
  expected([...numbers, ...new Array(count - numbers.length).fill(0)])

const propose =
  (imageSize: [number, number], settings: { preNmsTopN: number; nmsIou: number; postNmsTopN: number }) =>
  ({ scores, offsets, anchors }: Inputs) => {
    const found = proposeRegions(
      scores as tf.Tensor1D,
      offsets as tf.Tensor2D,
      anchors as tf.Tensor2D,
      imageSize,
      { ...settings, boxCoderWeights },
    )
    return { boxes: found.boxes.mul(found.valid.expandDims(1)), valid: found.valid }
  }

const noOffsets = (count: number) => given(new Array(count).fill([0, 0, 0, 0]))

for (const { about, boxes, scores, iou, kept } of golden.suppression) {
  // TensorFlow.js drops at the threshold, ONNX and torchvision above it; empty boxes are no proposals.
  if (/equal to the threshold|another such|empty/.test(about)) continue
  test(`proposals are what torchvision’s nms keeps: ${about}`, async () => {
    const inputs = { anchors: given(boxes), offsets: noOffsets(boxes.length), scores: given(scores) }
    for (const [candidates, count] of [
      [1000, 10],
      [boxes.length, 40],
      [20, 40],
    ]) {
      const best = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
      const among = new Set(best.slice(0, candidates))
      // What is kept depends on better boxes alone.
      const left = kept.filter((index) => among.has(index)).slice(0, count)
      await assertAnswers(
        `${candidates} candidates, ${count} kept`,
        propose([64, 64], { preNmsTopN: candidates, nmsIou: iou, postNmsTopN: count }),
        inputs,
        {
          boxes: padded(
            left.map((index) => boxes[index]),
            count,
          ),
          valid: paddedNumbers(
            left.map(() => 1),
            count,
          ),
        },
      )
    }
  })
}

test('proposals are cut at the image’s edges; what lies outside or has no area is none', async () => {
  const anchors = [
    [-20, -20, 30, 10],
    [70, 10, 90, 30],
    [20, 20, 20, 40],
    [40, 30, 90, 60],
  ]
  await assertAnswers(
    'edges',
    propose([48, 64], { preNmsTopN: 4, nmsIou: 0.7, postNmsTopN: 4 }),
    { anchors: given(anchors), offsets: noOffsets(4), scores: given([0.2, 0.9, 0.8, 0.6]) },
    {
      boxes: padded(
        [
          [40, 30, 64, 48],
          [0, 0, 30, 10],
        ],
        4,
      ),
      valid: expected([1, 1, 0, 0]),
    },
  )
})

const proposeFrom =
  (settings: Partial<Parameters<typeof proposeRegions>[4]>) =>
  ({ scores, offsets, anchors }: Inputs) => {
    const { boxes, valid } = proposeRegions(
      scores as tf.Tensor1D,
      offsets as tf.Tensor2D,
      anchors as tf.Tensor2D,
      [48, 64],
      { preNmsTopN: 4, nmsIou: 0.7, postNmsTopN: 4, boxCoderWeights, ...settings },
    )
    return { boxes: boxes.mul(valid.expandDims(1)), valid }
  }

/** Two that cross the edge, one outside, one inside; the box of each is shifted to the right by half its width. */
const atTheEdge = {
  anchors: given([
    [-20, -20, 30, 10],
    [70, 10, 90, 30],
    [20, 20, 40, 40],
    [44, 30, 84, 60],
  ]),
  scores: given([0.7, 0.9, 0.8, 0.6]),
  offsets: given(new Array(4).fill([5, 0, 0, 0])),
}

test('anchors are clipped before they are decoded, and those outside give no proposal', async () => {
  await assertAnswers('clip', proposeFrom({ crossingAnchors: 'clip' }), atTheEdge, {
    boxes: padded(
      [
        [30, 20, 50, 40],
        [15, 0, 45, 10],
        [54, 30, 64, 48],
      ],
      4,
    ),
    valid: expected([1, 1, 1, 0]),
  })
})

test('anchors that cross the edge are dropped in training', async () => {
  await assertAnswers('drop', proposeFrom({ crossingAnchors: 'drop' }), atTheEdge, {
    boxes: padded([[30, 20, 50, 40]], 4),
    valid: expected([1, 0, 0, 0]),
  })
})

test('clipped after the suppression, boxes of which only the part outside differs are both kept', async () => {
  const inputs = {
    // The first two overlap by half, and are equal when clipped. The third lies outside.
    anchors: given([
      [-40, 0, 20, 20],
      [-4, 0, 20, 20],
      [-40, 30, -4, 40],
    ]),
    scores: given([0.9, 0.8, 0.7]),
    offsets: noOffsets(3),
  }
  const settings = { nmsIou: 0.5, preNmsTopN: 3, postNmsTopN: 3 }
  const clipped = [0, 0, 20, 20]
  await assertAnswers('before', proposeFrom({ ...settings, clipBoxes: 'before-nms' }), inputs, {
    boxes: padded([clipped], 3),
    valid: expected([1, 0, 0]),
  })
  await assertAnswers('after', proposeFrom({ ...settings, clipBoxes: 'after-nms' }), inputs, {
    boxes: padded([clipped, clipped], 3),
    valid: expected([1, 1, 0]),
  })
})

/** Detections of proposals that lie where their boxes do. */
const detect =
  (
    imageSize: [number, number],
    settings: {
      nmsIou: number
      count: number
      minScore: number
      clipBoxes?: 'before-nms' | 'after-nms'
    },
  ) =>
  ({ proposals, real, probabilities, offsets }: Inputs) => ({
    ...selectDetections(
      { boxes: proposals as tf.Tensor2D, valid: real as tf.Tensor1D },
      probabilities as tf.Tensor2D,
      offsets as tf.Tensor3D,
      imageSize,
      { ...settings, boxCoderWeights },
    ),
  })

const CLASSES = 5
const byClass = golden.suppressionByClass

/** The golden rows as proposals, each sure of one class alone. */
function proposalsOfOneClass(real: number[]) {
  const { boxes, scores, classes } = byClass
  const classOnly = (row: number) =>
    Array.from({ length: CLASSES }, (_, c) => (c === classes[row] ? scores[row] : 0))
  return {
    proposals: given(boxes),
    real: given(real),
    probabilities: given(boxes.map((_, row) => classOnly(row))),
    offsets: given(boxes.map(() => new Array(CLASSES).fill([0, 0, 0, 0]))),
  }
}

const found = (rows: { box: number[]; score: number; class: number }[], count: number) => ({
  boxes: padded(
    rows.map(({ box }) => box),
    count,
  ),
  scores: paddedNumbers(
    rows.map(({ score }) => score),
    count,
  ),
  classes: paddedNumbers(
    rows.map((row) => row.class),
    count,
  ),
})

test('detections are what torchvision’s batched_nms keeps of each class, the best of all first', async () => {
  const { boxes, scores, classes, iou, kept } = byClass
  const inputs = proposalsOfOneClass(boxes.map(() => 1))
  for (const [count, minScore] of [
    [100, 0],
    [7, 0],
    [50, 0.3],
  ]) {
    const rows = kept
      .filter((row) => scores[row] > minScore)
      .slice(0, count)
      .map((row) => ({ box: boxes[row], score: scores[row], class: classes[row] }))
    await assertAnswers(
      `${count} above ${minScore}`,
      detect([64, 96], { nmsIou: iou, count, minScore }),
      inputs,
      found(rows, count),
    )
  }
})

test('suppressed before they are clipped, detections inside the image are the same', async () => {
  const { boxes, scores, classes, iou, kept } = byClass
  const inputs = proposalsOfOneClass(boxes.map(() => 1))
  const rows = kept.map((row) => ({ box: boxes[row], score: scores[row], class: classes[row] }))
  for (const count of [100, 7])
    await assertAnswers(
      `${count} after`,
      detect([64, 96], { nmsIou: iou, count, minScore: 0, clipBoxes: 'after-nms' }),
      inputs,
      found(rows.slice(0, count), count),
    )
})

test('detections outside the image suppress, are dropped, and make room for others', async () => {
  const inputs = {
    proposals: given([
      [-60, 0, -2, 20],
      [-60, 0, 4, 20],
      [10, 10, 30, 30],
      [-20, 0, 20, 20],
    ]),
    real: given([1, 1, 1, 1]),
    probabilities: given([
      [0.9, 0],
      [0.8, 0],
      [0.7, 0],
      [0, 0.6],
    ]),
    offsets: given(
      new Array(4).fill([
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]),
    ),
  }
  await assertAnswers(
    'outside',
    detect([64, 64], { nmsIou: 0.6, count: 2, minScore: 0, clipBoxes: 'after-nms' }),
    inputs,
    found(
      [
        { box: [10, 10, 30, 30], score: 0.7, class: 0 },
        { box: [0, 0, 20, 20], score: 0.6, class: 1 },
      ],
      2,
    ),
  )
})

test('rows that are no proposals give no detections and drop none', async () => {
  const { boxes, scores, classes } = byClass
  const best = scores.indexOf(Math.max(...scores))
  const real = boxes.map((_, row) => (row === 3 ? 1 : 0))
  assert.notEqual(best, 3)
  await assertAnswers(
    'one real',
    detect([64, 96], { nmsIou: 0.4, count: 4, minScore: 0 }),
    proposalsOfOneClass(real),
    found([{ box: boxes[3], score: scores[3], class: classes[3] }], 4),
  )
})

test('fewer rows than detections asked for: the rest is empty', async () => {
  const [small, large] = [
    [0, 0, 10, 10],
    [20, 20, 40, 40],
  ]
  await assertAnswers(
    'one class, two proposals',
    detect([64, 64], { nmsIou: 0.5, minScore: 0, count: 5 }),
    {
      proposals: given([small, large]),
      real: given([1, 1]),
      probabilities: given([[0.25], [0.5]]),
      offsets: given([[[0, 0, 0, 0]], [[0, 0, 0, 0]]]),
    },
    found(
      [
        { box: large, score: 0.5, class: 0 },
        { box: small, score: 0.25, class: 0 },
      ],
      5,
    ),
  )
})
