/**
 * Batch normalisation over N, H and W, as TensorFlow's fused form.
 *
 * In training, forward and backward pass are one kernel each, so that an engine can run them with few passes over
 * memory:
 * `BatchNormTrain`     {x, scale, offset}, {epsilon} → [y, mean, variance (biased)]
 * `BatchNormTrainGrad` {dy, x, scale, mean, variance}, {epsilon} → [dx, dscale, doffset]
 * A backend without these kernels gets the implementations below, which are composed of ordinary operations.
 */
import * as tf from '@tensorflow/tfjs'
import { type ComposedKernel, provideKernel } from './composed-kernel.js'
import type { Context, ParameterSpec } from './context.js'
import { withGradient } from './custom-gradient.js'
import type { BatchNormSettings } from './nasnet-config.js'

/** Normalises N×H×W×C per channel, in training by the statistics of the batch, otherwise by the moving ones. */
export function batchNorm(ctx: Context, x: tf.Tensor4D, settings: BatchNormSettings): tf.Tensor4D {
  const perChannel = (name: string, start: number, role: ParameterSpec['role']) =>
    ctx.parameter(name, [x.shape[3]], { kind: 'constant', value: start }, role) as tf.Tensor1D
  const trained = settings.frozen ? 'statistic' : 'bias'
  const scale = perChannel('gamma', 1, trained)
  const offset = perChannel('beta', 0, trained)
  const movingMean = perChannel('moving_mean', 0, 'statistic')
  const movingVariance = perChannel('moving_variance', 1, 'statistic')
  const { decay, epsilon } = settings
  if (!ctx.training) return tf.batchNorm(x, movingMean, movingVariance, offset, scale, epsilon)
  if (settings.frozen)
    return withGradient<tf.Tensor4D>([x], () => ({
      value: tf.batchNorm(x, movingMean, movingVariance, offset, scale, epsilon),
      // TensorFlow.js's own gradient would broadcast the factor to a whole tensor.
      gradient: (dy) => [tf.mul(dy, tf.mul(scale, tf.rsqrt(tf.add(movingVariance, epsilon))))],
    }))

  const [y, mean, variance] = batchNormTrain(x, scale, offset, epsilon)
  const count = x.size / x.shape[3]
  // TensorFlow keeps the unbiased variance for inference while it normalises by the biased one.
  const unbiased = count > 1 ? count / (count - 1) : 1
  ctx.update('moving_mean', mean, decay, 1 - decay)
  ctx.update('moving_variance', variance, decay, (1 - decay) * unbiased)
  return y
}

/**
 * y = (x − mean) / √(variance + epsilon) · scale + offset, and the batch's mean and biased variance, [C].
 * Gradients flow through y alone.
 */
export function batchNormTrain(
  x: tf.Tensor4D,
  scale: tf.Tensor1D,
  offset: tf.Tensor1D,
  epsilon: number,
): [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D] {
  provideKernel('BatchNormTrain', forward)
  provideKernel('BatchNormTrainGrad', backward)
  return tf.engine().runKernel<tf.Tensor[]>('BatchNormTrain', { x, scale, offset }, { epsilon }) as [
    tf.Tensor4D,
    tf.Tensor1D,
    tf.Tensor1D,
  ]
}

tf.registerGradient({
  kernelName: 'BatchNormTrain',
  inputsToSave: ['x', 'scale'],
  outputsToSave: [false, true, true],
  gradFunc: (dys, [x, scale, mean, variance], attrs) => {
    const [dy] = dys as tf.Tensor[]
    const [dx, dscale, doffset] = tf
      .engine()
      .runKernel<tf.Tensor[]>('BatchNormTrainGrad', { dy, x, scale, mean, variance }, { ...attrs })
    return { x: () => dx, scale: () => dscale, offset: () => doffset }
  },
})

const forward: ComposedKernel = ({ x, scale, offset }, attributes) => {
  const { mean, variance } = tf.moments(x, [0, 1, 2])
  const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, attributes.epsilon as number)))
  return [tf.add(tf.mul(tf.sub(x, mean), factor), offset), mean, variance]
}

const backward: ComposedKernel = ({ dy, x, scale, mean, variance }, attributes) => {
  const inverse = tf.rsqrt(tf.add(variance, attributes.epsilon as number))
  const normalised = tf.mul(tf.sub(x, mean), inverse)
  const dscale = tf.sum(tf.mul(dy, normalised), [0, 1, 2])
  const doffset = tf.sum(dy, [0, 1, 2])
  const count = x.size / x.shape[x.rank - 1]
  const common = tf.div(tf.add(doffset, tf.mul(normalised, dscale)), count)
  return [tf.mul(tf.sub(dy, common), tf.mul(scale, inverse)), dscale, doffset]
}
