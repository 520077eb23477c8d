/** The decisions that make a genotype, in the order in which they are taken. */
import type { CellKind, SearchSpace } from './space.js'

export interface Decision {
  cell: CellKind
  /** From 0. */
  block: number
  kind: 'state' | 'operation' | 'combine'
  /** How many there are to choose from. */
  options: number
}

/** For each cell and block: first state, second state, operation for the first, for the second, combination. */
export function decisionList({ cells, blocks, operations, combinations }: SearchSpace): Decision[] {
  return cells.flatMap((cell) =>
    Array.from({ length: blocks }, (_, block) => {
      const state: Decision = { cell, block, kind: 'state', options: block + 2 }
      const operation: Decision = { cell, block, kind: 'operation', options: operations.length }
      const combine: Decision = { cell, block, kind: 'combine', options: combinations.length }
      return [state, state, operation, operation, combine]
    }).flat(),
  )
}
