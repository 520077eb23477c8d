/** The backbone's last features at the box head, against bilinear samples taken by a loop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { type Context, fasterRcnnFpn } from '../../models/index.js'
import { backboneConfig } from '../../src/train/step/backbone-config.js'
import { tinyPyramidDetector } from '../helpers/train/detection/tiny-detector.js'

const [SIDE, STRIDE, CHANNELS] = [4, 32, 3]
const value = (y: number, x: number, c: number): number => Math.sin(3 * y + 5 * x + 7 * c)

/** Bilinear interpolation between the centres of features, edges repeated. */
function sample(y: number, x: number, c: number): number {
  const within = (v: number): number => Math.min(SIDE - 1, Math.max(0, v))
  const [top, left] = [Math.floor(within(y)), Math.floor(within(x))]
  const [bottom, right] = [Math.min(SIDE - 1, top + 1), Math.min(SIDE - 1, left + 1)]
  const [dy, dx] = [within(y) - top, within(x) - left]
  return (
    value(top, left, c) * (1 - dy) * (1 - dx) +
    value(top, right, c) * (1 - dy) * dx +
    value(bottom, left, c) * dy * (1 - dx) +
    value(bottom, right, c) * dy * dx
  )
}

test('the last layers see the mean of the features in each box', async () => {
  await tf.setBackend('cpu')
  const { backbone, detector } = tinyPyramidDetector()
  const pyramid = { ...detector.pyramid!, skipPooling: true }
  const { secondStage } = fasterRcnnFpn(backboneConfig(backbone), { ...detector, pyramid, classes: 2 })
  const hidden = pyramid.representationSize
  // Everything is 0 but the classes' kernel, which hands on the channels of the last features.
  const parameterAt =
    (prefix: string): Context['parameter'] =>
    (path, shape) => {
      if (`${prefix}${path}` !== 'regions/classes/kernel') return tf.zeros(shape)
      assert.deepEqual(shape, [hidden + CHANNELS, 3])
      return tf.concat([tf.zeros([hidden, 3]), tf.eye(CHANNELS)], 0)
    }
  const at = (prefix: string): Context => ({
    training: false,
    progress: tf.scalar(1),
    parameter: parameterAt(prefix),
    update() {},
    uniform: () => assert.fail('nothing is drawn'),
    in: (path) => at(`${prefix}${path}/`),
  })
  const boxes = [
    [10, 20, 90, 70],
    [0, 0, 128, 128],
    [64, 32, 65, 33],
  ]
  const numbers: number[] = []
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) for (let c = 0; c < CHANNELS; c++) numbers.push(value(y, x, c))
  const maps = [4, 8, 16, 32, 64].map((stride) => ({
    tensor: tf.zeros<tf.Rank.R4>([1, 128 / stride, 128 / stride, pyramid.channels]),
    stride,
  }))
  const last = { tensor: tf.tensor4d(numbers, [1, SIDE, SIDE, CHANNELS]), stride: STRIDE }
  const { logits } = secondStage(at(''), { imageSize: [128, 128], maps, last }, tf.tensor3d([boxes]))
  const found = logits.arraySync()
  for (const [row, [x1, y1, x2, y2]] of boxes.entries())
    for (let c = 0; c < CHANNELS; c++) {
      let sum = 0
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++) {
          const [y, x] = [y1 + ((i + 0.5) * (y2 - y1)) / 4, x1 + ((j + 0.5) * (x2 - x1)) / 4]
          sum += sample(y / STRIDE - 0.5, x / STRIDE - 0.5, c)
        }
      assert.ok(Math.abs(found[row][c] - sum / 16) < 1e-5, `box ${row}, channel ${c}: ${found[row][c]}`)
    }
})
