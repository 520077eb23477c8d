/**
 * RoI align on the levels of a pyramid: each box is cropped from the level that fits its size (Lin et al. 2017, section 4.2).
 *
 * Shapes are fixed, so it is not known how many boxes a level has. All levels lie side by side in one map, an atlas, in
 * which each box has its place. Every level is surrounded by a copy of its edge: a box that ends within the image has no
 * sampling point farther than half a feature outside of its level, and there RoI align repeats the edge. So a crop of the
 * atlas equals that of the level alone, border included, and costs one operation.
 */
import * as tf from '@tensorflow/tfjs'
import type { FeatureMap } from './cell.js'
import { roiAlign } from './roi-align.js'

export interface PyramidAlignSettings {
  /** Side of the grid that a box is divided into. */
  crop: number
  /** Sampled points along each side of a grid cell, whose value is their mean. */
  samplingRatio: number
  /** [height, width] in pixels of the images that the boxes lie on. Boxes are clipped to it. */
  imageSize: readonly [number, number]
  /** Side in pixels of the smallest boxes that are cropped from stride 16; in the paper 224. */
  canonicalSize: number
}

/** 2⁴, of the level k₀ = 4 in equation 1. */
const CANONICAL_STRIDE = 16

/** Added to levels before they are rounded down, as torchvision does. */
const EPSILON = 1e-6

/**
 * Crops N×R boxes, [x1, y1, x2, y2] in pixels of image n, from `levels`, the finest first, each of twice the stride of the
 * one before. Differentiable with respect to the features, not to the boxes.
 *
 * @returns N·R × crop × crop × C, image by image
 */
export function pyramidAlign(
  levels: readonly FeatureMap[],
  boxes: tf.Tensor3D,
  { crop, samplingRatio, imageSize: [height, width], canonicalSize }: PyramidAlignSettings,
): tf.Tensor4D {
  const clipped = tf.maximum(tf.minimum(boxes, tf.tensor3d([[[width, height, width, height]]])), 0)
  const strides = levels.map(({ stride }) => stride)
  const level = pyramidLevels(clipped as tf.Tensor3D, strides, canonicalSize)
  const { map, corners } = atlasOf(levels.map(({ tensor }) => tensor))
  const scales = tf.gather(tf.tensor2d(strides.map((stride) => [1 / stride])), level)
  const moves = tf.gather(tf.tensor2d(corners.map(([x, y]) => [x, y, x, y])), level)
  const placed = tf.add<tf.Tensor3D>(tf.mul(clipped, scales), moves)
  return roiAlign(map, placed, { crop, samplingRatio, spatialScale: 1 })
}

/**
 * Equation 1: the level, as an index into `strides`, that each of N×R boxes is cropped from; N×R, int32. Boxes too small
 * or too large for all take the first or the last.
 */
export function pyramidLevels(
  boxes: tf.Tensor3D,
  strides: readonly number[],
  canonicalSize: number,
): tf.Tensor2D {
  const [x1, y1, x2, y2] = tf.split(boxes, 4, 2)
  const areas = tf.mul(tf.sub(x2, x1), tf.sub(y2, y1))
  // ⌊4 + log₂(√area / canonicalSize) + ε⌋ ≥ log₂(stride)
  const least = strides
    .slice(1)
    .map((stride) => ((canonicalSize * stride) / CANONICAL_STRIDE / 2 ** EPSILON) ** 2)
  const reached = tf.cast(tf.greaterEqual(areas, tf.tensor3d([[least]])), 'float32')
  return tf.cast(tf.sum(reached, 2), 'int32') as tf.Tensor2D
}

/** The levels in one map: the finest on top, the others side by side below it. `corners`: [x, y] of each one's first feature. */
function atlasOf(levels: readonly tf.Tensor4D[]): { map: tf.Tensor4D; corners: [number, number][] } {
  const [finest, ...coarser] = levels.map(withEdges)
  const corners: [number, number][] = [[1, 1]]
  let right = 0
  for (const { shape } of coarser) {
    corners.push([right + 1, finest.shape[1] + 1])
    right += shape[2]
  }
  const width = Math.max(finest.shape[2], right)
  const below = coarser.map((x) => padded(x, coarser[0].shape[1], x.shape[2]))
  const rows = [finest, ...(below.length > 0 ? [tf.concat(below, 2)] : [])]
  return {
    map: tf.concat(
      rows.map((x) => padded(x, x.shape[1], width)),
      1,
    ),
    corners,
  }
}

/** N×H×W×C within a copy of its first and last rows and columns: N × H+2 × W+2 × C. */
function withEdges(x: tf.Tensor4D): tf.Tensor4D {
  return [1, 2].reduce((x, axis) => {
    const line = (at: number) => {
      const [begin, size] = [
        [0, 0, 0, 0],
        [-1, -1, -1, -1],
      ]
      begin[axis] = at
      size[axis] = 1
      return tf.slice(x, begin as [number, number, number, number], size as [number, number, number, number])
    }
    return tf.concat([line(0), x, line(x.shape[axis] - 1)], axis)
  }, x)
}

/** Zeros below and to the right. */
function padded(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [below, right] = [height - x.shape[1], width - x.shape[2]]
  if (below === 0 && right === 0) return x
  return tf.pad(x, [
    [0, 0],
    [0, below],
    [0, right],
    [0, 0],
  ])
}
