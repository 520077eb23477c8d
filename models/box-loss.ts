/** How far predicted boxes are from the objects that they stand for: the box losses of both stages. */
import * as tf from '@tensorflow/tfjs'
import { type BoxCoderWeights, boxArea, decodeBoxes, encodeBoxes, smoothL1 } from './boxes.js'
import { stopGradient } from './custom-gradient.js'
import type { BoxLoss } from './faster-rcnn-config.js'

/** Keeps divisors above 0, as torchvision's losses do. */
const EPSILON = 1e-7

type Columns = [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]
const columns = (boxes: tf.Tensor2D): Columns => tf.split<tf.Tensor2D>(boxes, 4, 1) as Columns

/** Width and height of the smallest box around each pair. */
function hull(a: tf.Tensor2D, b: tf.Tensor2D): [tf.Tensor1D, tf.Tensor1D] {
  const [ax1, ay1, ax2, ay2] = columns(a)
  const [bx1, by1, bx2, by2] = columns(b)
  const span = (low: tf.Tensor, high: tf.Tensor): tf.Tensor1D => tf.squeeze(tf.sub(high, low), [1])
  return [span(tf.minimum(ax1, bx1), tf.maximum(ax2, bx2)), span(tf.minimum(ay1, by1), tf.maximum(ay2, by2))]
}

/** Areas of the union of each of N pairs of boxes, and intersection over union. */
function pairedIou(a: tf.Tensor2D, b: tf.Tensor2D): { union: tf.Tensor1D; iou: tf.Tensor1D } {
  const [ax1, ay1, ax2, ay2] = columns(a)
  const [bx1, by1, bx2, by2] = columns(b)
  const width = tf.relu(tf.sub(tf.minimum(ax2, bx2), tf.maximum(ax1, bx1)))
  const height = tf.relu(tf.sub(tf.minimum(ay2, by2), tf.maximum(ay1, by1)))
  const common: tf.Tensor1D = tf.squeeze(tf.mul(width, height), [1])
  const union = tf.sub(tf.add(boxArea(a), boxArea(b)), common) as tf.Tensor1D
  return { union, iou: tf.div(common, tf.add(union, EPSILON)) }
}

/**
 * 1 − GIoU of each of N pairs of boxes (N×4, pixels), in [0, 2] (Rezatofighi et al. 2019): 1 − IoU, plus the part of the
 * smallest box around both that belongs to neither. As torchvision's `generalized_box_iou_loss`.
 */
export function giouLoss(boxes: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  const { union, iou } = pairedIou(boxes, targets)
  const [width, height] = hull(boxes, targets)
  const around = tf.mul(width, height)
  const empty = tf.div(tf.sub(around, union), tf.add(around, EPSILON))
  return tf.add(tf.sub(1, iou), empty)
}

/**
 * 1 − CIoU of each of N pairs of boxes (N×4, pixels; targets have an area) (Zheng et al. 2020): 1 − IoU, plus the squared
 * distance of the centres in diagonals of the smallest box around both, plus a penalty for another aspect ratio. As
 * torchvision's `complete_box_iou_loss`, in which the penalty's weight has no gradient.
 */
export function ciouLoss(boxes: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  const { iou } = pairedIou(boxes, targets)
  const [width, height] = hull(boxes, targets)
  const squares = (x: tf.Tensor, y: tf.Tensor) => tf.add(tf.square(x), tf.square(y))
  const [ax1, ay1, ax2, ay2] = columns(boxes)
  const [bx1, by1, bx2, by2] = columns(targets)
  const doubled = (a1: tf.Tensor, a2: tf.Tensor, b1: tf.Tensor, b2: tf.Tensor) =>
    tf.sub(tf.add(a1, a2), tf.add(b1, b2))
  const centres = tf.mul(squares(doubled(ax1, ax2, bx1, bx2), doubled(ay1, ay2, by1, by2)), 0.25)
  const apart = tf.div(tf.squeeze(centres, [1]), tf.add(squares(width, height), EPSILON))
  const shape = (x1: tf.Tensor, y1: tf.Tensor, x2: tf.Tensor, y2: tf.Tensor) =>
    tf.atan(tf.div(tf.sub(x2, x1), tf.maximum(tf.sub(y2, y1), EPSILON)))
  const turned = tf.square(tf.sub(shape(bx1, by1, bx2, by2), shape(ax1, ay1, ax2, ay2)))
  const aspect = tf.mul(tf.squeeze(turned, [1]), 4 / Math.PI ** 2)
  const weight = stopGradient(tf.div(aspect, tf.add(tf.add(tf.sub(1, iou), aspect), EPSILON)))
  return tf.add(tf.add(tf.sub(1, iou), apart), tf.mul(weight, aspect))
}

/**
 * The loss of each of N boxes.
 *
 * @param deltas N×4, predicted, from `anchors`
 * @param anchors N×4, anchors or proposals with an area, in pixels
 * @param targets N×4, the objects that they are matched to, with an area, in pixels
 */
export function boxLosses(
  kind: BoxLoss,
  deltas: tf.Tensor2D,
  { anchors, targets, weights }: { anchors: tf.Tensor2D; targets: tf.Tensor2D; weights: BoxCoderWeights },
): tf.Tensor1D {
  if (kind === 'smooth-l1') return tf.sum(smoothL1(tf.sub(deltas, encodeBoxes(targets, anchors, weights))), 1)
  const boxes = decodeBoxes(deltas, anchors, weights)
  return kind === 'giou' ? giouLoss(boxes, targets) : ciouLoss(boxes, targets)
}
