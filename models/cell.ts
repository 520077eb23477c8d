/** A cell: computes its output from those of the two cells before it (Zoph et al. 2018, section 3.1). */
import * as tf from '@tensorflow/tfjs'
import type { Context } from './context.js'
import { dropPath } from './drop-path.js'
import { type Cell, outputStates, type Path } from './genotype.js'
import { convolutionNorm, factorizedReduction } from './layers.js'
import type { BatchNormSettings } from './nasnet-config.js'
import { OPERATIONS, type Shared } from './operations.js'
import { enlarge } from './pooling.js'

/** N×H×W×C features, and their distance in pixels of the image. */
export interface FeatureMap {
  tensor: tf.Tensor4D
  stride: number
}

export interface CellSettings {
  /** 1 in a normal cell, 2 in a reduction cell; ½ in an expansion cell, which enlarges its inputs first. */
  stride: 1 | 2 | 0.5
  /** Width of each state. */
  filters: number
  /** Keep probability of a path at the end of training. */
  dropPathKeep: number
  batchNorm: BatchNormSettings
  shared: Shared
}

/**
 * Builds a cell.
 *
 * @param current h(i), the output of the cell before.
 * @param previous h(i−1); undefined for the first cell of a network, which uses h(i) itself instead, unchanged.
 * @returns the concatenation of the cell's output states, each `filters` wide.
 */
export function buildCell(
  ctx: Context,
  cell: Cell,
  current: FeatureMap,
  previous: FeatureMap | undefined,
  settings: CellSettings,
): FeatureMap {
  const stride = current.stride * settings.stride
  const states = inputStates(ctx, cell, current, previous, settings)
  for (const [index, { left, right, combine }] of cell.blocks.entries()) {
    const block = ctx.in(`block_${index + 2}`)
    const a = applyPath(block.in('left'), states, left, settings)
    const b = applyPath(block.in('right'), states, right, settings)
    states.push({ tensor: combine === 'add' ? tf.add(a, b) : tf.concat([a, b], 3), stride })
  }
  const outputs = outputStates(cell).map((index) =>
    fitted(ctx.in(`output/state_${index}`), states[index], stride, settings, (x) => x),
  )
  return { tensor: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 3), stride }
}

/** States 0 and 1. */
function inputStates(
  ctx: Context,
  cell: Cell,
  current: FeatureMap,
  previous: FeatureMap | undefined,
  settings: CellSettings,
): FeatureMap[] {
  const { filters, batchNorm, shared } = settings
  const read = new Set(
    cell.blocks.flatMap(({ left, right }) => [left.input, right.input]).concat(outputStates(cell)),
  )
  const states = [current, previous ?? current]
  // An input that no block reads gets no weights, because they would have no gradient.
  if (read.has(0)) {
    const tensor = convolutionNorm(ctx.in('current'), shared.relu(current.tensor), {
      size: [1, 1],
      filters,
      batchNorm,
    })
    states[0] = { tensor, stride: current.stride }
  }
  if (read.has(1) && previous !== undefined) {
    const tensor = fitted(ctx.in('previous'), previous, current.stride, settings, shared.relu)
    states[1] = { tensor, stride: current.stride }
  }
  if (settings.stride >= 1) return states
  // When both states are the same, they are enlarged once.
  const enlarged = new Map(states.map(({ tensor }) => [tensor, enlarge(tensor, 1 / settings.stride)]))
  return states.map(({ tensor, stride }) => ({
    tensor: enlarged.get(tensor)!,
    stride: stride * settings.stride,
  }))
}

/** A state with the given stride and `filters` channels; unchanged if it has these already. */
function fitted(
  ctx: Context,
  state: FeatureMap,
  stride: number,
  { filters, batchNorm }: CellSettings,
  activation: (x: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const { tensor } = state
  if (state.stride < stride) return factorizedReduction(ctx, activation(tensor), { filters, batchNorm })
  const fit =
    tensor.shape[3] === filters
      ? tensor
      : convolutionNorm(ctx, activation(tensor), { size: [1, 1], filters, batchNorm })
  return state.stride === stride ? fit : enlarge(fit, state.stride / stride)
}

function applyPath(
  ctx: Context,
  states: FeatureMap[],
  { input, operation }: Path,
  { stride, filters, dropPathKeep, batchNorm, shared }: CellSettings,
): tf.Tensor4D {
  const site = { ctx, filters, stride: input < 2 ? Math.max(1, stride) : 1, batchNorm, shared }
  const result = OPERATIONS[operation](states[input].tensor, site)
  return operation === 'identity' ? result : dropPath(ctx, result, dropPathKeep)
}
