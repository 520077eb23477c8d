/** RoI align against torchvision's, and its form of matrix products against ONNX's own operation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { type RoiAlignSettings, roiAlign } from '../../models/index.js'
import { assertClose, compiled, drawn, eagerly, type Given } from '../helpers/engine/compare.js'
import { assertAnswers, given, golden } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>

const align = ({ features, boxes }: Inputs, settings: RoiAlignSettings) =>
  roiAlign(features as tf.Tensor4D, boxes as tf.Tensor3D, settings)

const { shape, boxes, features, about, results } = golden.regionFeatures

for (const { crop, samplingRatio, crops, gradient } of results)
  test(`crops of ${crop} × ${crop} from ${samplingRatio} points a side equal torchvision’s, with their gradient`, async () => {
    const settings = { crop, samplingRatio, spatialScale: 1 / 16 }
    const upstream = Float32Array.from({ length: crops.length }, (_, i) => (((i * 37) % 11) - 5) / 4)
    const y = { shape: [about.flat().length, crop, crop, shape[3]], data: crops }
    await assertAnswers(
      'RoI align',
      ({ features, boxes }) => {
        const loss = (x: tf.Tensor) =>
          tf.sum(tf.mul(align({ features: x, boxes }, settings), tf.tensor(upstream, y.shape)))
        return { y: align({ features, boxes }, settings), gradient: tf.grad(loss)(features) }
      },
      { features: { shape, data: features }, boxes: given(boxes) },
      { y, gradient: { shape, data: gradient } },
    )
  })

test('ONNX’s operation equals the matrix products on drawn boxes: outside, empty, and of one pixel', async () => {
  const image = { height: 96, width: 144 }
  // Fractions of a pixel that no grid of sampling points hits where the values jump: one cell outside.
  const place = (side: number) =>
    fc.integer({ min: -side * 4, max: side * 8 }).map((fourths) => fourths / 4 + 0.0617)
  const extent = fc.oneof(
    fc.constantFrom(0, 1),
    fc.integer({ min: 0, max: 1200 }).map((fourths) => fourths / 4),
  )
  const box = fc
    .tuple(place(image.width), place(image.height), extent, extent)
    .map(([x, y, w, h]) => [x, y, x + w, y + h])
  const boxes = fc.array(fc.array(box, { minLength: 24, maxLength: 24 }), { minLength: 2, maxLength: 2 })
  const features = drawn([2, 6, 9, 3], 21)
  await fc.assert(
    fc.asyncProperty(
      boxes,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 3 }),
      async (rows, crop, samplingRatio) => {
        const f = (inputs: Inputs) => ({ y: align(inputs, { crop, samplingRatio, spatialScale: 1 / 16 }) })
        const inputs: Record<string, Given> = { features, boxes: given(rows) }
        assertClose(await compiled(f, inputs, 0), await eagerly(f, inputs), 2e-5, 'RoI align')
      },
    ),
    { numRuns: 25 },
  )
})

test('a box of whole cells, one point for each, gives the features back', async () => {
  const whole = { shape, data: features }
  const [n, height, width] = shape
  const square = Math.min(height, width)
  const cells = [0, 0, square * 16, square * 16]
  await assertAnswers(
    'whole cells',
    (inputs) => ({ y: align(inputs, { crop: square, samplingRatio: 1, spatialScale: 1 / 16 }) }),
    { features: whole, boxes: given(new Array(n).fill([cells])) },
    {
      y: {
        shape: [n, square, square, shape[3]],
        data: Array.from(
          tf.slice(tf.tensor4d(features, shape), [0, 0, 0, 0], [n, square, square, -1]).dataSync(),
        ),
      },
    },
  )
})

test('asking for the gradient of the boxes is refused in words', async () => {
  await tf.setBackend('cpu')
  const loss = (boxes: tf.Tensor) =>
    tf.sum(align({ features: tf.ones(shape), boxes }, { crop: 2, samplingRatio: 1, spatialScale: 1 / 16 }))
  assert.throws(() => tf.grad(loss)(tf.tensor(boxes)), /no gradient for its boxes/)
})
