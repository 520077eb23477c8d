/** Boxes as rows [x1, y1, x2, y2] in pixels: areas, overlaps, and the deltas from one box to another. */
import * as tf from '@tensorflow/tfjs'

/** Factors of the deltas of centre x and y, width and height, as torchvision's `BoxCoder` has them. */
export type BoxCoderWeights = readonly [number, number, number, number]

/** Largest width or height of a decoded box, in widths or heights of its anchor. It keeps exp finite. */
const MAX_GROWTH = 1000 / 16

/** The four columns of N×4 boxes, each N×1. */
const columns = (boxes: tf.Tensor2D) => tf.split<tf.Tensor2D>(boxes, 4, 1)

/** N areas. */
export function boxArea(boxes: tf.Tensor2D): tf.Tensor1D {
  const [x1, y1, x2, y2] = columns(boxes)
  return tf.squeeze(tf.mul(tf.sub(x2, x1), tf.sub(y2, y1)), [1])
}

/** N×M areas of the intersection of each of `a` with each of `b`. */
function intersections(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const [ax1, ay1, ax2, ay2] = columns(a)
  const [bx1, by1, bx2, by2] = columns(b).map((column) => tf.reshape(column, [1, column.size]))
  const width = tf.relu(tf.sub(tf.minimum(ax2, bx2), tf.maximum(ax1, bx1)))
  const height = tf.relu(tf.sub(tf.minimum(ay2, by2), tf.maximum(ay1, by1)))
  return tf.mul(width, height)
}

/** x / y, and 0 where y is 0. */
const ratio = (x: tf.Tensor2D, y: tf.Tensor): tf.Tensor2D => tf.div(x, tf.maximum(y, 1e-12))

/** Intersection over union of each of N boxes `a` with each of M boxes `b`, N×M; 0 where neither has an area. */
export function boxIou(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  const both = intersections(a, b)
  const areas = tf.add(tf.expandDims(boxArea(a), 1), tf.expandDims(boxArea(b), 0))
  return ratio(both, tf.sub(areas, both))
}

/** The part of each of N boxes `a` that lies in each of M boxes `b`, N×M; 0 for boxes without area. */
export function intersectionOverArea(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  return ratio(intersections(a, b), tf.expandDims(boxArea(a), 1))
}

/** Boxes cut at the edges of an image of [height, width] pixels. */
export function clipBoxes(boxes: tf.Tensor2D, [height, width]: readonly [number, number]): tf.Tensor2D {
  return tf.maximum(tf.minimum(boxes, tf.tensor2d([[width, height, width, height]])), 0)
}

/** 1 for boxes that lie entirely inside an image of [height, width] pixels. */
export function insideImage(boxes: tf.Tensor2D, [height, width]: readonly [number, number]): tf.Tensor1D {
  const within = tf.logicalAnd(
    tf.greaterEqual(boxes, 0),
    tf.lessEqual(boxes, tf.tensor2d([[width, height, width, height]])),
  )
  return tf.cast(tf.all(within, 1), 'float32') as tf.Tensor1D
}

/** Centre x and y, width and height, each N×1. */
function centred(boxes: tf.Tensor2D): tf.Tensor2D[] {
  const [x1, y1, x2, y2] = columns(boxes)
  const width: tf.Tensor2D = tf.sub(x2, x1)
  const height: tf.Tensor2D = tf.sub(y2, y1)
  return [tf.add(x1, tf.mul(width, 0.5)), tf.add(y1, tf.mul(height, 0.5)), width, height]
}

/**
 * The deltas that turn anchors into boxes, N×4: the distance of the centres in widths and heights of the anchor, and
 * the logarithms of the ratios of the sides (Girshick et al. 2014, appendix C), times `weights`. Boxes must have an
 * area.
 */
export function encodeBoxes(boxes: tf.Tensor2D, anchors: tf.Tensor2D, weights: BoxCoderWeights): tf.Tensor2D {
  const [x, y, width, height] = centred(boxes)
  const [anchorX, anchorY, anchorWidth, anchorHeight] = centred(anchors)
  const deltas = [
    tf.div(tf.sub(x, anchorX), anchorWidth),
    tf.div(tf.sub(y, anchorY), anchorHeight),
    tf.log(tf.div(width, anchorWidth)),
    tf.log(tf.div(height, anchorHeight)),
  ]
  return tf.mul(tf.concat2d(deltas as tf.Tensor2D[], 1), tf.tensor2d([[...weights]]))
}

/** The inverse of {@link encodeBoxes}; growth beyond 62.5 times is cut. */
export function decodeBoxes(
  deltas: tf.Tensor2D,
  anchors: tf.Tensor2D,
  weights: BoxCoderWeights,
): tf.Tensor2D {
  const [dx, dy, dw, dh] = columns(tf.div(deltas, tf.tensor2d([[...weights]])))
  const [anchorX, anchorY, anchorWidth, anchorHeight] = centred(anchors)
  const grown = (d: tf.Tensor2D) => tf.exp(tf.minimum(d, Math.log(MAX_GROWTH)))
  const x = tf.add(tf.mul(dx, anchorWidth), anchorX)
  const y = tf.add(tf.mul(dy, anchorHeight), anchorY)
  const halfWidth = tf.mul(tf.mul(grown(dw), anchorWidth), 0.5)
  const halfHeight = tf.mul(tf.mul(grown(dh), anchorHeight), 0.5)
  const corners = [
    tf.sub(x, halfWidth),
    tf.sub(y, halfHeight),
    tf.add(x, halfWidth),
    tf.add(y, halfHeight),
  ] as tf.Tensor2D[]
  return tf.concat2d(corners, 1)
}

/** Huber's loss with δ = 1 of each difference: quadratic up to 1, linear beyond (Girshick 2015, equation 3). */
export function smoothL1<T extends tf.Tensor>(difference: T): T {
  const size = tf.abs(difference)
  const near = tf.minimum(size, 1)
  return tf.mul(near, tf.sub(size, tf.mul(near, 0.5)))
}
