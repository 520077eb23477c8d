/** Pooling with padding `SAME`; averages do not count the padding. And its opposite, enlargement. */
import * as tf from '@tensorflow/tfjs'
import { withGradient } from './custom-gradient.js'

export function maxPool(x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D {
  return tf.maxPool(x, size, stride, 'same')
}

/**
 * Average pool. TensorFlow.js averages rightly at the edges, but its gradient divides by the whole window
 * there too; so the gradient is our own: each output's share is divided by the pixels it really averaged,
 * and the rest is asked in forms without padding, where there is no doubt.
 */
export function averagePool(x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D {
  return withGradient([x], (save) => {
    save([x])
    return {
      value: tf.avgPool(x, size, stride, 'same'),
      gradient: (dy, [x]) => [gradient(dy, x as tf.Tensor4D, size, stride)],
    }
  })
}

/**
 * Nearest-neighbour enlargement: every pixel becomes a block of `factor` × `factor` equal ones. Before a convolution
 * of stride 1 it leaves none of a transposed convolution's checkerboard (Odena et al., "Deconvolution and Checkerboard
 * Artifacts", 2016).
 */
export function enlarge(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [, height, width] = x.shape
  return withGradient([x], () => ({
    value: tf.image.resizeNearestNeighbor(x, [height * factor, width * factor]),
    // The sum over each block, as a pool that engines know.
    gradient: (dy) => [tf.mul(tf.avgPool(dy, factor, factor, 'valid'), factor * factor)],
  }))
}

function gradient(dy: tf.Tensor4D, x: tf.Tensor4D, size: number, stride: number): tf.Tensor4D {
  const [, height, width] = x.shape
  const rows = windows(height, size, stride)
  const columns = windows(width, size, stride)
  const count = tf.tensor4d(
    rows.counts.flatMap((row) => columns.counts.map((column) => row * column)),
    [1, rows.counts.length, columns.counts.length, 1],
  )
  // With stride 1 and an odd window, pixel i is averaged into output j exactly if j's window holds i.
  if (stride === 1 && size % 2 === 1) return tf.mul(tf.avgPool(tf.div(dy, count), size, 1, 'same'), count)
  const padded = tf.pad(x, [[0, 0], rows.padding, columns.padding, [0, 0]])
  const spread = tf
    .engine()
    .runKernel<tf.Tensor4D>(
      'AvgPoolGrad',
      { dy: tf.mul(dy, tf.div(size * size, count)), input: padded },
      { filterSize: [size, size], strides: [stride, stride], pad: 'valid' },
    )
  return tf.slice(spread, [0, rows.padding[0], columns.padding[0], 0], [-1, height, width, -1])
}

/** Along one axis: TensorFlow's `SAME` padding, and how many pixels each window holds. */
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
