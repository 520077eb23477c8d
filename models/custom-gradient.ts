import * as tf from '@tensorflow/tfjs'

/**
 * `tf.customGrad` with types. `forward` computes a value from `inputs` (whose operations are not recorded
 * for differentiation), hands what the gradient will need to `save`, and gives the gradient: one tensor for
 * each input.
 */
export function withGradient<T extends tf.Tensor>(
  inputs: tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => {
    value: T
    gradient: (dy: T, saved: tf.Tensor[]) => tf.Tensor[]
  },
): T {
  const apply = tf.customGrad((...args) => {
    const save = args[args.length - 1] as (tensors: tf.Tensor[]) => void
    const { value, gradient } = forward(save)
    return { value, gradFunc: (dy, saved) => gradient(dy as T, saved) }
  })
  return apply(...inputs) as T
}

/**
 * `x`, through which no gradient flows. TensorFlow.js has no such operation, and one whose gradient is zero would
 * still ask everything behind it for gradients: so this is the same data under a new name, which no tape knows.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const engine = tf.engine()
  engine.backend.incRef(x.dataId)
  const { dataId, shape, dtype } = x
  return engine.makeTensorFromTensorInfo({ dataId, shape, dtype }) as T
}
