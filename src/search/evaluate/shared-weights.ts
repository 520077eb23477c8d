/**
 * Weights that all children share, after ENAS (Pham et al., "Efficient Neural Architecture Search via Parameter
 * Sharing", 2018). Each operation that a block may choose has weights of its own, for either side; a child that
 * chooses it starts from them. A 1×1 convolution or a dense layer that reads a cell's output has rows for
 * each of the cell's states, of which a child takes those that its cell gives out.
 */
import { cellPlan, type NasnetConfig, outputStates, type PlannedCell } from '../../../models/index.js'
import type { ParameterSlot, StateVectors } from '../../train/step/step-types.js'

/** By key; a child's tensor is one of them, or several, concatenated. */
export type SharedWeights = Map<string, Float32Array>

/** A part of a parameter, from its first number on. */
interface Piece {
  key: string
  size: number
}

/** Which shared weights each parameter of a network is made of. */
export function piecesOf(config: NasnetConfig): (slot: ParameterSlot) => Piece[] {
  const plan = cellPlan(config)
  const cells = new Map(plan.map((cell) => [cell.path, cell]))
  return (slot) => {
    const [part, place] = slot.path.split('/')
    const cell = cells.get(part)
    const source = slot.path.endsWith('kernel') ? sourceOf(part, place, cell, plan) : undefined
    if (source !== undefined) {
      const states = outputStates(config.genotype[source.kind])
      return states.map((state) => ({ key: `${slot.path}@${state}`, size: slot.size / states.length }))
    }
    const operation = cell && operationAt(config, cell, slot.path)
    return [{ key: `${slot.path} ${operation ?? ''}[${slot.shape}]`, size: slot.size }]
  }
}

/** The cell whose output a parameter's layer reads; undefined where it reads something else. */
function sourceOf(
  part: string,
  place: string,
  cell: PlannedCell | undefined,
  plan: PlannedCell[],
): PlannedCell | undefined {
  if (part === 'head') return plan.at(-1)
  if (part === 'auxiliary' && place === 'projection')
    return plan[plan.findIndex((cell) => cell.path === 'reduction_1') - 1]
  // Feature map 0 is the stem's, k + 1 that of cell k.
  if (place === 'current') return plan[cell!.input - 1]
  if (place === 'previous') return plan[cell!.previous! - 1]
  return undefined
}

/** The operation that a parameter below `cell_k/block_b/left` or `…/right` belongs to. */
function operationAt(config: NasnetConfig, { kind }: PlannedCell, path: string): string | undefined {
  const match = /\/block_(\d+)\/(left|right)\//.exec(path)
  if (match === null) return undefined
  const block = config.genotype[kind].blocks[Number(match[1]) - 2]
  return block[match[2] as 'left' | 'right'].operation
}

/** A vector of the state and its moving average, which only some states have. */
const copies = (vector: string): string[] => [vector, `average${vector[0].toUpperCase()}${vector.slice(1)}`]

/** Copies shared weights into a network's state. Parameters that are not shared yet keep their values. */
export function takeShared(
  weights: SharedWeights,
  config: NasnetConfig,
  layout: readonly ParameterSlot[],
  state: StateVectors,
): void {
  const pieces = piecesOf(config)
  for (const slot of layout) {
    let at = slot.offset
    for (const { key, size } of pieces(slot)) {
      const known = weights.get(key)
      // Those of other widths or classes do not fit.
      if (known?.length === size) for (const vector of copies(slot.vector)) state[vector]?.set(known, at)
      at += size
    }
  }
}

export interface Trained {
  config: NasnetConfig
  layout: readonly ParameterSlot[]
  state: StateVectors
}

/**
 * Moves the weights `rate` of the way towards those of children that were trained side by side; of those that several
 * trained, towards the mean. Those that were not there yet become the children's.
 */
export function moveShared(weights: SharedWeights, children: readonly Trained[], rate: number): void {
  const sums = new Map<string, { sum: Float32Array; count: number }>()
  for (const { config, layout, state } of children) {
    const pieces = piecesOf(config)
    for (const slot of layout) {
      let at = slot.offset
      for (const { key, size } of pieces(slot)) {
        const values = state[slot.vector].subarray(at, at + size)
        const known = sums.get(key)
        if (known === undefined) sums.set(key, { sum: values.slice(), count: 1 })
        else {
          known.sum.forEach((value, i) => {
            known.sum[i] = value + values[i]
          })
          known.count++
        }
        at += size
      }
    }
  }
  for (const [key, { sum, count }] of sums) {
    const before = weights.get(key)
    weights.set(
      key,
      sum.map((value, i) =>
        before === undefined ? value / count : before[i] + rate * (value / count - before[i]),
      ),
    )
  }
}
