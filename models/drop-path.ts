/** ScheduledDropPath (Zoph et al. 2018, section 3.2 and appendix A). */
import * as tf from '@tensorflow/tfjs'
import type { Context } from './context.js'

/**
 * In training, drops the whole path for some examples, and divides it by the keep probability for the others. The keep
 * probability falls linearly over the training, from 1 to `keep`.
 *
 * @param x N×H×W×C, one path of a cell.
 * @param keep the cell's keep probability at the end of training, in (0, 1]; see {@link keepAtCell}.
 */
export function dropPath(ctx: Context, x: tf.Tensor4D, keep: number): tf.Tensor4D {
  if (!ctx.training || keep === 1) return x
  const keepNow = tf.sub(1, tf.mul(ctx.progress, 1 - keep))
  const kept = tf.floor(tf.add(ctx.uniform('drop_path', [x.shape[0], 1, 1, 1]), keepNow))
  return tf.mul(x, tf.div(kept, keepNow))
}

/** The keep probability of cell `cell` (from 0) of `cells`: linear in depth, `target` at the last. */
export function keepAtCell(target: number, cell: number, cells: number): number {
  return 1 - ((cell + 1) / cells) * (1 - target)
}
