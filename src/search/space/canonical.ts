/**
 * When two cells are the same: when their blocks can be renumbered, and the sides of blocks exchanged, so that one
 * becomes the other. Both compute the same functions then, up to the order of channels, which the weights after them
 * absorb. Two equal blocks stay two: each has weights of its own.
 */
import { type Block, type Cell, outputStates } from '../../../models/index.js'
import type { Cells } from './genotypes.js'
import { CELL_KINDS } from './space.js'

/** The same text for the same cell, another for any other. */
export function canonicalCell(cell: Cell): string {
  return smallest(cell, readersOf(cell), [0, 1])
}

/** {@link canonicalCell} of every cell of a genotype. Its name does not count. */
export function canonicalKey(cells: Cells): string {
  const parts = CELL_KINDS.map((kind) => {
    const cell = cells[kind]
    return cell === undefined ? '' : `${kind} ${canonicalCell(cell)}`
  })
  return parts.filter((part) => part !== '').join(' / ')
}

/**
 * The rest of the cell, written down in the order that makes the first block's text as small as can be, then the
 * second's, and so on. Blocks of equal text are tried in turn.
 *
 * @param order the old numbers of the states that have new ones, by their new numbers.
 */
function smallest(cell: Cell, readers: string[], order: number[]): string {
  const { blocks } = cell
  if (order.length === blocks.length + 2) {
    const numbers = outputStates(cell).map((state) => order.indexOf(state))
    return `gives ${numbers.sort((a, b) => a - b).join()}`
  }
  const next = blocks
    .map((block, index) => ({ state: index + 2, text: textOf(block, order) }))
    .filter(({ state, text }) => text !== undefined && !order.includes(state)) as Candidate[]
  const least = next.reduce((a, b) => (b.text < a.text ? b : a)).text
  // Of those that the same blocks read in the same way, it does not matter which comes first.
  const tried = new Map(next.filter(({ text }) => text === least).map(({ state }) => [readers[state], state]))
  const rests = [...tried.values()].map((state) => smallest(cell, readers, [...order, state])).sort()
  return `${least}; ${rests[0]}`
}

interface Candidate {
  state: number
  text: string
}

/** A block in new numbers, its sides in order; undefined while one that it reads has no new number. */
function textOf({ left, right, combine }: Block, order: number[]): string | undefined {
  const sides = [left, right].map(({ input, operation }) => ({ operation, number: order.indexOf(input) }))
  if (sides.some(({ number }) => number < 0)) return undefined
  const [first, second] = sides.map(({ operation, number }) => `${operation} ${number}`).sort()
  return `${combine} ${first}, ${second}`
}

/** For every state, which blocks read it by which operations. */
function readersOf(cell: Cell): string[] {
  const readers: string[][] = Array.from({ length: cell.blocks.length + 2 }, () => [])
  for (const [index, { left, right }] of cell.blocks.entries())
    for (const { input, operation } of [left, right]) readers[input].push(`${index + 2} ${operation}`)
  for (const state of outputStates(cell)) readers[state].push('output')
  return readers.map((list) => list.sort().join())
}
