/**
 * Kernels of the toolkit's own. The engine has a lowering of each; other backends run a form composed of TensorFlow.js's
 * operations.
 */
import * as tf from '@tensorflow/tfjs'

/** Computes a kernel's outputs from its inputs by name, and its attributes. */
export type ComposedKernel = (
  inputs: Record<string, tf.Tensor>,
  attributes: tf.NamedAttrMap,
) => tf.Tensor | tf.Tensor[]

/** Registers the composed form of a kernel for the current backend, unless the backend has the kernel already. */
export function provideKernel(kernelName: string, composed: ComposedKernel): void {
  const backendName = tf.getBackend()
  if (tf.getKernel(kernelName, backendName) !== undefined) return
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => composed(inputs as Record<string, tf.Tensor>, (attrs ?? {}) as tf.NamedAttrMap)),
  })
}
