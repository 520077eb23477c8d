/**
 * The search space as data: which decisions make a genotype (Zoph et al. 2018, section 3.1). For each cell, for each
 * block in order, five: first state, second state, operation for the first, operation for the second, how they are
 * combined. A state is chosen from all before it, so that every sequence of decisions is a valid genotype.
 */
import * as z from 'zod/mini'
import { OPERATION_NAMES } from '../../../models/genotype.js'
import { UserError } from '../../shared/errors.js'
import { rule, validate, wholeNumber } from '../../shared/validation.js'

export const CELL_KINDS = ['normal', 'reduction', 'expansion'] as const
/** Cells that a task searches. */
export type CellKind = (typeof CELL_KINDS)[number]

/** Far above any published cell; only a slip of the pen asks for more. */
const MOST_BLOCKS = 20

/** A list of at least one, all different. */
const distinct = <const T extends readonly string[]>(names: T) =>
  z.array(z.enum(names)).check(
    z.minLength(1, 'a list of at least one'),
    rule((items, refuse) => {
      const twice = items.find((item, index) => items.indexOf(item) !== index)
      if (twice !== undefined) refuse([], `lists ${twice} twice; list it once`)
    }),
  )

export const searchSpace = z.strictObject({
  /** In the order in which they are decided. */
  cells: distinct(CELL_KINDS),
  /** B, the blocks of each cell. */
  blocks: wholeNumber(1, MOST_BLOCKS),
  operations: distinct(OPERATION_NAMES),
  combinations: distinct(['add', 'concat']),
})
export type SearchSpace = z.infer<typeof searchSpace>

/**
 * An architecture as the choices that made it: for every decision of {@link decisionSizes}, the number of the option
 * that was taken, from 0.
 */
export type Decisions = number[]

/** The space of Zoph et al. 2018: a normal and a reduction cell of 5 blocks, 13 operations, both combinations. */
export const paperSpace: SearchSpace = {
  cells: ['normal', 'reduction'],
  blocks: 5,
  operations: [...OPERATION_NAMES],
  combinations: ['add', 'concat'],
}

/** The same of an autoencoder's three cells. */
export const autoencoderSpace: SearchSpace = { ...paperSpace, cells: ['normal', 'reduction', 'expansion'] }

/** Checks a space, for example one read from JSON. Throws a `UserError` that names the field, below `field`. */
export function validateSpace(value: unknown, field = 'space'): SearchSpace {
  return validate(searchSpace, value, { field })
}

/** What is decided, between how many options. */
export interface DecisionSize {
  cell: CellKind
  /** The block's number among the states of its cell, from 2. */
  block: number
  kind: 'state' | 'operation' | 'combine'
  /** Which side of the block; a combination has none. */
  side?: 'left' | 'right'
  /** How many options there are. The options of a state are all before the block, in order. */
  size: number
}

/** All decisions of a space, in their order. */
export function decisionSizes({ cells, blocks, operations, combinations }: SearchSpace): DecisionSize[] {
  const ofBlock = (cell: CellKind, block: number): DecisionSize[] => [
    { cell, block, kind: 'state', side: 'left', size: block },
    { cell, block, kind: 'state', side: 'right', size: block },
    { cell, block, kind: 'operation', side: 'left', size: operations.length },
    { cell, block, kind: 'operation', side: 'right', size: operations.length },
    { cell, block, kind: 'combine', size: combinations.length },
  ]
  return cells.flatMap((cell) =>
    Array.from({ length: blocks }, (_, index) => ofBlock(cell, index + 2)).flat(),
  )
}

/** Throws a `UserError` that names the decision which the space does not have. */
export function checkDecisions(space: SearchSpace, decisions: Decisions): void {
  const sizes = decisionSizes(space)
  if (decisions.length !== sizes.length)
    throw new UserError(
      `The search space takes ${sizes.length} decisions, not ${decisions.length}; they are another space's`,
    )
  for (const [index, { cell, block, kind, side, size }] of sizes.entries()) {
    const decision = decisions[index]
    if (!Number.isInteger(decision) || decision < 0 || decision >= size)
      throw new UserError(
        `Decision ${index} (${cell} cell, block ${block}, ${side === undefined ? '' : `${side} `}${kind}) is ${decision}, but must be a whole number from 0 to ${size - 1}`,
      )
  }
}
