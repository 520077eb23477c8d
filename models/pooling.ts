/** Pooling with padding `SAME`, and enlargement. Padding does not count, unless pools with a stride are to be another library's. */
import * as tf from '@tensorflow/tfjs'
import { withGradient } from './custom-gradient.js'
import type { StridedPools } from './nasnet-config.js'

/** Max pool of N×H×W×C. With `keras` and a stride, the padding counts as zeros. */
export function maxPool(
  x: tf.Tensor4D,
  size: number,
  stride: number,
  pools: StridedPools = 'slim',
): tf.Tensor4D {
  const largest = tf.maxPool(x, size, stride, 'same')
  return stride > 1 && pools === 'keras' ? tf.maximum(largest, paddingOf(x, size, stride)) : largest
}

/**
 * Average pool of N×H×W×C. With `keras` or `timm` and a stride, the padding counts as zeros.
 *
 * TensorFlow.js averages correctly at the edges, but its gradient divides by the whole window there. So this has its own
 * gradient: the gradient of each output is divided by the number of pixels that it averages, and then distributed by
 * kernels without padding, which are correct.
 */
export function averagePool(
  x: tf.Tensor4D,
  size: number,
  stride: number,
  pools: StridedPools = 'slim',
): tf.Tensor4D {
  if (stride > 1 && pools !== 'slim') return tf.avgPool(padded(x, size, stride), size, stride, 'valid')
  return withGradient([x], (save) => {
    save([x])
    return {
      value: tf.avgPool(x, size, stride, 'same'),
      gradient: (dy, [x]) => [gradient(dy, x as tf.Tensor4D, size, stride)],
    }
  })
}

/**
 * Nearest-neighbour enlargement: every pixel becomes a block of `factor` × `factor` equal pixels. With a convolution of
 * stride 1 after it, it avoids the checkerboard of a transposed convolution (Odena et al., "Deconvolution and Checkerboard
 * Artifacts", 2016).
 */
export function enlarge(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [, height, width] = x.shape
  return withGradient([x], () => ({
    value: tf.image.resizeNearestNeighbor(x, [height * factor, width * factor]),
    // The sum over each block, as an average pool, which every engine has.
    gradient: (dy) => [tf.mul(tf.avgPool(dy, factor, factor, 'valid'), factor * factor)],
  }))
}

/**
 * 0 for each window that reaches into the padding, −∞ for all others; 1×height×width×1. Maxima of `x` within zeros would
 * say the same, but optimizers of ONNX graphs take such zeros for the padding of the max pool behind them, which is −∞.
 */
function paddingOf(x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D {
  const [, height, width] = x.shape
  const [rows, columns] = [height, width].map((length) => windows(length, size, stride).counts)
  const least = rows.flatMap((row) => columns.map((column) => (row * column < size * size ? 0 : -Infinity)))
  return tf.tensor4d(least, [1, rows.length, columns.length, 1])
}

/** `x` within the zeros that padding `SAME` puts around it. */
function padded(x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D {
  const [, height, width] = x.shape
  const [rows, columns] = [height, width].map((length) => windows(length, size, stride).padding)
  return tf.pad(x, [[0, 0], rows, columns, [0, 0]])
}

function gradient(dy: tf.Tensor4D, x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D {
  const [, height, width] = x.shape
  const rows = windows(height, size, stride)
  const columns = windows(width, size, stride)
  const count = tf.tensor4d(
    rows.counts.flatMap((row) => columns.counts.map((column) => row * column)),
    [1, rows.counts.length, columns.counts.length, 1],
  )
  // With stride 1 and an odd window, pixel i is in the window of output j exactly if j is in the window of i.
  if (stride === 1 && size % 2 === 1) return tf.mul(tf.avgPool(tf.div(dy, count), size, 1, 'same'), count)
  const spread = tf
    .engine()
    .runKernel<tf.Tensor4D>(
      'AvgPoolGrad',
      { dy: tf.mul(dy, tf.div(size * size, count)), input: padded(x, size, stride) },
      { filterSize: [size, size], strides: [stride, stride], pad: 'valid' },
    )
  return tf.slice(spread, [0, rows.padding[0], columns.padding[0], 0], [-1, height, width, -1])
}

/** Along one axis: TensorFlow's `SAME` padding, and the number of pixels in each window. */
function windows(length: number, size: number, stride: number) {
  const outputs = Math.ceil(length / stride)
  const total = Math.max((outputs - 1) * stride + size - length, 0)
  const before = Math.floor(total / 2)
  const counts = Array.from({ length: outputs }, (_, output) => {
    const start = output * stride - before
    return Math.min(start + size, length) - Math.max(start, 0)
  })
  return { counts, padding: [before, total - before] as [number, number] }
}
