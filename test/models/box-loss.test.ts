/** The box losses against torchvision (golden/make_box_losses.py), eagerly and as a compiled graph. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { BOX_LOSSES } from '../../models/faster-rcnn-config.js'
import { boxLosses, ciouLoss, encodeBoxes, giouLoss } from '../../models/index.js'
import { assertAnswers, expected, given } from '../helpers/models/torchvision.js'

type Boxes = tf.Tensor2D

interface Golden {
  boxes: number[][]
  targets: number[][]
  giou: { losses: number[]; gradient: number[][] }
  ciou: { losses: number[]; gradient: number[][] }
}

let root = dirname(fileURLToPath(import.meta.url))
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
const golden: Golden = JSON.parse(readFileSync(join(root, 'test/models/golden/box_losses.json'), 'utf8'))

for (const [name, loss] of [
  ['giou', giouLoss],
  ['ciou', ciouLoss],
] as const)
  test(`${name} and its gradient equal torchvision’s`, async () => {
    const { boxes, targets } = golden
    await assertAnswers(
      name,
      ({ boxes, targets }) => ({
        losses: loss(boxes as Boxes, targets as Boxes),
        gradient: tf.grad((x) => tf.sum(loss(x as Boxes, targets as Boxes)))(boxes),
      }),
      { boxes: given(boxes), targets: given(targets) },
      { losses: expected(golden[name].losses), gradient: expected(golden[name].gradient) },
      2e-6,
    )
  })

test('the gradient by the deltas is that of finite differences', async () => {
  await tf.setBackend('cpu')
  const weights = [10, 10, 5, 5] as const
  const targets = tf.tensor2d(golden.targets.slice(0, 8))
  const anchors = tf.tensor2d(golden.boxes.slice(0, 8))
  const exact = encodeBoxes(targets, anchors, weights).dataSync()
  // Halfway to the object, where all parts of the losses are smooth.
  const start = Array.from(exact, (value) => 0.5 * value + 0.03)
  for (const kind of BOX_LOSSES) {
    const total = (deltas: tf.Tensor) =>
      tf.sum(boxLosses(kind, deltas as Boxes, { anchors, targets, weights }))
    const gradient = tf
      .grad(total)(tf.tensor2d(start, [8, 4]))
      .dataSync()
    const STEP = 0.02
    const at = (index: number, by: number): number => {
      const moved = start.map((value, i) => (i === index ? value + by : value))
      return total(tf.tensor2d(moved, [8, 4])).dataSync()[0]
    }
    let largest = 0
    for (const [i, value] of gradient.entries()) {
      const slope = (at(i, STEP) - at(i, -STEP)) / (2 * STEP)
      largest = Math.max(largest, Math.abs(slope))
      // The weight of CIoU's aspect ratio counts as a constant, so that its slope is not that of the loss.
      if (kind !== 'ciou' || i % 4 < 2)
        assert.ok(Math.abs(slope - value) < 2e-3, `${kind}, delta ${i}: ${value}, not ${slope}`)
    }
    assert.ok(largest > 0.02, `${kind} is tested with a slope`)
  }
})

test('every loss is 0 for the object itself, and finite for a box without an area', async () => {
  await tf.setBackend('cpu')
  const weights = [10, 10, 5, 5] as const
  const anchors = tf.tensor2d(golden.boxes)
  const targets = tf.tensor2d(golden.targets)
  const exact = encodeBoxes(targets, anchors, weights)
  const flat = tf.fill<tf.Rank.R2>(exact.shape, -600)
  for (const kind of BOX_LOSSES) {
    const lossOf = (deltas: tf.Tensor) => boxLosses(kind, deltas as Boxes, { anchors, targets, weights })
    for (const loss of lossOf(exact).dataSync()) assert.ok(Math.abs(loss) < 1e-5, `${kind}: ${loss}`)
    const gradient = tf.grad((deltas) => tf.sum(lossOf(deltas)))(flat)
    for (const value of [...lossOf(flat).dataSync(), ...gradient.dataSync()])
      assert.ok(Number.isFinite(value), `${kind}: ${value}`)
  }
})
