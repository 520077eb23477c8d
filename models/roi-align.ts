/**
 * RoI align (He et al. 2017, section 3): features of a box, sampled bilinearly on a fixed grid.
 *
 * The kernel `RoiAlign` {features N×H×W×C, boxes N×R×4}, {crop, samplingRatio, spatialScale} gives
 * N·R × crop × crop × C. An engine may have its own operation for it. Backends without it, and the gradient everywhere,
 * use two matrix products for each box, with the bilinear weights of rows and columns as matrices.
 */
import * as tf from '@tensorflow/tfjs'
import { type ComposedKernel, provideKernel } from './composed-kernel.js'
import { bilinearWeights, type CropWeights, cropByWeights, spreadByWeights } from './weighted-crops.js'

export interface RoiAlignSettings {
  /** Side of the grid that a box is divided into. */
  crop: number
  /** Sampled points along each side of a grid cell, whose value is their mean. */
  samplingRatio: number
  /** Feature cells per pixel. */
  spatialScale: number
}

/**
 * Crops `boxes` (N×R×4, [x1, y1, x2, y2] in pixels of image n) from `features` (N×H×W×C). Centres of pixels and features
 * are at halves, as in ONNX's `half_pixel` and torchvision's `aligned`. Points more than one cell outside are 0.
 * Differentiable with respect to the features, not to the boxes.
 *
 * @returns N·R × crop × crop × C, image by image
 */
export function roiAlign(features: tf.Tensor4D, boxes: tf.Tensor3D, settings: RoiAlignSettings): tf.Tensor4D {
  provideKernel('RoiAlign', composed)
  return tf.engine().runKernel('RoiAlign', { features, boxes }, { ...settings }) as tf.Tensor4D
}

tf.registerGradient({
  kernelName: 'RoiAlign',
  inputsToSave: ['features', 'boxes'],
  gradFunc: (dy, [features, boxes], attributes) => {
    const settings = attributes as unknown as RoiAlignSettings
    return {
      features: () => {
        const shape = features.shape as tf.Tensor4D['shape']
        const weights = weightsOf(boxes as tf.Tensor3D, [shape[1], shape[2]], settings)
        return spreadByWeights(dy as tf.Tensor4D, weights, shape)
      },
      boxes: () => {
        throw new Error('RoI align has no gradient for its boxes; pass them as constants')
      },
    }
  },
})

/** Bilinear weights of N·R boxes along both axes: [N·R, crop, H] and [N·R, crop, W]. */
function weightsOf(
  boxes: tf.Tensor3D,
  [height, width]: [number, number],
  { crop, samplingRatio, spatialScale }: RoiAlignSettings,
): CropWeights {
  const flat = tf.reshape(boxes, [boxes.shape[0] * boxes.shape[1], 4]) as tf.Tensor2D
  const scaled = tf.sub(tf.mul(flat, spatialScale), 0.5)
  const [x1, y1, x2, y2] = tf.split(scaled, 4, 1) as tf.Tensor2D[]
  const along = (from: tf.Tensor2D, to: tf.Tensor2D, length: number) => {
    const points = crop * samplingRatio
    const places = tf.tensor2d([Array.from({ length: points }, (_, i) => (i + 0.5) / points)])
    const position = tf.add(tf.mul(tf.sub(to, from), places), from)
    const inside = tf.logicalAnd(tf.greaterEqual(position, -1), tf.lessEqual(position, length))
    const clamped = tf.clipByValue(position, 0, length - 1)
    const weights = tf.mul(
      bilinearWeights(tf.expandDims(clamped, 2), length),
      tf.expandDims(tf.cast(inside, 'float32'), 2),
    )
    return tf.mean<tf.Tensor3D>(tf.reshape(weights, [-1, crop, samplingRatio, length]), 2)
  }
  return { rows: along(y1, y2, height), columns: along(x1, x2, width) }
}

const composed: ComposedKernel = ({ features, boxes }, settings) => {
  const { shape } = features as tf.Tensor4D
  const weights = weightsOf(
    boxes as tf.Tensor3D,
    [shape[1], shape[2]],
    settings as unknown as RoiAlignSettings,
  )
  return cropByWeights(features as tf.Tensor4D, weights)
}
