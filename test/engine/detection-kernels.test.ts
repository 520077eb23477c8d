/** The kernels of detectors: ONNX's operations against TensorFlow.js's own, and against torchvision's suppression. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { roiAlign, suppressByClass } from '../../models/index.js'
import { trace } from '../../src/engine/index.js'
import { assertSameAsEager, compiled, drawn, type Given, withGradients } from '../helpers/engine/compare.js'
import { given, golden } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>

const check = (what: string, f: (inputs: Inputs) => Inputs, inputs: Record<string, Given>) =>
  assertSameAsEager(f, inputs, 1e-5, what)

const suppress =
  (count: number, iou: number, minScore?: number) =>
  ({ boxes, scores }: Inputs) => {
    const kept = tf.image.nonMaxSuppressionPadded(
      boxes as tf.Tensor2D,
      scores as tf.Tensor1D,
      count,
      iou,
      minScore,
      true,
    )
    return { indices: kept.selectedIndices, found: kept.validOutputs }
  }

for (const { about, boxes, scores, iou, kept } of golden.suppression)
  test(`suppression keeps what torchvision’s does: ${about}`, async () => {
    for (const count of [boxes.length, Math.min(3, boxes.length)]) {
      const inputs = { boxes: given(boxes), scores: given(scores) }
      const { indices, found } = await compiled(suppress(count, iou), inputs, 0)
      const expected = kept.slice(0, count)
      assert.deepEqual(found, { shape: [], data: [expected.length] })
      assert.deepEqual(indices.shape, [count])
      assert.deepEqual(indices.data.slice(0, expected.length), expected)
      assert.ok(indices.data.slice(expected.length).every((index) => index === 0))
    }
  })

test('suppression equals TensorFlow.js’s on drawn boxes: padding, least score, corners in any order', async () => {
  const corner = fc.integer({ min: 0, max: 40 })
  const rows = fc.array(fc.tuple(corner, corner, corner, corner), { minLength: 30, maxLength: 30 })
  // Eighths: many scores are equal, and many equal the least.
  const scores = fc.array(
    fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8),
    { minLength: 30, maxLength: 30 },
  )
  // No overlap of two such boxes equals these: there TensorFlow.js drops where ONNX keeps.
  const thresholds = fc.constantFrom(0.123456, 0.456789, 0.789123)
  await fc.assert(
    fc.asyncProperty(
      rows,
      scores,
      thresholds,
      fc.constantFrom(0, 0.5, -1),
      async (rows, scores, iou, least) => {
        const inputs = { boxes: given(rows), scores: given(scores) }
        await check('suppression', suppress(30, iou, least), inputs)
        await check('suppression to few', suppress(7, iou, least), inputs)
      },
    ),
    { numRuns: 15 },
  )
})

test('suppression by class equals that of each class by itself', async () => {
  const side = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 30 }))
  const box = fc.tuple(side, side).map(([[x, w], [y, h]]) => [x, y, x + w, y + h])
  const boxes = fc.array(fc.array(box, { minLength: 14, maxLength: 14 }), { minLength: 3, maxLength: 3 })
  const eighths = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8)
  const scores = fc.array(fc.array(eighths, { minLength: 14, maxLength: 14 }), { minLength: 3, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(boxes, scores, fc.constantFrom(14, 4), async (boxes, scores, count) => {
      const [iou, minScore] = [0.456789, 0]
      const f = (inputs: Inputs) => ({
        kept: suppressByClass(inputs.boxes as tf.Tensor3D, inputs.scores as tf.Tensor2D, {
          count,
          iou,
          minScore,
        }),
      })
      const inputs = { boxes: given(boxes), scores: given(scores) }
      const { kept } = await compiled(f, inputs, 0)
      for (const [c, rows] of boxes.entries()) {
        const alone = { boxes: given(rows), scores: given(scores[c]) }
        const { indices, found } = await compiled(suppress(count, iou, minScore), alone, 0)
        const chosen = indices.data.slice(0, found.data[0]).sort((a, b) => a - b)
        assert.deepEqual(
          rows.flatMap((_, row) => (kept.data[c * 14 + row] === 1 ? [row] : [])),
          chosen,
        )
      }
      await check('suppression by class', f, inputs)
    }),
    { numRuns: 15 },
  )
})

test('a suppression whose size depends on numbers is refused in words', () => {
  assert.throws(
    () =>
      trace((tracer) => {
        const [boxes, scores] = [tracer.input('boxes', [5, 4]), tracer.input('scores', [5])]
        const args = [boxes as tf.Tensor2D, scores as tf.Tensor1D, 3, 0.5, 0] as const
        return { kept: tf.image.nonMaxSuppressionPadded(...args, false).selectedIndices }
      }),
    /suppression without padding cannot be traced/,
  )
})

test('the best k of rows, of equal numbers the first, equal TensorFlow.js’s', async () => {
  const best = (k: number) => (inputs: Inputs) => {
    const { values, indices } = tf.topk(inputs.x, k)
    return { values, indices }
  }
  const fewNumbers = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 36, maxLength: 36 })
  await fc.assert(
    fc.asyncProperty(
      fewNumbers,
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('float32' as const, 'int32' as const),
      async (data, k, dtype) => {
        await check(`best ${k} of rows`, best(k), { x: { shape: [3, 12], data, dtype } })
        await check(`best ${k} of all`, best(k), { x: { shape: [36], data, dtype } })
      },
    ),
    { numRuns: 15 },
  )
  await check('all of them', best(50), { x: drawn([50], 3) })
})

test('RoI align between convolutions, where tensors lie blocked, forward and gradient', async () => {
  const settings = { crop: 3, samplingRatio: 2, spatialScale: 1 / 8 }
  const boxes = given([
    [
      [3.25, 5.5, 30.75, 41.25],
      [-12.25, 4.75, 70.5, 20.25],
    ],
    [
      [20.5, 20.5, 21.5, 21.5],
      [33.75, -9.5, 60.25, 80.75],
    ],
  ])
  for (const channels of [5, 16, 32]) {
    const crops = ({ x, f, g, boxes }: Inputs) => {
      const features = tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'same')
      const cut = roiAlign(features, boxes as tf.Tensor3D, settings)
      return tf.conv2d(tf.relu(cut), g as tf.Tensor4D, 1, 'same')
    }
    await check(`${channels} channels`, withGradients(crops, ['x', 'f', 'g']), {
      x: drawn([2, 6, 7, 3], 31),
      f: drawn([3, 3, 3, channels], 32),
      g: drawn([1, 1, channels, channels], 33),
      boxes,
    })
  }
})
