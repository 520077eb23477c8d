/** What the parts of a Faster R-CNN take and give, whatever it is built of. */
import type * as tf from '@tensorflow/tfjs'
import type { FeatureMap } from './cell.js'
import type { Context } from './context.js'
import type { FasterRcnnConfig } from './faster-rcnn-config.js'
import type { Proposals } from './proposals.js'

/** The features of N images. */
export interface FirstStage {
  /** [height, width] of the images in pixels. */
  imageSize: readonly [number, number]
  /**
   * Of a pyramid: its levels, the finest first. Otherwise: the outputs of the last two cells before the second reduction,
   * at the same stride.
   */
  maps: readonly FeatureMap[]
  /** Of a pyramid with skip pooling: the backbone's last features, after a ReLU. */
  last?: FeatureMap
}

/** What the region proposal network computes for N images of A anchors each. */
export interface RpnOutput {
  /** A×4 in pixels, the same for every image. */
  anchors: tf.Tensor2D
  /** How many of the A anchors each feature map has, in their order. */
  anchorsPerMap: readonly number[]
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
