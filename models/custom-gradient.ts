import * as tf from '@tensorflow/tfjs'

/**
 * `tf.customGrad` with types. `forward` computes a value from `inputs`, without recording its operations for
 * differentiation, passes the tensors that the gradient needs to `save`, and returns the gradient: a function that gives
 * one tensor for each input.
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
 * `x` without a gradient. TensorFlow.js has no such operation, and one whose gradient is zero would still compute
 * gradients for everything before it. So this returns the same data as a new tensor that is on no tape.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const engine = tf.engine()
  engine.backend.incRef(x.dataId)
  const { dataId, shape, dtype } = x
  return engine.makeTensorFromTensorInfo({ dataId, shape, dtype }) as T
}
