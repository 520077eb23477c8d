/** The last layers of a detector's second stage: which class a proposal shows, and where. */
import * as tf from '@tensorflow/tfjs'
import type { Context } from './context.js'
import type { FasterRcnnConfig } from './faster-rcnn-config.js'
import type { BoxHeadOutput } from './faster-rcnn-types.js'
import { dense } from './layers.js'

/** The answers about R proposals, from R×C features of them. Parameters lie below `regions/classes` and `regions/boxes`. */
export function boxHead(
  ctx: Context,
  features: tf.Tensor2D,
  { classes, roiHeads }: Pick<FasterRcnnConfig, 'classes' | 'roiHeads'>,
): BoxHeadOutput {
  const { spareClasses = 0, classAgnostic = false } = roiHeads
  const boxes = classAgnostic ? 1 : classes
  // Parameters lie in the order in which they are taken, which checkpoints hold: the classes first.
  const logits = dense(ctx.in('regions/classes'), features, 1 + classes + spareClasses)
  const deltas = tf.reshape<tf.Rank.R3>(dense(ctx.in('regions/boxes'), features, 4 * boxes), [-1, boxes, 4])
  return { logits, deltas: classAgnostic ? tf.mul(deltas, tf.ones([1, classes, 1])) : deltas }
}
