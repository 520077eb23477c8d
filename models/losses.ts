/** Losses of classifiers. */
import * as tf from '@tensorflow/tfjs'
import { withGradient } from './custom-gradient.js'

/**
 * Softmax cross entropy of each example, stable for logits of any size.
 *
 * @param logits N×classes.
 * @param labels N class indices, int32, in [0, classes).
 * @param labelSmoothing the fraction of the target that is spread evenly over all classes, in [0, 1).
 * @returns N losses, in nats.
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  labelSmoothing = 0,
): tf.Tensor1D {
  const classes = logits.shape[1]
  const target = tf.add(
    tf.mul(tf.cast(tf.oneHot(labels, classes), 'float32'), 1 - labelSmoothing),
    labelSmoothing / classes,
  )
  return withGradient<tf.Tensor1D>([logits], (save) => {
    const shifted = tf.sub(logits, tf.max(logits, 1, true))
    const exponentials = tf.exp(shifted)
    const sum = tf.sum(exponentials, 1, true)
    save([tf.sub(tf.div(exponentials, sum), target)])
    return {
      // The targets sum to 1, so the normaliser leaves the sum over classes.
      value: tf.sub(tf.squeeze(tf.log(sum), [1]), tf.sum(tf.mul(target, shifted), 1)),
      gradient: (dy, [difference]) => [tf.mul(difference, tf.expandDims(dy, 1))],
    }
  })
}

/**
 * A classifier's training loss, a scalar: mean cross entropy, plus that of the auxiliary head, if there is
 * one, times `auxiliaryWeight` (0.4 in the released recipes).
 */
export function classificationLoss(
  outputs: { logits: tf.Tensor2D; auxiliary?: tf.Tensor2D },
  labels: tf.Tensor1D,
  options: { labelSmoothing?: number; auxiliaryWeight?: number } = {},
): tf.Scalar {
  const { labelSmoothing = 0, auxiliaryWeight = 0.4 } = options
  const loss = tf.mean(softmaxCrossEntropy(outputs.logits, labels, labelSmoothing)) as tf.Scalar
  if (outputs.auxiliary === undefined) return loss
  const auxiliary = tf.mean(softmaxCrossEntropy(outputs.auxiliary, labels, labelSmoothing))
  return tf.add(loss, tf.mul(auxiliary, auxiliaryWeight))
}
