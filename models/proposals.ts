/** From the first stage's answers to proposals, and from the second stage's to detections: decoding and suppression. */
import * as tf from '@tensorflow/tfjs'
import { type BoxScale, boxArea, clipBoxes, decodeBoxes } from './boxes.js'

export interface Proposals {
  /** K×4, [x1, y1, x2, y2] in pixels, the best first. */
  boxes: tf.Tensor2D
  /** K: 1, and 0 where fewer than K were found; such rows repeat another. */
  valid: tf.Tensor1D
}

/** What a suppression keeps of N boxes, padded to `count`: indices (int32), and 1 where there is one. */
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
 * The proposals of one image: offsets applied to anchors, cut at the image's edges, the best `candidates` of
 * them suppressed by overlap, `kept` left. Boxes without area are none.
 *
 * @param scores of N anchors, in (0, 1)
 * @param offsets N×4, as {@link decodeBoxes} takes them
 */
export function proposeRegions(
  scores: tf.Tensor1D,
  offsets: tf.Tensor2D,
  anchors: tf.Tensor2D,
  imageSize: readonly [number, number],
  settings: { candidates: number; nmsIou: number; kept: number; boxScale: BoxScale },
): Proposals {
  const { candidates, nmsIou, kept, boxScale } = settings
  const best = tf.topk(scores, Math.min(candidates, scores.size))
  const boxes = clipBoxes(
    decodeBoxes(tf.gather(offsets, best.indices), tf.gather(anchors, best.indices), boxScale),
    imageSize,
  )
  const real = tf.cast(tf.greater(boxArea(boxes), 0), 'float32')
  const found = suppress(boxes, tf.mul(best.values, real), { count: kept, iou: nmsIou, minScore: 0 })
  return { boxes: tf.gather(boxes, found.indices), valid: found.valid }
}

export interface Detections {
  /** D×4, [x1, y1, x2, y2] in pixels. */
  boxes: tf.Tensor2D
  /** D, the highest first; 0 where fewer than D were found. */
  scores: tf.Tensor1D
  /** D class indices, int32. */
  classes: tf.Tensor1D
}

/**
 * The detections of one image: per class, boxes that overlap a better one are dropped; of all classes together
 * the best `count` stay.
 *
 * @param probabilities K×C, the background left out
 * @param offsets K×C×4
 */
export function selectDetections(
  { boxes: proposals, valid }: Proposals,
  probabilities: tf.Tensor2D,
  offsets: tf.Tensor3D,
  imageSize: readonly [number, number],
  settings: { nmsIou: number; count: number; minScore: number; boxScale: BoxScale },
): Detections {
  const [regions, classes] = probabilities.shape
  const rows = regions * classes
  const repeated = tf.reshape(tf.tile(tf.expandDims(proposals, 1), [1, classes, 1]), [rows, 4])
  const boxes = clipBoxes(
    decodeBoxes(tf.reshape(offsets, [rows, 4]), repeated as tf.Tensor2D, settings.boxScale),
    imageSize,
  )
  const real = tf.cast(tf.greater(boxArea(boxes), 0), 'float32')
  const scores = tf.mul(tf.reshape(tf.mul(probabilities, tf.expandDims(valid, 1)), [rows]), real)
  const classOf = tf.tensor1d(
    Array.from({ length: rows }, (_, i) => i % classes),
    'int32',
  )
  // Each class on an island of its own: one suppression keeps them apart, and ranks them together.
  const islands = tf.mul(tf.expandDims(tf.cast(classOf, 'float32'), 1), Math.max(...imageSize) + 1)
  const { count, nmsIou: iou, minScore } = settings
  const found = suppress(tf.add(boxes, islands), scores as tf.Tensor1D, { count, iou, minScore })
  const { indices } = found
  return {
    boxes: tf.mul(tf.gather(boxes, indices), tf.expandDims(found.valid, 1)),
    scores: tf.mul(tf.gather(scores as tf.Tensor1D, indices), found.valid),
    classes: tf.mul(tf.gather(classOf, indices), tf.cast(found.valid, 'int32')) as tf.Tensor1D,
  }
}
