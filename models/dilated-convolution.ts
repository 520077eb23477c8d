/** Dilated convolution with a stride, and with a gradient, which TensorFlow.js's own does not have. */
import * as tf from '@tensorflow/tfjs'
import { withGradient } from './custom-gradient.js'

/**
 * Convolution of N×H×W×C with an odd kernel whose taps are `dilation` pixels apart, padding `SAME`. The stride is 1 or
 * equals the dilation. In the second case all pixels that are used lie on one grid, so that it is a plain convolution on
 * every `dilation`-th pixel. Throws an error for other strides.
 */
export function dilatedConvolution(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  stride: number,
  dilation: number,
): tf.Tensor4D {
  if (stride === 1) return unstrided(x, kernel, dilation)
  if (stride !== dilation)
    throw new Error(`The stride of a dilated convolution must be 1 or ${dilation}, not ${stride}.`)
  return tf.conv2d(sampledGrid(x, kernel.shape, stride), kernel, 1, 'same')
}

/** The pixels under the middle tap of a strided `SAME` convolution, one for each pixel of its output. */
function sampledGrid(x: tf.Tensor4D, [height, width]: number[], stride: number): tf.Tensor4D {
  const first = (length: number, taps: number) => {
    const reach = (taps - 1) * stride
    const padding = Math.max((Math.ceil(length / stride) - 1) * stride + reach + 1 - length, 0)
    return reach / 2 - Math.floor(padding / 2)
  }
  const start = [0, first(x.shape[1], height), first(x.shape[2], width), 0]
  return tf.avgPool(tf.slice(x, start, [-1, -1, -1, -1]), 1, stride, 'valid')
}

function unstrided(x: tf.Tensor4D, kernel: tf.Tensor4D, dilation: number): tf.Tensor4D {
  return withGradient([x, kernel], (save) => {
    save([x, kernel])
    return {
      value: tf.conv2d(x, kernel, 1, 'same', 'NHWC', dilation),
      gradient: (dy, saved) => {
        const [x, kernel] = saved as tf.Tensor4D[]
        return [inputGradient(dy, kernel, dilation), kernelGradient(dy, x, kernel, dilation)]
      },
    }
  })
}

/** The padding of an odd kernel is symmetric, so the gradient is the same convolution with the kernel rotated by 180°. */
function inputGradient(dy: tf.Tensor4D, kernel: tf.Tensor4D, dilation: number): tf.Tensor4D {
  const rotated = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
  return tf.conv2d(dy, rotated, 1, 'same', 'NHWC', dilation)
}

/** Each tap is a 1×1 convolution of the shifted input, and has the gradient of that. */
function kernelGradient(dy: tf.Tensor4D, x: tf.Tensor4D, kernel: tf.Tensor4D, dilation: number): tf.Tensor4D {
  const [rows, columns, channels, filters] = kernel.shape
  const [, height, width] = x.shape
  const [above, beside] = [((rows - 1) / 2) * dilation, ((columns - 1) / 2) * dilation]
  const padded = tf.pad(x, [
    [0, 0],
    [above, above],
    [beside, beside],
    [0, 0],
  ])
  const taps: tf.Tensor4D[] = []
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const shifted = tf.slice(padded, [0, row * dilation, column * dilation, 0], [-1, height, width, -1])
      taps.push(
        tf
          .engine()
          .runKernel(
            'Conv2DBackpropFilter',
            { x: shifted, dy },
            { strides: [1, 1], pad: 'valid', dataFormat: 'NHWC', filterShape: [1, 1, channels, filters] },
          ),
      )
    }
  return tf.reshape(tf.concat(taps, 0), kernel.shape)
}
