/** Between decisions and genotypes, both ways, and decisions drawn by chance. */
import {
  type AutoencoderGenotype,
  type Block,
  type Cell,
  type Genotype,
  looseEnds,
} from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import {
  CELL_KINDS,
  type CellKind,
  checkDecisions,
  type Decisions,
  decisionSizes,
  type SearchSpace,
} from './space.js'

/** A genotype's cells, for tasks that have others than a classifier. */
export type Cells = Partial<Record<CellKind, Cell>>

/** A number in [0, 1), as `random` of models/ draws it. */
export type Uniform = () => number

/** The decisions of one block: two states, two operations, a combination. */
const PER_BLOCK = 5

/** The cells that the decisions make. Throws a `UserError` for decisions that the space does not have. */
export function decodeCells(space: SearchSpace, decisions: Decisions): Cells {
  checkDecisions(space, decisions)
  const { operations, combinations } = space
  const blockAt = (start: number): Block => {
    const [left, right, leftOperation, rightOperation, combine] = decisions.slice(start, start + PER_BLOCK)
    return {
      left: { input: left, operation: operations[leftOperation] },
      right: { input: right, operation: operations[rightOperation] },
      combine: combinations[combine],
    }
  }
  const cells: Cells = {}
  for (const [index, kind] of space.cells.entries()) {
    const first = index * space.blocks
    const blocks = Array.from({ length: space.blocks }, (_, block) => blockAt((first + block) * PER_BLOCK))
    cells[kind] = { blocks }
  }
  return cells
}

/**
 * The decisions that make these cells. An `output` may be named if it lists the cell's loose ends, in any order: the
 * decisions make the same cell without one.
 *
 * @param source begins an error's message.
 * @throws UserError when the cells lie outside the space, naming cell, block (by its state's number) and side
 */
export function encodeCells(space: SearchSpace, cells: Cells, source: string): Decisions {
  const other = CELL_KINDS.find((kind) => cells[kind] !== undefined && !space.cells.includes(kind))
  if (other !== undefined)
    throw new UserError(`${source} has a cell "${other}", but the search space has none`)
  return space.cells.flatMap((kind) => {
    const cell = cells[kind]
    if (cell === undefined)
      throw new UserError(`${source} has no cell "${kind}", but the search space has one`)
    return encodeCell(space, cell, `${source}: ${kind} cell`)
  })
}

function encodeCell(space: SearchSpace, cell: Cell, place: string): Decisions {
  const { blocks, output } = cell
  if (blocks.length !== space.blocks)
    throw new UserError(`${place} has ${blocks.length} blocks, but the search space has ${space.blocks}`)
  const decisions = blocks.flatMap((block, index) => encodeBlock(space, block, index + 2, place))
  const ends = looseEnds(cell)
  if (output !== undefined && [...output].sort((a, b) => a - b).join() !== ends.join())
    throw new UserError(
      `${place}, "output" is ${output.join(', ')}, but in the search space the states that no block used leave the cell, here ${ends.join(', ')}`,
    )
  return decisions
}

function encodeBlock(space: SearchSpace, block: Block, state: number, place: string): Decisions {
  const { left, right, combine } = block
  const numberIn = <T extends string>(options: T[], value: T, what: string): number => {
    const number = options.indexOf(value)
    if (number >= 0) return number
    throw new UserError(
      `${place}, block ${state}${what} ${value} is not in the search space, which has ${options.join(', ')}`,
    )
  }
  for (const { input } of [left, right])
    if (!Number.isInteger(input) || input < 0 || input >= state)
      throw new UserError(`${place}, block ${state} reads state ${input}, but may read 0 to ${state - 1}`)
  return [
    left.input,
    right.input,
    numberIn(space.operations, left.operation, ', left: operation'),
    numberIn(space.operations, right.operation, ', right: operation'),
    numberIn(space.combinations, combine, ': the combination'),
  ]
}

/**
 * {@link decodeCells} as a genotype.
 *
 * @throws UserError when the space has other cells than a classifier's two, or not these decisions
 */
export function decode(space: SearchSpace, decisions: Decisions, name: string): Genotype {
  const { normal, reduction, ...others } = decodeCells(space, decisions)
  if (normal === undefined || reduction === undefined || Object.keys(others).length > 0)
    throw new UserError(
      `A genotype has a normal and a reduction cell, but the search space has ${space.cells.join(', ')}`,
    )
  return { name, normal, reduction }
}

/**
 * {@link decodeCells} as the genotype of an autoencoder.
 *
 * @throws UserError when the space has not its three cells, or not these decisions
 */
export function decodeAutoencoder(
  space: SearchSpace,
  decisions: Decisions,
  name: string,
): AutoencoderGenotype {
  const { normal, reduction, expansion } = decodeCells(space, decisions)
  if (normal === undefined || reduction === undefined || expansion === undefined)
    throw new UserError(
      `An autoencoder has a normal, a reduction and an expansion cell, but the search space has ${space.cells.join(', ')}`,
    )
  return { name, normal, reduction, expansion }
}

/** {@link encodeCells} of a genotype; its name begins an error's message. */
export function encode(space: SearchSpace, { name, normal, reduction }: Genotype): Decisions {
  return encodeCells(space, { normal, reduction }, name)
}

/** All sequences of decisions are equally likely. */
export function randomDecisions(space: SearchSpace, uniform: Uniform): Decisions {
  return decisionSizes(space).map(({ size }) => below(size, uniform))
}

/**
 * Changes one decision: any that has an alternative, to any of its alternatives, equally likely. Where nothing but
 * `add` combines, these are the two mutations of Real et al. 2018, as often as there: of a hidden state and of an
 * operation. A mutated combination is ours, since their space had no choice there.
 */
export function mutate(space: SearchSpace, decisions: Decisions, uniform: Uniform): Decisions {
  const open = decisionSizes(space)
    .map(({ size }, index) => ({ size, index }))
    .filter(({ size }) => size > 1)
  const { size, index } = open[below(open.length, uniform)]
  const step = 1 + below(size - 1, uniform)
  return decisions.map((decision, other) => (other === index ? (decision + step) % size : decision))
}

/** A whole number from 0 to `size` − 1. */
export function below(size: number, uniform: Uniform): number {
  return Math.floor(uniform() * size)
}
