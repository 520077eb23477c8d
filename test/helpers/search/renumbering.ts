/** All ways to number the blocks of a cell, the plain way. */
import type { Cell } from '../../../models/index.js'

export function permutations(items: number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  )
}

/**
 * A cell without `output`, its blocks in the given order (by their old numbers, from 2); undefined where one would read
 * a later one.
 */
export function renumbered(cell: Cell, order: number[]): Cell | undefined {
  const numbers = [0, 1, ...order]
  const blocks = order.map((state) => {
    const { left, right, combine } = cell.blocks[state - 2]
    return {
      left: { ...left, input: numbers.indexOf(left.input) },
      right: { ...right, input: numbers.indexOf(right.input) },
      combine,
    }
  })
  const valid = blocks.every(({ left, right }, index) => Math.max(left.input, right.input) < index + 2)
  return valid ? { blocks } : undefined
}
