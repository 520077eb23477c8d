/**
 * Faster R-CNN on NASNet, as in `faster_rcnn_nas` of the TensorFlow Object Detection API: the backbone up to its
 * second reduction runs once for an image, a region proposal network reads the outputs of the last two cells there,
 * and the rest of the backbone runs on the features cropped for each proposal.
 */
import * as tf from '@tensorflow/tfjs'
import { anchorsOf, anchorsPerCell } from './anchors.js'
import type { FeatureMap } from './cell.js'
import type { Context } from './context.js'
import { cropAndResize } from './crop-and-resize.js'
import { stopGradient } from './custom-gradient.js'
import type { ModelError } from './errors.js'
import { checkAnchors, type FasterRcnnConfig } from './faster-rcnn-config.js'
import { dense } from './layers.js'
import { cellPlan, runCell, stemConvolution } from './nasnet.js'
import type { NasnetConfig } from './nasnet-config.js'
import { sharedOperations } from './operations.js'
import { type Detections, type Proposals, proposeRegions, selectDetections } from './proposals.js'
import { roiAlign } from './roi-align.js'

/** The features of N images. */
export interface FirstStage {
  /** [height, width] of the images in pixels. */
  imageSize: readonly [number, number]
  /** Outputs of the last two cells before the second reduction, at the same stride. */
  previous: FeatureMap
  current: FeatureMap
}

/** What the region proposal network computes for N images of A anchors each. */
export interface RpnOutput {
  /** A×4 in pixels, the same for every image. */
  anchors: tf.Tensor2D
  /** N×A×2 logits: background, object. */
  objectness: tf.Tensor3D
  /** N×A×4, from each anchor to a box, as `encodeBoxes` defines them. */
  deltas: tf.Tensor3D
}

/** What the second stage computes for R boxes, C classes and S spare ones. */
export interface BoxHeadOutput {
  /** R×(1 + C + S) logits: the background, the classes, the spare ones. */
  logits: tf.Tensor2D
  /** R×C×4, from each box to a better one for each class. */
  deltas: tf.Tensor3D
}

/** The parts of a detector, as functions of a context and tensors. */
export interface FasterRcnn {
  config: FasterRcnnConfig
  /** N×H×W×3 images in [−1, 1]. */
  firstStage(ctx: Context, images: tf.Tensor4D): FirstStage
  proposalNetwork(ctx: Context, features: FirstStage): RpnOutput
  /**
   * The proposals of each image, `postNmsTopN` rows each, of images of [height, width] pixels. No gradient flows through
   * them. `training`: with `clipAnchors`, anchors that cross the edge are dropped instead of clipped. Default: false.
   */
  propose(
    output: RpnOutput,
    imageSize: readonly [number, number],
    postNmsTopN: number,
    training?: boolean,
  ): Proposals[]
  /** The second stage on N×R boxes in pixels. Its output has N·R rows, image by image. */
  secondStage(ctx: Context, features: FirstStage, boxes: tf.Tensor3D): BoxHeadOutput
}

/** Standard deviation of the proposal network's initial weights, as in the released config. */
const PROPOSAL_DEVIATION = 0.01

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
  const { anchors: anchorSettings, boxCoderWeights, proposals, roiHeads } = config
  checkAnchors(anchorSettings)

  return {
    config,
    firstStage(ctx, images) {
      const shared = sharedOperations(body.stridedPools)
      const features = [stemConvolution(ctx.in('stem'), images, body)]
      for (let cell = 0; cell < split; cell++) runCell(ctx, body, cell, features, shared)
      return {
        imageSize: [images.shape[1], images.shape[2]],
        previous: features[split - 1],
        current: features[split],
      }
    },

    proposalNetwork(ctx, { previous, current }) {
      const joined = tf.concat([previous.tensor, current.tensor], 3)
      const activation = config.rpnActivation === 'relu6' ? tf.relu6 : tf.relu
      const hidden = activation(biased(ctx.in('rpn/convolution'), joined, 3, proposals.filters))
      const perCell = anchorsPerCell(anchorSettings)
      const [n, height, width] = joined.shape
      const anchors = anchorsOf(anchorSettings, current.stride, [height, width])
      const rows = anchors.length / 4
      return {
        anchors: tf.tensor2d(anchors, [rows, 4]),
        objectness: tf.reshape(biased(ctx.in('rpn/objectness'), hidden, 1, 2 * perCell), [n, rows, 2]),
        deltas: tf.reshape(biased(ctx.in('rpn/boxes'), hidden, 1, 4 * perCell), [n, rows, 4]),
      }
    },

    propose({ anchors, objectness, deltas }, imageSize, postNmsTopN, training = false) {
      const scores = tf.slice(tf.softmax(stopGradient(objectness)), [0, 0, 1], [-1, -1, 1])
      const constants = tf.unstack(stopGradient(deltas)) as tf.Tensor2D[]
      const { preNmsTopN, nmsIou, clipAnchors } = proposals
      return tf.unstack(tf.squeeze<tf.Tensor2D>(scores, [2])).map((score, image) =>
        proposeRegions(score as tf.Tensor1D, constants[image], anchors, imageSize, {
          preNmsTopN,
          nmsIou,
          postNmsTopN,
          boxCoderWeights,
          clipBoxes: config.clipBoxes,
          ...(clipAnchors && { crossingAnchors: training ? 'drop' : 'clip' }),
        }),
      )
    },

    secondStage(ctx, { imageSize, previous, current }, boxes) {
      const widths = [previous.tensor.shape[3], current.tensor.shape[3]]
      const { crop, cropping, samplingRatio } = roiHeads
      const { stride } = current
      const joined = tf.concat([previous.tensor, current.tensor], 3)
      const crops =
        cropping === 'crop-and-resize'
          ? cropAndResize(joined, boxes, { crop, imageSize })
          : roiAlign(joined, boxes, { crop, samplingRatio, spatialScale: 1 / stride })
      const features: FeatureMap[] = []
      const [before, last] = tf.split<tf.Tensor4D>(crops, widths, 3)
      features[split - 1] = { tensor: before, stride }
      features[split] = { tensor: last, stride }
      const shared = sharedOperations(body.stridedPools)
      for (let cell = split; cell < plan.length; cell++) runCell(ctx, body, cell, features, shared)
      const pooled = tf.mean<tf.Tensor2D>(shared.relu(features[plan.length].tensor), [1, 2])
      const { classes } = config
      return {
        logits: dense(ctx.in('regions/classes'), pooled, 1 + classes + (roiHeads.spareClasses ?? 0)),
        deltas: tf.reshape(dense(ctx.in('regions/boxes'), pooled, 4 * classes), [-1, classes, 4]),
      }
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

/** A convolution with bias; parameters `kernel` and `bias`. */
function biased(ctx: Context, x: tf.Tensor4D, size: number, filters: number): tf.Tensor4D {
  const fanIn = size * size * x.shape[3]
  const kernel = ctx.parameter(
    'kernel',
    [size, size, x.shape[3], filters],
    { kind: 'varianceScaling', scale: PROPOSAL_DEVIATION ** 2 * fanIn, fanIn },
    'weight',
  ) as tf.Tensor4D
  const bias = ctx.parameter('bias', [filters], { kind: 'constant', value: 0 }, 'bias')
  return tf.add(tf.conv2d(x, kernel, 1, 'same'), bias)
}
