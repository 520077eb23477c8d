/**
 * RoI align on several levels: levels by torchvision's `LevelMapper`, crops by its `roi_align` with `aligned=True` on the
 * level that it names, since its `MultiScaleRoIAlign` has no half-pixel centres.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { pyramidAlign, pyramidLevels } from '../../models/index.js'
import { assertGradient, normals } from '../helpers/models/numeric.js'
import { numbered, pyramidGolden } from '../helpers/models/pyramid.js'
import { assertAnswers, expected, given } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>

const { imageSize, strides, canonicalSize, boxes, maps, levels, results } = pyramidGolden.crops

for (const { strides, canonicalSize, levels } of pyramidGolden.levels.results)
  test(`boxes have torchvision’s levels from stride ${strides[0]}, ${canonicalSize} pixels at 16`, async () => {
    await assertAnswers(
      'levels',
      ({ boxes }) => ({ levels: pyramidLevels(boxes as tf.Tensor3D, strides, canonicalSize) }),
      { boxes: given([pyramidGolden.levels.boxes]) },
      { levels: expected([levels]) },
    )
  })

function align(inputs: Inputs, crop: number, samplingRatio: number): tf.Tensor4D {
  const features = strides.map((stride, i) => ({ tensor: inputs[`map ${i}`] as tf.Tensor4D, stride }))
  const settings = { crop, samplingRatio, imageSize, canonicalSize }
  return pyramidAlign(features, inputs.boxes as tf.Tensor3D, settings)
}

const inputs = { ...numbered('map', maps), boxes: given(boxes) }

for (const { crop, samplingRatio, crops, gradients } of results)
  test(`crops of ${crop} × ${crop} from all levels equal torchvision’s to the border, with their gradients`, async () => {
    assert.deepEqual([...new Set(levels)].sort(), [0, 1, 2])
    const upstream = Float32Array.from(crops, (_, i) => (((i * 37) % 11) - 5) / 4)
    const y = { shape: [levels.length, crop, crop, maps[0].shape[3]], data: crops }
    await assertAnswers(
      'crops',
      (inputs) => {
        const names = maps.map((_, i) => `map ${i}`)
        const loss = (...tensors: tf.Tensor[]) => {
          const changed = Object.fromEntries(names.map((name, i) => [name, tensors[i]]))
          const made = align({ ...inputs, ...changed }, crop, samplingRatio)
          return tf.sum(tf.mul(made, tf.tensor(upstream, y.shape))) as tf.Scalar
        }
        const found = tf.grads(loss)(names.map((name) => inputs[name]))
        return {
          y: align(inputs, crop, samplingRatio),
          ...Object.fromEntries(found.map((gradient, i) => [`gradient ${i}`, gradient])),
        }
      },
      inputs,
      {
        y,
        ...Object.fromEntries(gradients.map((data, i) => [`gradient ${i}`, { shape: maps[i].shape, data }])),
      },
      2e-6,
    )
  })

test('its gradient fits finite differences on every level', async () => {
  await tf.setBackend('cpu')
  const levels = maps.map(({ shape }, i) =>
    normals<tf.Rank.R4>(`level ${i}`, shape as [number, number, number, number]),
  )
  assertGradient(
    (...tensors) =>
      align(
        { ...Object.fromEntries(tensors.map((x, i) => [`map ${i}`, x])), boxes: tf.tensor3d(boxes) },
        4,
        2,
      ),
    levels,
  )
})

test('what reaches beyond the image is cut off: no other level’s features come in', async () => {
  await tf.setBackend('cpu')
  const [height, width] = imageSize
  const of = (boxes: number[][]) => {
    const tensors = Object.fromEntries(maps.map(({ shape, data }, i) => [`map ${i}`, tf.tensor(data, shape)]))
    return Array.from(align({ ...tensors, boxes: tf.tensor3d([boxes, boxes]) }, 3, 2).dataSync())
  }
  const beyond = [
    [-30, -30, 30, 30],
    [40, 50, 200, 300],
    [width + 5, height + 5, width + 9, height + 9],
  ]
  const cut = [
    [0, 0, 30, 30],
    [40, 50, width, height],
    [width, height, width, height],
  ]
  assert.deepEqual(of(beyond), of(cut))
})
