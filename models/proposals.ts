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
 * anchors that cross the image's edge; by default nothing. `anchorsPerMap`: how many of the anchors each feature map has, in
 * their order; each map has its own best `preNmsTopN` and suppression, and the best of all are left, as torchvision's
 * `RegionProposalNetwork` does. Default: one map; with `after-nms`, which leaves boxes boundless, there is no other.
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
    anchorsPerMap?: readonly number[]
  },
): Proposals {
  const { preNmsTopN, nmsIou, postNmsTopN, boxCoderWeights, crossingAnchors } = settings
  const { anchorsPerMap = [scores.size] } = settings
  const references = crossingAnchors === 'clip' ? clipBoxes(anchors, imageSize) : anchors
  let eligible = scores
  if (crossingAnchors === 'clip') eligible = tf.mul(scores, hasArea(references))
  if (crossingAnchors === 'drop') eligible = tf.mul(scores, insideImage(anchors, imageSize))
  const best = bestOfEachMap(eligible, anchorsPerMap, preNmsTopN)
  const decoded = decodeBoxes(
    tf.gather(deltas, best.indices),
    tf.gather(references, best.indices),
    boxCoderWeights,
  )
  const limits = { count: postNmsTopN, iou: nmsIou, minScore: 0 }
  if (settings.clipBoxes === 'after-nms') {
    const found = suppress(decoded, best.scores, limits)
    const boxes = clipBoxes(tf.gather(decoded, found.indices), imageSize)
    return { boxes, valid: tf.mul(found.valid, hasArea(boxes)) }
  }
  const boxes = clipBoxes(decoded, imageSize)
  const apart = apartByIndex(boxes, best.maps, imageSize)
  const found = suppress(apart, tf.mul(best.scores, hasArea(boxes)), limits)
  return { boxes: tf.gather(boxes, found.indices), valid: found.valid }
}

/** The `most` highest scores of each map, their indices among all, and, of several maps, the map's number of each. */
function bestOfEachMap(
  scores: tf.Tensor1D,
  anchorsPerMap: readonly number[],
  most: number,
): { scores: tf.Tensor1D; indices: tf.Tensor1D; maps?: tf.Tensor1D } {
  if (anchorsPerMap.length === 1) {
    const { values, indices } = tf.topk(scores, Math.min(most, scores.size))
    return { scores: values as tf.Tensor1D, indices: indices as tf.Tensor1D }
  }
  let first = 0
  const best = anchorsPerMap.map((anchors) => {
    const { values, indices } = tf.topk(tf.slice1d(scores, first, anchors), Math.min(most, anchors))
    const among = tf.add<tf.Tensor1D>(indices, tf.scalar(first, 'int32'))
    first += anchors
    return { scores: values as tf.Tensor1D, indices: among }
  })
  return {
    scores: tf.concat1d(best.map(({ scores }) => scores)),
    indices: tf.concat1d(best.map(({ indices }) => indices)),
    maps: tf.tensor1d(best.flatMap(({ scores }, map) => new Array(scores.size).fill(map))),
  }
}

/**
 * Boxes moved by their index, so that those of different indices do not overlap and one suppression serves all (as
 * torchvision's `batched_nms` does). Without indices: as they are.
 */
function apartByIndex(
  boxes: tf.Tensor2D,
  indices: tf.Tensor1D | undefined,
  imageSize: readonly [number, number],
): tf.Tensor2D {
  if (indices === undefined) return boxes
  return tf.add(boxes, tf.mul(tf.expandDims(indices, 1), Math.max(...imageSize) + 1))
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
  const { count, nmsIou: iou, minScore } = settings
  const apart = apartByIndex(boxes, tf.cast(classOf, 'float32') as tf.Tensor1D, imageSize)
  const found = suppress(apart, scores as tf.Tensor1D, { count, iou, minScore })
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
