/**
 * Non-maximum suppression of the boxes of many classes, each class by itself.
 *
 * The kernel `SuppressByClass` {boxes C×K×4, scores C×K}, {count, iou, minScore} gives C×K: 1 for the boxes that are kept.
 * An engine may have its own operation for it; backends without it suppress class by class.
 */
import * as tf from '@tensorflow/tfjs'
import { type ComposedKernel, provideKernel } from './composed-kernel.js'

/**
 * Which of K boxes of each of C classes are kept, C×K: 1 for the best of its class and for those that overlap no better
 * one that is kept by more than `iou`, at most `count` of a class, and only with scores above `minScore`.
 *
 * @param boxes C×K×4, two opposite corners
 * @param scores C×K
 */
export function suppressByClass(
  boxes: tf.Tensor3D,
  scores: tf.Tensor2D,
  settings: { count: number; iou: number; minScore: number },
): tf.Tensor2D {
  provideKernel('SuppressByClass', composed)
  return tf.engine().runKernel('SuppressByClass', { boxes, scores }, { ...settings }) as tf.Tensor2D
}

const composed: ComposedKernel = ({ boxes, scores }, settings) => {
  const { count, iou, minScore } = settings as { count: number; iou: number; minScore: number }
  const [classes, rows] = scores.shape
  const [boxesOf, scoresOf] = [tf.unstack(boxes), tf.unstack(scores)]
  const kept = new Float32Array(classes * rows)
  for (let c = 0; c < classes; c++) {
    const ofClass = [boxesOf[c] as tf.Tensor2D, scoresOf[c] as tf.Tensor1D] as const
    for (const row of tf.image.nonMaxSuppression(...ofClass, count, iou, minScore).dataSync())
      kept[c * rows + row] = 1
  }
  return tf.tensor2d(kept, [classes, rows])
}
