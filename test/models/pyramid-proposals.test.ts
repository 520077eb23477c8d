/** Anchors and proposals on several levels against torchvision's `AnchorGenerator` and `RegionProposalNetwork`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { eagerContext, fasterRcnnFpn, proposeRegions } from '../../models/index.js'
import { backboneConfig } from '../../src/train/step/backbone-config.js'
import { pyramidGolden } from '../helpers/models/pyramid.js'
import { assertAnswers, expected, given } from '../helpers/models/torchvision.js'
import { tinyPyramidDetector } from '../helpers/train/detection/tiny-detector.js'

test('a detector’s anchors on four levels equal torchvision’s, in its order, moved to the middle of their cells', async () => {
  const { strides, features, base, scales, ratios, anchors } = pyramidGolden.anchors
  await tf.setBackend('cpu')
  const { backbone, detector } = tinyPyramidDetector()
  const { pyramid } = detector
  assert.ok(pyramid)
  const { proposalNetwork } = fasterRcnnFpn(backboneConfig(backbone), {
    ...detector,
    classes: 2,
    anchors: { base, scales: [1], ratios, offset: 4 },
    pyramid: { ...pyramid, finestStride: 8, anchorScales: scales },
  })
  const maps = features.map(([height, width], i) => ({
    tensor: tf.zeros<tf.Rank.R4>([1, height, width, pyramid.channels]),
    stride: strides[i],
  }))
  const output = proposalNetwork(eagerContext({ seed: 1 }), { imageSize: [128, 64], maps })
  const cells = features.map(([height, width]) => height * width)
  assert.deepEqual(
    output.anchorsPerMap,
    cells.map((count) => count * ratios.length),
  )
  const strideOf = output.anchorsPerMap.flatMap((count, level) => new Array(count).fill(strides[level]))
  assert.deepEqual(
    Array.from(output.anchors.dataSync()),
    anchors.flatMap((box, row) => box.map((side) => side + strideOf[row] / 2)),
  )
  assert.deepEqual(output.objectness.shape, [1, anchors.length, 2])
  assert.deepEqual(output.deltas.shape, [1, anchors.length, 4])
})

const { imageSize, anchorsPerMap, boxes, scores, nmsIou, results } = pyramidGolden.filtering

for (const { preNmsTopN, postNmsTopN, kept } of results)
  test(`${preNmsTopN} of each level, ${postNmsTopN} of all: the proposals are torchvision’s`, async () => {
    const missing = postNmsTopN - kept.length
    await assertAnswers(
      'proposals',
      ({ scores, deltas, anchors }) => {
        const found = proposeRegions(
          scores as tf.Tensor1D,
          deltas as tf.Tensor2D,
          anchors as tf.Tensor2D,
          imageSize,
          { preNmsTopN, postNmsTopN, nmsIou, boxCoderWeights: [1, 1, 1, 1], anchorsPerMap },
        )
        return { boxes: tf.mul(found.boxes, tf.expandDims(found.valid, 1)), valid: found.valid }
      },
      { scores: given(scores), deltas: given(boxes.map(() => [0, 0, 0, 0])), anchors: given(boxes) },
      {
        boxes: expected([...kept, ...new Array(missing).fill([0, 0, 0, 0])]),
        valid: expected([...kept.map(() => 1), ...new Array(missing).fill(0)]),
      },
      2e-6,
    )
  })
