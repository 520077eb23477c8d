/** The loss of a network over flat state vectors: its gradient, its metrics, and the statistics after it. */
import * as tf from '@tensorflow/tfjs'
import type { Context } from '../../../models/index.js'
import { contextOver, type ParameterSpecs } from './contexts.js'
import { type FlatLayout, flatten, unflatten } from './flat-state.js'
import { splitNoise } from './noise.js'
import type { ParameterSlot } from './step-types.js'

export type StateTensors = Record<string, tf.Tensor1D>

/** The loss to differentiate, and the metrics to report. */
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
 * takes, in the order of `specs`), and differentiates its loss.
 */
export function differentiate<F extends Record<string, tf.Scalar>>(
  lossOf: (ctx: Context) => Loss<F>,
  { specs, layout }: { specs: ParameterSpecs; layout: FlatLayout },
  state: StateTensors,
  { progress, noise }: { progress: tf.Scalar; noise?: tf.Tensor1D },
): Differentiated<F> {
  const trained = layout.slots.filter((slot) => slot.vector === 'parameters')
  const moving = layout.slots.filter((slot) => slot.vector === 'statistics')
  const statistics = new Map(unflatten(state.statistics, moving).map((tensor, i) => [moving[i].path, tensor]))
  const draws = splitNoise(specs, noise)
  const updates = new Map<string, StatisticUpdate>()
  // An eager backend would dispose of these at the end of the differentiation, because the loss does not need them.
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

  const after = updatedStatistics(state.statistics, moving, statistics, updates)
  tf.dispose(kept)
  return { gradient: flatten(grads), metrics: metrics!, statistics: after }
}

/** See `Context.update`. */
interface StatisticUpdate {
  value: tf.Tensor
  keep: number
  gain: number
}

/** The flat statistics after all updates, computed together: a network has hundreds of them, with few numbers each. */
function updatedStatistics(
  flat: tf.Tensor1D,
  slots: readonly ParameterSlot[],
  statistics: Map<string, tf.Tensor>,
  updates: Map<string, StatisticUpdate>,
): tf.Tensor1D {
  if (updates.size === 0) return flat
  const unchanged = (path: string): StatisticUpdate => ({ value: statistics.get(path)!, keep: 1, gain: 0 })
  const all = slots.map(({ path }) => updates.get(path) ?? unchanged(path))
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
