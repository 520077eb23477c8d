/** The region proposal network: one head for all feature maps that it looks at, and the proposals of its output. */
import * as tf from '@tensorflow/tfjs'
import { type AnchorSettings, anchorsOf, anchorsPerCell } from './anchors.js'
import type { FeatureMap } from './cell.js'
import type { Context } from './context.js'
import { stopGradient } from './custom-gradient.js'
import type { FasterRcnnConfig } from './faster-rcnn-config.js'
import type { FasterRcnn, RpnOutput } from './faster-rcnn-types.js'
import { biasedConvolution } from './layers.js'
import { proposeRegions } from './proposals.js'

/** Standard deviation of the initial weights, as in the released config. */
const DEVIATION = 0.01

/**
 * A 3×3 convolution, then object or not and four deltas for each anchor, with the same weights on each of the maps, which
 * have as many channels and as many anchors in a cell each.
 *
 * @param anchors of each map
 */
export function proposalNetwork(
  ctx: Context,
  maps: readonly FeatureMap[],
  anchors: readonly AnchorSettings[],
  { proposals, rpnActivation }: FasterRcnnConfig,
): RpnOutput {
  const activation = rpnActivation === 'relu6' ? tf.relu6 : tf.relu
  const layer = (name: string, x: tf.Tensor4D, size: number, filters: number): tf.Tensor4D =>
    biasedConvolution(ctx.in(`rpn/${name}`), x, {
      size,
      filters,
      initialVariance: DEVIATION ** 2 * size * size * x.shape[3],
    })
  const outputs = maps.map(({ tensor, stride }, map) => {
    const hidden = activation(layer('convolution', tensor, 3, proposals.filters))
    const perCell = anchorsPerCell(anchors[map])
    const [n, height, width] = tensor.shape
    const boxes = anchorsOf(anchors[map], stride, [height, width])
    const rows = boxes.length / 4
    return {
      boxes: tf.tensor2d(boxes, [rows, 4]),
      objectness: tf.reshape(layer('objectness', hidden, 1, 2 * perCell), [n, rows, 2]) as tf.Tensor3D,
      deltas: tf.reshape(layer('boxes', hidden, 1, 4 * perCell), [n, rows, 4]) as tf.Tensor3D,
    }
  })
  const joined = <T extends tf.Tensor>(parts: T[], axis: number): T =>
    parts.length === 1 ? parts[0] : (tf.concat(parts as tf.Tensor[], axis) as T)
  return {
    anchors: joined(
      outputs.map(({ boxes }) => boxes),
      0,
    ),
    anchorsPerMap: outputs.map(({ boxes }) => boxes.shape[0]),
    objectness: joined(
      outputs.map(({ objectness }) => objectness),
      1,
    ),
    deltas: joined(
      outputs.map(({ deltas }) => deltas),
      1,
    ),
  }
}

/** The `propose` of a detector with this config. */
export function proposer({ proposals, boxCoderWeights, clipBoxes }: FasterRcnnConfig): FasterRcnn['propose'] {
  const { preNmsTopN, nmsIou, clipAnchors } = proposals
  return ({ anchors, anchorsPerMap, objectness, deltas }, imageSize, postNmsTopN, training = false) => {
    const scores = tf.slice(tf.softmax(stopGradient(objectness)), [0, 0, 1], [-1, -1, 1])
    const constants = tf.unstack(stopGradient(deltas)) as tf.Tensor2D[]
    return tf.unstack(tf.squeeze<tf.Tensor2D>(scores, [2])).map((score, image) =>
      proposeRegions(score as tf.Tensor1D, constants[image], anchors, imageSize, {
        preNmsTopN,
        nmsIou,
        postNmsTopN,
        boxCoderWeights,
        clipBoxes,
        anchorsPerMap,
        ...(clipAnchors && { crossingAnchors: training ? 'drop' : 'clip' }),
      }),
    )
  }
}
