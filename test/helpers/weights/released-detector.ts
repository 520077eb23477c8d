/** The parts of a detector, in the order of numbers of the Object Detection API. */
import * as tf from '@tensorflow/tfjs'
import { type Context, cropAndResize, type FasterRcnn } from '../../../models/index.js'

/** What the API is asked for before its detections, in the order of the toolkit. `images`: 1×H×W×3 in [−1, 1]. */
export function detectorParts(detector: FasterRcnn, ctx: Context, images: tf.Tensor4D) {
  const imageSize = [images.shape[1], images.shape[2]] as const
  const { crop } = detector.config.roiHeads
  const features = detector.firstStage(ctx, images)
  const rpn = detector.proposalNetwork(ctx, features)
  const [found] = detector.propose(rpn, imageSize, detector.config.proposals.postNmsTopN)
  const boxes = tf.expandDims(found.boxes, 0) as tf.Tensor3D
  const [previous, current] = features.maps
  const joined = tf.concat([previous.tensor, current.tensor], 3)
  const head = detector.secondStage(ctx, features, boxes)
  return {
    features: joined,
    objectness: rpn.objectness,
    encodings: rpn.deltas,
    proposals: found.boxes,
    valid: found.valid,
    crops: cropAndResize(joined, boxes, { crop, imageSize }),
    logits: head.logits,
    refined: head.deltas,
  }
}

/**
 * Rows of `order.length` numbers of each anchor, in the API's order of anchors: ratios in reverse. Number i of a row is
 * the toolkit's `order[i]`.
 */
export function releasedAnchors(
  data: ArrayLike<number>,
  order: readonly number[],
  { scales, ratios }: { scales: number; ratios: number },
): number[] {
  return Array.from({ length: data.length }, (_, i) => {
    const [row, place] = [Math.floor(i / order.length), i % order.length]
    const [cell, anchor] = [Math.floor(row / (scales * ratios)), row % (scales * ratios)]
    const [ratio, scale] = [Math.floor(anchor / scales), anchor % scales]
    const own = cell * scales * ratios + (ratios - 1 - ratio) * scales + scale
    return data[own * order.length + order[place]]
  })
}

/** Boxes or deltas with y before x. */
export const turned = (boxes: ArrayLike<number>): number[] =>
  Array.from(boxes, (_, i) => boxes[Math.floor(i / 4) * 4 + [1, 0, 3, 2][i % 4]])
