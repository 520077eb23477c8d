/** From the output of the first stage to proposals, and of the second stage to detections: decoding and suppression. */
import * as tf from '@tensorflow/tfjs'
import { type BoxCoderWeights, boxArea, clipBoxes, decodeBoxes, insideImage } from './boxes.js'
import { suppressByClass } from './suppression.js'

/** The proposals of one image. */
export interface Proposals {
  /** K×4, [x1, y1, x2, y2] in pixels, the best first. */
  boxes: tf.Tensor2D
  /** K: 1, or 0 for rows that are none: where fewer than K were found, or the box lies outside of the image. */
  valid: tf.Tensor1D
}

/** When boxes are clipped to the image. Default: `before-nms`. */
export type ClipBoxes = 'before-nms' | 'after-nms'

/** 1 for boxes that have an area. */
const hasArea = (boxes: tf.Tensor2D): tf.Tensor1D =>
  tf.cast(tf.greater(boxArea(boxes), 0), 'float32') as tf.Tensor1D

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
 * them enter the suppression, `postNmsTopN` are left. Boxes without area are dropped. `crossingAnchors`: what becomes of
 * anchors that cross the image's edge; by default nothing.
 *
 * @param scores of N anchors, in (0, 1)
 * @param deltas N×4, as {@link decodeBoxes} takes them
 */
export function proposeRegions(
  scores: tf.Tensor1D,
  deltas: tf.Tensor2D,
  anchors: tf.Tensor2D,
  imageSize: readonly [number, number],
  settings: {
    preNmsTopN: number
    nmsIou: number
    postNmsTopN: number
    boxCoderWeights: BoxCoderWeights
    clipBoxes?: ClipBoxes
    crossingAnchors?: 'clip' | 'drop'
  },
): Proposals {
  const { preNmsTopN, nmsIou, postNmsTopN, boxCoderWeights, crossingAnchors } = settings
  const references = crossingAnchors === 'clip' ? clipBoxes(anchors, imageSize) : anchors
  let eligible = scores
  if (crossingAnchors === 'clip') eligible = tf.mul(scores, hasArea(references))
  if (crossingAnchors === 'drop') eligible = tf.mul(scores, insideImage(anchors, imageSize))
  const best = tf.topk(eligible, Math.min(preNmsTopN, scores.size))
  const decoded = decodeBoxes(
    tf.gather(deltas, best.indices),
    tf.gather(references, best.indices),
    boxCoderWeights,
  )
  const limits = { count: postNmsTopN, iou: nmsIou, minScore: 0 }
  if (settings.clipBoxes === 'after-nms') {
    const found = suppress(decoded, best.values, limits)
    const boxes = clipBoxes(tf.gather(decoded, found.indices), imageSize)
    return { boxes, valid: tf.mul(found.valid, hasArea(boxes)) }
  }
  const boxes = clipBoxes(decoded, imageSize)
  const found = suppress(boxes, tf.mul(best.values, hasArea(boxes)), limits)
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
  settings: {
    nmsIou: number
    count: number
    minScore: number
    boxCoderWeights: BoxCoderWeights
    clipBoxes?: ClipBoxes
  },
): Detections {
  const [regions, classes] = probabilities.shape
  const rows = regions * classes
  const repeated = tf.reshape(tf.tile(tf.expandDims(proposals, 1), [1, classes, 1]), [rows, 4])
  const decoded = decodeBoxes(
    tf.reshape(deltas, [rows, 4]),
    repeated as tf.Tensor2D,
    settings.boxCoderWeights,
  )
  const boxes = clipBoxes(decoded, imageSize)
  const real = hasArea(boxes)
  const ofProposals = tf.mul(probabilities, tf.expandDims(valid, 1)) as tf.Tensor2D
  const classOf = tf.tensor1d(
    Array.from({ length: rows }, (_, i) => i % classes),
    'int32',
  )
  if (settings.clipBoxes === 'after-nms') {
    const kept = keptOfEachClass(tf.reshape(decoded, [regions, classes, 4]), ofProposals, settings)
    const scores = tf.mul(tf.mul(tf.reshape(ofProposals, [rows]), tf.reshape(kept, [rows])), real)
    return bestOf({ boxes, scores: scores as tf.Tensor1D, classes: classOf }, settings.count)
  }
  const scores = tf.mul(tf.reshape(ofProposals, [rows]), real)
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

/** K×C: 1 where the suppression among the boxes of a class, K×C×4, keeps one. */
function keptOfEachClass(
  boxes: tf.Tensor3D,
  scores: tf.Tensor2D,
  { nmsIou, count, minScore }: { nmsIou: number; count: number; minScore: number },
): tf.Tensor2D {
  const kept = suppressByClass(tf.transpose(boxes, [1, 0, 2]), tf.transpose(scores), {
    count,
    iou: nmsIou,
    minScore,
  })
  return tf.transpose(kept)
}

/** The `count` rows with the highest scores; rows with score 0 become zeros, and fill up what is missing. */
function bestOf({ boxes, scores, classes }: Detections, count: number): Detections {
  const found = Math.min(count, scores.size)
  const best = tf.topk(scores, found)
  const real = tf.greater(best.values, 0)
  const missing: [number, number] = [0, count - found]
  return {
    boxes: tf.pad(tf.mul(tf.gather(boxes, best.indices), tf.expandDims(tf.cast(real, 'float32'), 1)), [
      missing,
      [0, 0],
    ]),
    scores: tf.pad(best.values as tf.Tensor1D, [missing]),
    classes: tf.pad(tf.mul(tf.gather(classes, best.indices), tf.cast(real, 'int32')) as tf.Tensor1D, [
      missing,
    ]),
  }
}
