/** Box arithmetic against torchvision (golden/make_boxes.py), eagerly and as a compiled graph. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import {
  boxArea,
  boxIou,
  clipBoxes,
  decodeBoxes,
  encodeBoxes,
  intersectionOverArea,
} from '../../models/index.js'
import { assertAnswers, expected, given, golden } from '../helpers/models/torchvision.js'

type Boxes = tf.Tensor2D

test('areas and overlaps equal torchvision’s; two empty boxes overlap by 0', async () => {
  const { a, b, area, iou } = golden.overlaps
  await assertAnswers(
    'overlaps',
    ({ a, b }) => ({ area: boxArea(a as Boxes), iou: boxIou(a as Boxes, b as Boxes) }),
    { a: given(a), b: given(b) },
    { area: expected(area), iou: expected(iou.map((row) => row.map((value) => value ?? 0))) },
  )
})

test('the share of a box in a crowd equals pycocotools’', async () => {
  const { boxes, crowds, shares } = golden.coverage
  await assertAnswers(
    'coverage',
    ({ boxes, crowds }) => ({ shares: intersectionOverArea(boxes as Boxes, crowds as Boxes) }),
    { boxes: given(boxes), crowds: given(crowds) },
    { shares: expected(shares) },
  )
})

test('a box without area lies in nothing', async () => {
  await assertAnswers(
    'empty',
    ({ boxes, crowds }) => ({ shares: intersectionOverArea(boxes as Boxes, crowds as Boxes) }),
    { boxes: given([[5, 5, 5, 9]]), crowds: given([[0, 0, 20, 20]]) },
    { shares: expected([[0]]) },
  )
})

test('clipping equals torchvision’s', async () => {
  const { boxes, size, clipped } = golden.clipping
  await assertAnswers(
    'clipping',
    ({ boxes }) => ({ clipped: clipBoxes(boxes as Boxes, size) }),
    { boxes: given(boxes) },
    { clipped: expected(clipped) },
  )
})

for (const { scale, encoded, deltas, decoded } of golden.coding.coders)
  test(`coding with scale ${scale} equals torchvision’s, growth beyond 1000 / 16 cut`, async () => {
    const { anchors, truth } = golden.coding
    await assertAnswers(
      'coding',
      ({ anchors, truth, deltas }) => ({
        encoded: encodeBoxes(truth as Boxes, anchors as Boxes, scale),
        decoded: decodeBoxes(deltas as Boxes, anchors as Boxes, scale),
      }),
      { anchors: given(anchors), truth: given(truth), deltas: given(deltas) },
      { encoded: expected(encoded), decoded: expected(decoded) },
    )
  })

test('decoding undoes encoding, for boxes up to 60 times their anchor', async () => {
  await tf.setBackend('cpu')
  const corner = fc.integer({ min: -200, max: 200 })
  const side = fc.integer({ min: 10, max: 600 })
  const box = fc.tuple(corner, corner, side, side).map(([x, y, w, h]) => [x, y, x + w, y + h])
  fc.assert(
    fc.property(fc.array(fc.tuple(box, box), { minLength: 1, maxLength: 20 }), (pairs) => {
      const [boxes, anchors] = [0, 1].map((which) => tf.tensor2d(pairs.map((pair) => pair[which])))
      const scale = [10, 10, 5, 5] as const
      const back = decodeBoxes(encodeBoxes(boxes, anchors, scale), anchors, scale).dataSync()
      for (const [index, value] of boxes.dataSync().entries())
        assert.ok(Math.abs(back[index] - value) < 0.01, `${back[index]}, not ${value}`)
    }),
  )
})
