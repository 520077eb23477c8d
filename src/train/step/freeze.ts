/** Networks of which a part keeps its weights, and learning rates that fall from the head to the stem. */
import * as tf from '@tensorflow/tfjs'
import { type Context, cellPlan, type NasnetConfig } from '../../../models/index.js'
import { frozenCells } from '../settings/config.js'
import type { StateTensors } from './differentiate.js'
import type { FlatLayout } from './flat-state.js'

const STEM_CELLS = /^stem_/

/** Where the parameters of the network lie, from the stem to the last cell; the head is not among them. */
const partsOf = (network: NasnetConfig): string[] => ['stem', ...cellPlan(network).map(({ path }) => path)]

/** The parts that `freeze` keeps: the stem with its cells, and the cells after it that it counts. */
export function frozenParts(network: NasnetConfig, freeze: string | undefined): ReadonlySet<string> {
  if (freeze === undefined) return new Set()
  const parts = partsOf(network)
  const stem = parts.filter((path) => path === 'stem' || STEM_CELLS.test(path)).length
  return new Set(parts.slice(0, stem + frozenCells(freeze)))
}

/**
 * A context in which the parts `frozen` are as in inference: their parameters are statistics, which have no gradient, no
 * weight decay and no slots of an optimizer; their batch norm uses the moving statistics and does not update them; they have
 * neither dropout nor drop path. What they compute depends on no trained parameter, so that differentiation ends there.
 */
export function withFrozen(ctx: Context, frozen: ReadonlySet<string>): Context {
  if (frozen.size === 0) return ctx
  return { ...ctx, in: (path) => (frozen.has(path) ? inert(ctx.in(path)) : ctx.in(path)) }
}

function inert(ctx: Context): Context {
  return {
    ...ctx,
    training: false,
    parameter: (path, shape, initializer) => ctx.parameter(path, shape, initializer, 'statistic'),
    update() {},
    in: (path) => inert(ctx.in(path)),
  }
}

/** The state with frozen weights as they were: the average of equal numbers may differ from them in the last bit. */
export function keepFrozen(
  state: StateTensors,
  { slots, statistics: count }: FlatLayout,
  frozen: ReadonlySet<string>,
): StateTensors {
  const { averageStatistics, statistics } = state
  if (frozen.size === 0 || averageStatistics === undefined) return state
  const mask = new Float32Array(count)
  for (const { path, vector, offset, size } of slots)
    if (vector === 'statistics' && frozen.has(path.split('/')[0])) mask.fill(1, offset, offset + size)
  const isFrozen = tf.cast(tf.tensor1d(mask), 'bool')
  return { ...state, averageStatistics: tf.where(isFrozen, statistics, averageStatistics) }
}

/**
 * Factors of the learning rate in the layout of the vector `parameters`: 1 for the heads, `decay` for the last cell, and so
 * on down to the stem. As in ELECTRA (Clark et al. 2020) and BEiT.
 */
export function layerRates(
  network: NasnetConfig,
  { slots, parameters }: FlatLayout,
  decay: number,
): Float32Array {
  const parts = partsOf(network)
  const depth = new Map(parts.map((path, i) => [path, parts.length - i]))
  const rates = new Float32Array(parameters)
  for (const { path, vector, offset, size } of slots)
    if (vector === 'parameters')
      rates.fill(decay ** (depth.get(path.split('/')[0]) ?? 0), offset, offset + size)
  return rates
}
