/** From the output of the first stage to proposals, and of the second stage to detections: decoding and suppression. */
import * as tf from '@tensorflow/tfjs'
import { type BoxCoderWeights, boxArea, clipBoxes, decodeBoxes } from './boxes.js'

/** The proposals of one image. */
export interface Proposals {
  /** K×4, [x1, y1, x2, y2] in pixels, the best first. */
  boxes: tf.Tensor2D
  /** K: 1, or 0 where fewer than K were found; such rows repeat another one. */
  valid: tf.Tensor1D
}

/** Non-maximum suppression of N boxes, padded to `count`: the indices that are kept (int32), and 1 where there is one. */
function suppress(
  boxes: tf.Tensor2D,
  scores: tf.Tensor1D,
  { count, iou, minScore }: { count: number; iou: number; minScore: number },
): { indices: tf.Tensor1D; valid: tf.Tensor1D } {
  // TensorFlow.js pads to no more than there are boxes.
  const found = Math.min(count, scores.size)
  const kept = tf.image.nonMaxSuppressionPadded(boxes, scores, found, iou, minScore, true)
  const places = tf.tensor1d(
    Array.from({ length: count }, (_, i) => i),
    'int32',
  )
  const valid = tf.cast(tf.less(places, kept.validOutputs as tf.Scalar), 'float32') as tf.Tensor1D
  const indices = kept.selectedIndices as tf.Tensor1D
  return { indices: found < count ? tf.pad1d(indices, [0, count - found]) : indices, valid }
}

/**
 * The proposals of one image: deltas applied to anchors, clipped to the image, the best `preNmsTopN` of
 * them enter the suppression, `postNmsTopN` are left. Boxes without area are dropped.
 *
 * @param scores of N anchors, in (0, 1)
 * @param deltas N×4, as {@link decodeBoxes} takes them
 */
export function proposeRegions(
  scores: tf.Tensor1D,
  deltas: tf.Tensor2D,
  anchors: tf.Tensor2D,
  imageSize: readonly [number, number],
  settings: { preNmsTopN: number; nmsIou: number; postNmsTopN: number; boxCoderWeights: BoxCoderWeights },
): Proposals {
  const { preNmsTopN, nmsIou, postNmsTopN, boxCoderWeights } = settings
  const best = tf.topk(scores, Math.min(preNmsTopN, scores.size))
  const boxes = clipBoxes(
    decodeBoxes(tf.gather(deltas, best.indices), tf.gather(anchors, best.indices), boxCoderWeights),
    imageSize,
  )
  const real = tf.cast(tf.greater(boxArea(boxes), 0), 'float32')
  const found = suppress(boxes, tf.mul(best.values, real), { count: postNmsTopN, iou: nmsIou, minScore: 0 })
  return { boxes: tf.gather(boxes, found.indices), valid: found.valid }
}

/** The detections of one image. */
export interface Detections {
  /** D×4, [x1, y1, x2, y2] in pixels. */
  boxes: tf.Tensor2D
  /** D, the highest first; 0 where fewer than D were found. */
  scores: tf.Tensor1D
  /** D class indices, int32. */
  classes: tf.Tensor1D
}

/**
 * The detections of one image: for each class, boxes that overlap a better one are dropped; the best `count` of all
 * classes together are kept.
 *
 * @param probabilities K×C, without the background
 * @param deltas K×C×4
 */
export function selectDetections(
  { boxes: proposals, valid }: Proposals,
  probabilities: tf.Tensor2D,
  deltas: tf.Tensor3D,
  imageSize: readonly [number, number],
  settings: { nmsIou: number; count: number; minScore: number; boxCoderWeights: BoxCoderWeights },
): Detections {
  const [regions, classes] = probabilities.shape
  const rows = regions * classes
  const repeated = tf.reshape(tf.tile(tf.expandDims(proposals, 1), [1, classes, 1]), [rows, 4])
  const boxes = clipBoxes(
    decodeBoxes(tf.reshape(deltas, [rows, 4]), repeated as tf.Tensor2D, settings.boxCoderWeights),
    imageSize,
  )
  const real = tf.cast(tf.greater(boxArea(boxes), 0), 'float32')
  const scores = tf.mul(tf.reshape(tf.mul(probabilities, tf.expandDims(valid, 1)), [rows]), real)
  const classOf = tf.tensor1d(
    Array.from({ length: rows }, (_, i) => i % classes),
    'int32',
  )
  // Boxes of different classes are moved apart, so that one suppression serves all classes (as batched_nms does).
  const classOffsets = tf.mul(tf.expandDims(tf.cast(classOf, 'float32'), 1), Math.max(...imageSize) + 1)
  const { count, nmsIou: iou, minScore } = settings
  const found = suppress(tf.add(boxes, classOffsets), scores as tf.Tensor1D, { count, iou, minScore })
  const { indices } = found
  return {
    boxes: tf.mul(tf.gather(boxes, indices), tf.expandDims(found.valid, 1)),
    scores: tf.mul(tf.gather(scores as tf.Tensor1D, indices), found.valid),
    classes: tf.mul(tf.gather(classOf, indices), tf.cast(found.valid, 'int32')) as tf.Tensor1D,
  }
}
