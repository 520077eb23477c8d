/**
 * Faster R-CNN on NASNet, as in `faster_rcnn_nas` of the TensorFlow Object Detection API: the backbone up to its
 * second reduction runs once for an image, a region proposal network reads the outputs of the last two cells there,
 * and the rest of the backbone runs on the features cropped for each proposal.
 */
import * as tf from '@tensorflow/tfjs'
import { boxHead } from './box-head.js'
import type { FeatureMap } from './cell.js'
import type { Context } from './context.js'
import { cropAndResize } from './crop-and-resize.js'
import type { ModelError } from './errors.js'
import { checkAnchors, type FasterRcnnConfig } from './faster-rcnn-config.js'
import type { FasterRcnn } from './faster-rcnn-types.js'
import { cellPlan, runCell, stemConvolution } from './nasnet.js'
import type { NasnetConfig } from './nasnet-config.js'
import { sharedOperations } from './operations.js'
import { type Detections, selectDetections } from './proposals.js'
import { roiAlign } from './roi-align.js'
import { proposalNetwork, proposer } from './rpn.js'

/** Builds a detector. Throws a {@link ModelError} when no detector can be built from these settings. */
export function fasterRcnn(backbone: NasnetConfig, config: FasterRcnnConfig): FasterRcnn {
  const body: NasnetConfig = {
    ...backbone,
    stemPadding: config.stemPadding ?? 'same',
    auxiliaryHead: false,
    batchNorm: { ...backbone.batchNorm, frozen: config.batchNorm === 'frozen' },
  }
  const plan = cellPlan(body)
  const split = plan.findIndex((cell) => cell.path === 'reduction_1')
  const { anchors, roiHeads } = config
  checkAnchors(anchors)

  return {
    config,
    firstStage(ctx, images) {
      const shared = sharedOperations(body.stridedPools)
      const features = [stemConvolution(ctx.in('stem'), images, body)]
      for (let cell = 0; cell < split; cell++) runCell(ctx, body, cell, features, shared)
      return {
        imageSize: [images.shape[1], images.shape[2]],
        maps: [features[split - 1], features[split]],
      }
    },

    proposalNetwork(ctx, { maps }) {
      const { tensor, stride } = joined(maps)
      return proposalNetwork(ctx, [{ tensor, stride }], [anchors], config)
    },

    propose: proposer(config),

    secondStage(ctx, { imageSize, maps }, boxes) {
      const widths = maps.map(({ tensor }) => tensor.shape[3])
      const { crop, cropping, samplingRatio } = roiHeads
      const { tensor, stride } = joined(maps)
      const crops =
        cropping === 'crop-and-resize'
          ? cropAndResize(tensor, boxes, { crop, imageSize })
          : roiAlign(tensor, boxes, { crop, samplingRatio, spatialScale: 1 / stride })
      const features: FeatureMap[] = []
      const [before, last] = tf.split<tf.Tensor4D>(crops, widths, 3)
      features[split - 1] = { tensor: before, stride }
      features[split] = { tensor: last, stride }
      const shared = sharedOperations(body.stridedPools)
      for (let cell = split; cell < plan.length; cell++) runCell(ctx, body, cell, features, shared)
      const pooled = tf.mean<tf.Tensor2D>(shared.relu(features[plan.length].tensor), [1, 2])
      return boxHead(ctx, pooled, config)
    },
  }
}

/**
 * Runs the whole detector on N×H×W×3 images in [−1, 1]. Boxes are in pixels of these images.
 */
export function detect(detector: FasterRcnn, ctx: Context, images: tf.Tensor4D): Detections[] {
  const { boxCoderWeights, classes, clipBoxes, output, proposals } = detector.config
  const imageSize = [images.shape[1], images.shape[2]] as const
  const features = detector.firstStage(ctx, images)
  const found = detector.propose(detector.proposalNetwork(ctx, features), imageSize, proposals.postNmsTopN)
  const boxes = tf.stack(found.map((proposal) => proposal.boxes)) as tf.Tensor3D
  const { logits, deltas } = detector.secondStage(ctx, features, boxes)
  const probabilities = tf.slice(tf.softmax(logits), [0, 1], [-1, classes])
  const ofImage = <T extends tf.Tensor>(x: T): T[] => tf.split(x, found.length, 0)
  const [scores, moves] = [ofImage(probabilities), ofImage(deltas)]
  return found.map((proposal, image) =>
    selectDetections(proposal, scores[image], moves[image], imageSize, {
      ...output,
      boxCoderWeights,
      clipBoxes,
    }),
  )
}

/** Maps of one stride, channels after channels. */
const joined = (maps: readonly FeatureMap[]): FeatureMap => ({
  tensor: tf.concat(
    maps.map(({ tensor }) => tensor),
    3,
  ),
  stride: maps[0].stride,
})
