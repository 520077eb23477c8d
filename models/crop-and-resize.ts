/**
 * Crops as TensorFlow's `crop_and_resize` cuts them: features of a box, sampled bilinearly from corner to corner.
 *
 * The kernel `SampleBilinear` {features N×H×W×C, rows N×R×S, columns N×R×S} gives N·R × S × S × C: for each crop the
 * features at its rows and columns, which are positions in cells, counted from the centre of the first; features outside
 * of the map are 0. An engine may have its own operation for it. Backends without it, and the gradient everywhere, use
 * matrix products.
 */
import * as tf from '@tensorflow/tfjs'
import { type ComposedKernel, provideKernel } from './composed-kernel.js'
import { bilinearWeights, type CropWeights, cropByWeights, spreadByWeights } from './weighted-crops.js'

export interface CropAndResizeSettings {
  /** Samples along each side of a crop. */
  crop: number
  /** [height, width] in pixels of the images that the boxes lie on. */
  imageSize: readonly [number, number]
}

/** A position so far outside that no feature is near it. */
const OUTSIDE = -10

/**
 * Crops `boxes` (N×R×4, [x1, y1, x2, y2] in pixels of image n) from `features` (N×H×W×C). The image's edges are the
 * centres of the first and the last features: sample i of S lies at y1 (H − 1) + i (y2 − y1) (H − 1) / (S − 1), with y1 and
 * y2 as parts of the image's height; a single sample lies in the middle. Samples outside of [0, H − 1] are 0. The
 * operations are those of TensorFlow one by one, since for boxes that end at the edge rounding decides which samples lie
 * outside. Differentiable with respect to the features, not to the boxes.
 *
 * @returns N·R × crop × crop × C, image by image
 */
export function cropAndResize(
  features: tf.Tensor4D,
  boxes: tf.Tensor3D,
  { crop, imageSize: [height, width] }: CropAndResizeSettings,
): tf.Tensor4D {
  const [x1, y1, x2, y2] = tf.split(
    tf.mul(boxes, tf.tensor3d([[[1 / width, 1 / height, 1 / width, 1 / height]]])),
    4,
    2,
  ) as tf.Tensor3D[]
  const rows = positions(y1, y2, features.shape[1], crop)
  const columns = positions(x1, x2, features.shape[2], crop)
  provideKernel('SampleBilinear', composed)
  return tf.engine().runKernel('SampleBilinear', { features, rows, columns }) as tf.Tensor4D
}

/** Where N×R×1 sides from `from` to `to`, parts of the image's, are sampled along `length` features: N×R×crop. */
function positions(from: tf.Tensor3D, to: tf.Tensor3D, length: number, crop: number): tf.Tensor {
  const last = length - 1
  const steps = tf.tensor3d([[Array.from({ length: crop }, (_, i) => i)]])
  const sampled =
    crop === 1
      ? tf.mul(tf.mul(tf.add(from, to), 0.5), last)
      : tf.add(tf.mul(from, last), tf.mul(steps, tf.div(tf.mul(tf.sub(to, from), last), crop - 1)))
  const inside = tf.logicalAnd(tf.greaterEqual(sampled, 0), tf.lessEqual(sampled, last))
  return tf.where(inside, sampled, tf.fill(sampled.shape, OUTSIDE))
}

tf.registerGradient({
  kernelName: 'SampleBilinear',
  inputsToSave: ['features', 'rows', 'columns'],
  gradFunc: (dy, [features, rows, columns]) => {
    const shape = features.shape as tf.Tensor4D['shape']
    const refuse = () => {
      throw new Error('Crop and resize has no gradient for its boxes; pass them as constants')
    }
    return {
      features: () => spreadByWeights(dy as tf.Tensor4D, weightsOf(shape, rows, columns), shape),
      rows: refuse,
      columns: refuse,
    }
  },
})

function weightsOf(
  [, height, width]: tf.Tensor4D['shape'],
  rows: tf.Tensor,
  columns: tf.Tensor,
): CropWeights {
  const along = (places: tf.Tensor, length: number) => {
    const [n, crops, side] = places.shape
    return bilinearWeights(tf.reshape(places, [n * crops, side, 1]), length)
  }
  return { rows: along(rows, height), columns: along(columns, width) }
}

const composed: ComposedKernel = ({ features, rows, columns }) =>
  cropByWeights(features as tf.Tensor4D, weightsOf(features.shape as tf.Tensor4D['shape'], rows, columns))
