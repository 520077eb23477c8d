/** Crops against TensorFlow.js's own operation, TensorFlow's at the image's edge, and finite differences. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { cropAndResize } from '../../models/index.js'
import { packageRoot } from '../../src/shared/package-root.js'
import {
  assertClose,
  assertSameAsEager,
  compiled,
  drawn,
  eagerly,
  type Given,
  withGradients,
} from '../helpers/engine/compare.js'
import { assertGradient, normals } from '../helpers/models/numeric.js'
import { assertAnswers, given } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>

const crops = ({ features, boxes }: Inputs, crop: number, imageSize: [number, number]) =>
  cropAndResize(features as tf.Tensor4D, boxes as tf.Tensor3D, { crop, imageSize })

/** TensorFlow.js's own kernel, which has no gradient and no form in ONNX. */
function ownOfTensorFlow({ features, boxes }: Inputs, crop: number, [height, width]: [number, number]) {
  const [images, each] = boxes.shape
  const [x1, y1, x2, y2] = tf.split(tf.reshape(boxes, [images * each, 4]), 4, 1)
  const parts = tf.concat([tf.div(y1, height), tf.div(x1, width), tf.div(y2, height), tf.div(x2, width)], 1)
  const imageOf = Array.from({ length: images * each }, (_, i) => Math.floor(i / each))
  return tf.image.cropAndResize(
    features as tf.Tensor4D,
    parts as tf.Tensor2D,
    tf.tensor1d(imageOf, 'int32'),
    [crop, crop],
  )
}

test('both forms equal TensorFlow.js’s cropAndResize: inside, across the edges, outside, turned round', async () => {
  const imageSize: [number, number] = [96, 144]
  // No sample of such a box lies exactly at the edge, where rounding would decide.
  const place = (side: number) =>
    fc.integer({ min: -side * 2, max: side * 6 }).map((fourths) => fourths / 4 + 0.0617)
  const box = fc.tuple(place(144), place(96), place(144), place(96))
  const boxes = fc.array(fc.array(box, { minLength: 12, maxLength: 12 }), { minLength: 2, maxLength: 2 })
  const features = drawn([2, 6, 9, 3], 21)
  await fc.assert(
    fc.asyncProperty(boxes, fc.integer({ min: 1, max: 9 }), async (rows, crop) => {
      const inputs: Record<string, Given> = { features, boxes: given(rows) }
      const expected = await eagerly((x) => ({ y: ownOfTensorFlow(x, crop, imageSize) }), inputs)
      const f = (x: Inputs) => ({ y: crops(x, crop, imageSize) })
      assertClose(await eagerly(f, inputs), expected, 1e-5, 'matrix products')
      assertClose(await compiled(f, inputs, 0), expected, 1e-5, 'ONNX')
    }),
    { numRuns: 30 },
  )
})

test('boxes that end at the image’s edge lose the rows and columns that TensorFlow’s lose', async () => {
  const file = join(packageRoot(), 'test/models/golden/crop_and_resize.json')
  const { imageSize, crop, shape, features, boxes, crops: expected } = JSON.parse(readFileSync(file, 'utf8'))
  const places = [0, crop - 2, crop - 1]
  await assertAnswers(
    'edges',
    (inputs) => {
      const whole = crops(inputs, crop, imageSize)
      return {
        y: tf.gather(tf.gather(whole, tf.tensor1d(places, 'int32'), 1), tf.tensor1d(places, 'int32'), 2),
      }
    },
    { features: { shape, data: features }, boxes: given([boxes]) },
    { y: { shape: [boxes.length, 3, 3, 1], data: expected.flat() } },
    1e-5,
  )
})

test('a feature map of one row, and a box without height', async () => {
  const inputs = {
    features: { shape: [1, 1, 2, 1], data: [3, 5] },
    boxes: given([
      [
        [0, 0, 32, 16],
        [8, 4, 24, 4],
      ],
    ]),
  }
  const data = [3, 4, 5, 3, 4, 5, 3, 4, 5, 3.5, 4, 4.5, 3.5, 4, 4.5, 3.5, 4, 4.5]
  await assertAnswers('one row', (x) => ({ y: crops(x, 3, [16, 32]) }), inputs, {
    y: { shape: [2, 3, 3, 1], data },
  })
})

const rows = [
  [
    [3.25, 5.5, 30.75, 41.25],
    [-12.25, 4.75, 60.5, 20.25],
  ],
  [
    [20.5, 20.5, 21.5, 21.5],
    [0, 0, 56, 48],
  ],
]

test('the gradient fits finite differences', async () => {
  await tf.setBackend('cpu')
  const boxes = tf.tensor3d(rows)
  tf.tidy(() =>
    assertGradient(
      (features) => crops({ features, boxes }, 4, [48, 56]),
      [normals<tf.Rank.R4>('features', [2, 6, 7, 3])],
    ),
  )
})

test('between convolutions, where tensors lie blocked, forward and gradient are those of TensorFlow.js', async () => {
  for (const channels of [5, 16, 32]) {
    const between = ({ x, f, g, boxes }: Inputs) => {
      const features = tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same')
      return tf.conv2d(tf.relu(crops({ features, boxes }, 5, [48, 56])), g as tf.Tensor4D, 1, 'same')
    }
    const f = withGradients(between, ['x', 'f', 'g'])
    const inputs = {
      x: drawn([2, 6, 7, 3], 31),
      f: drawn([3, 3, 3, channels], 32),
      g: drawn([1, 1, channels, channels], 33),
      boxes: given(rows),
    }
    await assertSameAsEager(f, inputs, 1e-5, `${channels} channels`)
  }
})

test('asking for the gradient of the boxes is refused in words', async () => {
  await tf.setBackend('cpu')
  const features = tf.ones([2, 6, 7, 3])
  const loss = (boxes: tf.Tensor) => tf.sum(crops({ features, boxes }, 2, [48, 56])) as tf.Scalar
  assert.throws(() => tf.grad(loss)(tf.tensor3d(rows)), /no gradient for its boxes/)
})
