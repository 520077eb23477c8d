/** A feature pyramid against torchvision's `FeaturePyramidNetwork`, eagerly and compiled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { type FeatureMap, featurePyramid } from '../../models/index.js'
import { contextOver } from '../../src/train/step/contexts.js'
import { assertClose, compiled, eagerly, withGradients } from '../helpers/engine/compare.js'
import { numbered, pyramidGolden } from '../helpers/models/pyramid.js'
import { assertAnswers } from '../helpers/models/torchvision.js'

type Inputs = Record<string, tf.Tensor>

const { strides, channels, maps, weights, levels } = pyramidGolden.pyramid
const given = { ...numbered('map', maps), ...weights }

function levelsOf(inputs: Inputs): FeatureMap[] {
  const ctx = contextOver({
    training: false,
    progress: tf.scalar(1),
    parameter: ({ path }) => inputs[path],
    uniform: () => assert.fail('noise in a pyramid'),
    update() {},
  })
  const features = strides.map((stride, i) => ({ tensor: inputs[`map ${i}`] as tf.Tensor4D, stride }))
  return featurePyramid(ctx, features, { channels })
}

test('levels of odd and even sides equal torchvision’s, with one more behind the coarsest', async () => {
  await assertAnswers(
    'pyramid',
    (inputs) => {
      const made = levelsOf(inputs)
      assert.deepEqual(
        made.map(({ stride }) => stride),
        [8, 16, 32, 64],
      )
      return Object.fromEntries(made.map(({ tensor }, i) => [`level ${i}`, tensor]))
    },
    given,
    Object.fromEntries(levels.map((level, i) => [`level ${i}`, level])),
  )
})

test('its gradients, compiled, equal those of TensorFlow.js', async () => {
  const all = (inputs: Inputs) =>
    tf.concat(
      levelsOf(inputs).map(({ tensor }) => tf.reshape(tensor, [-1])),
      0,
    )
  const f = withGradients(all, Object.keys(given))
  assertClose(await compiled(f, given, 0), await eagerly(f, given), 1e-5, 'gradients')
})
