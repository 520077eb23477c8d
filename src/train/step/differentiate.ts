/** A network's loss over flat state vectors: its gradient, its metrics, and the statistics after it. */
import * as tf from '@tensorflow/tfjs'
import type { Context } from '../../../models/index.js'
import { type Asked, contextOver } from './contexts.js'
import { type FlatLayout, flatten, unflatten } from './flat-state.js'
import { splitNoise } from './noise.js'
import type { ParameterSlot } from './step-types.js'

export type StateTensors = Record<string, tf.Tensor1D>

/** What a network is asked for: the loss to differentiate, and metrics to report beside it. */
export interface Loss<F extends Record<string, tf.Scalar>> {
  loss: tf.Scalar
  metrics: F
}

export interface Differentiated<F> {
  /** In the layout of the vector `parameters`. */
  gradient: tf.Tensor1D
  metrics: F
  /** The vector `statistics` after this pass. */
  statistics: tf.Tensor1D
}

/**
 * Runs `lossOf` in training, with the parameters and statistics of `state` and with `noise` (all that the network
 * asks for, in its order), and differentiates its loss.
 */
export function differentiate<F extends Record<string, tf.Scalar>>(
  lossOf: (ctx: Context) => Loss<F>,
  { asked, layout }: { asked: Asked; layout: FlatLayout },
  state: StateTensors,
  { progress, noise }: { progress: tf.Scalar; noise?: tf.Tensor1D },
): Differentiated<F> {
  const trained = layout.slots.filter((slot) => slot.vector === 'parameters')
  const moving = layout.slots.filter((slot) => slot.vector === 'statistics')
  const statistics = new Map(unflatten(state.statistics, moving).map((tensor, i) => [moving[i].path, tensor]))
  const draws = splitNoise(asked, noise)
  const updates = new Map<string, StatisticUpdate>()
  // An eager backend would drop what the loss alone does not need when its differentiation ends.
  const kept: tf.Tensor[] = []
  let metrics: F | undefined

  const { grads } = tf.valueAndGrads((...values: tf.Tensor[]) => {
    const parameters = new Map(values.map((tensor, i) => [trained[i].path, tensor]))
    const ctx = contextOver({
      training: true,
      progress,
      parameter: ({ path, role }) => (role === 'statistic' ? statistics : parameters).get(path)!,
      uniform: ({ path }) => draws.get(path)!,
      update(path, value, keep, gain) {
        updates.set(path, { value: tf.keep(value), keep, gain })
        kept.push(value)
      },
    })
    const result = lossOf(ctx)
    for (const figure of Object.values(result.metrics)) tf.keep(figure)
    metrics = result.metrics
    return result.loss
  })(unflatten(state.parameters, trained))

  const after = moved(state.statistics, moving, statistics, updates)
  tf.dispose(kept)
  return { gradient: flatten(grads), metrics: metrics!, statistics: after }
}

/** As the context's `update` says. */
interface StatisticUpdate {
  value: tf.Tensor
  keep: number
  gain: number
}

/** The flat statistics after their updates, all at once: a network has hundreds, of a few numbers each. */
function moved(
  flat: tf.Tensor1D,
  slots: readonly ParameterSlot[],
  statistics: Map<string, tf.Tensor>,
  updates: Map<string, StatisticUpdate>,
): tf.Tensor1D {
  if (updates.size === 0) return flat
  const still = (path: string): StatisticUpdate => ({ value: statistics.get(path)!, keep: 1, gain: 0 })
  const all = slots.map(({ path }) => updates.get(path) ?? still(path))
  const spread = (factor: 'keep' | 'gain') => {
    const numbers = new Float32Array(flat.size)
    slots.forEach(({ offset, size }, i) => {
      numbers.fill(all[i][factor], offset, offset + size)
    })
    return tf.tensor1d(numbers)
  }
  const values = flatten(all.map(({ value }) => value))
  return tf.add(tf.mul(flat, spread('keep')), tf.mul(values, spread('gain')))
}
