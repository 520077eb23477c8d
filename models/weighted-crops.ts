/**
 * Crops whose every number is a sum of features weighted by row and by column: bilinear samples on a grid. Two matrix
 * products for each box, and their transpose for the gradient.
 */
import * as tf from '@tensorflow/tfjs'

/** Weights of N·R boxes along both axes of H×W features, for crops of S×S. */
export interface CropWeights {
  /** N·R × S × H. */
  rows: tf.Tensor3D
  /** N·R × S × W. */
  columns: tf.Tensor3D
}

/** Bilinear weights of `length` features in a line at positions P×S×1, where feature i lies at i: P×S×length. */
export function bilinearWeights(positions: tf.Tensor, length: number): tf.Tensor3D {
  const cells = tf.tensor3d([[Array.from({ length }, (_, i) => i)]])
  return tf.relu(tf.sub(1, tf.abs(tf.sub(positions, cells)))) as tf.Tensor3D
}

/**
 * Repeats the column weights of a box for each of its rows. The backends of TensorFlow.js disagree on products that
 * broadcast an inner axis, so they are repeated explicitly.
 */
function forEachRow(columns: tf.Tensor3D): tf.Tensor4D {
  return tf.tile(tf.expandDims(columns, 1), [1, columns.shape[1], 1, 1])
}

/** The crops of N×H×W×C features, R of each image: N·R × S × S × C. */
export function cropByWeights(features: tf.Tensor4D, { rows, columns }: CropWeights): tf.Tensor4D {
  const [n, height, width, channels] = features.shape
  const [crops, side] = rows.shape
  const strips = tf.matMul(
    tf.reshape(rows, [n, (crops / n) * side, height]),
    tf.reshape(features, [n, height, width * channels]),
  )
  return tf.matMul(forEachRow(columns), tf.reshape(strips, [crops, side, width, channels])) as tf.Tensor4D
}

/**
 * The transpose of {@link cropByWeights}: adds the gradient `dy` of every crop, N·R × S × S × C, to the features that it
 * came from, [N, H, W, C].
 */
export function spreadByWeights(
  dy: tf.Tensor4D,
  { rows, columns }: CropWeights,
  [n, height, width, channels]: tf.Tensor4D['shape'],
): tf.Tensor4D {
  const [crops, side] = rows.shape
  const strips = tf.matMul(forEachRow(columns), dy, true)
  const sums = tf.matMul(
    tf.reshape(rows, [n, (crops / n) * side, height]),
    tf.reshape(strips, [n, (crops / n) * side, width * channels]),
    true,
  )
  return tf.reshape(sums, [n, height, width, channels])
}
