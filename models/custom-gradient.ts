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

/** `x`, through which no gradient flows. */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return withGradient<T>([x], () => ({ value: tf.clone(x), gradient: (dy) => [tf.zerosLike(dy)] }))
}
