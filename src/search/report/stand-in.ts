/** Stands in for the search space's own, until that is there. */
import type { Block } from '../../../models/genotype.js'
import type { DrawnCells } from '../draw-cell.js'
import type { Decisions, SearchSpace } from '../space.js'

export function decodeCells(space: SearchSpace, decisions: Decisions): DrawnCells {
  const { operations, combinations } = space
  const blockAt = (start: number): Block => {
    const [a, b, first, second, combine] = decisions.slice(start, start + 5)
    return {
      left: { input: a, operation: operations[first] },
      right: { input: b, operation: operations[second] },
      combine: combinations[combine],
    }
  }
  return Object.fromEntries(
    space.cells.map((kind, cell) => {
      const first = cell * space.blocks
      return [
        kind,
        { blocks: Array.from({ length: space.blocks }, (_, block) => blockAt((first + block) * 5)) },
      ]
    }),
  )
}

export const canonicalKey = (cells: DrawnCells): string => JSON.stringify(cells)
