/** Labels in pairs: of mixed images, and with weights of classes, as tensors of a step and in its loss. */
import * as tf from '@tensorflow/tfjs'
import { softmaxCrossEntropy } from '../../../models/index.js'
import type { Tensors, Tracer } from '../../engine/index.js'
import type { PairedLabels } from '../images/mix.js'
import { hasPairs, type RunConfig } from './config.js'

/** {@link PairedLabels} as tensors of N numbers. */
export interface PairTensors {
  weights: tf.Tensor1D
  otherLabels: tf.Tensor1D
  otherWeights: tf.Tensor1D
}

/** Declares them as inputs of the graph, where the config has them. */
export const pairInputs = (config: RunConfig, input: Tracer['input']): Partial<PairTensors> => {
  const shape = [config.batchSize]
  return hasPairs(config)
    ? {
        weights: input('weights', shape) as tf.Tensor1D,
        otherLabels: input('otherLabels', shape, 'int32') as tf.Tensor1D,
        otherWeights: input('otherWeights', shape) as tf.Tensor1D,
      }
    : {}
}

/** Their values for a graph. */
export function pairValues(pairs: PairedLabels | undefined): Tensors {
  if (pairs === undefined) return {}
  const { weights, otherLabels, otherWeights } = pairs
  const shape = [weights.length]
  return {
    weights: { type: 'float32', shape, data: weights },
    otherLabels: { type: 'int32', shape, data: otherLabels },
    otherWeights: { type: 'float32', shape, data: otherWeights },
  }
}

/** Their values for a step that runs eagerly. */
export const pairTensors = (pairs: PairedLabels | undefined): Partial<PairTensors> =>
  pairs === undefined
    ? {}
    : {
        weights: tf.tensor1d(pairs.weights),
        otherLabels: tf.tensor1d(pairs.otherLabels, 'int32'),
        otherWeights: tf.tensor1d(pairs.otherWeights),
      }

/** The loss of labels in pairs: the mean over the images of weight · loss(label) + otherWeight · loss(otherLabel). */
export function pairLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  { weights, otherLabels, otherWeights }: PairTensors,
  labelSmoothing: number,
): tf.Scalar {
  const own = tf.mul(softmaxCrossEntropy(logits, labels, labelSmoothing), weights)
  const other = tf.mul(softmaxCrossEntropy(logits, otherLabels, labelSmoothing), otherWeights)
  return tf.mean(tf.add(own, other)) as tf.Scalar
}

/** How many images are classified as one of their labels, each counted by the share that this label has. */
export function pairCorrect(
  predicted: tf.Tensor1D,
  labels: tf.Tensor1D,
  { weights, otherLabels, otherWeights }: PairTensors,
): tf.Scalar {
  const hit = (of: tf.Tensor1D, share: tf.Tensor1D) =>
    tf.mul(tf.cast(tf.equal(predicted, of), 'float32'), share)
  const hits = tf.add(hit(labels, weights), hit(otherLabels, otherWeights))
  return tf.sum(tf.div(hits, tf.add(weights, otherWeights))) as tf.Scalar
}
