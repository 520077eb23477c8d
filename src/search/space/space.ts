/**
 * The search space as data: which decisions make a genotype (Zoph et al. 2018, section 3.1). For each cell, for each
 * block in order, five: first state, second state, operation for the first, operation for the second, how they are
 * combined. A state is chosen from all before it, so that every sequence of decisions is a valid genotype.
 */
import { type Block, OPERATION_NAMES, type OperationName } from '../../../models/index.js'
import { UserError } from '../../shared/errors.js'
import { choice, integer, list, record, type Schema } from '../../shared/schema.js'

/** Cells that a task searches, in the order in which they are decided. */
export type CellKind = 'normal' | 'reduction' | 'expansion'

export interface SearchSpace {
  cells: CellKind[]
  /** B, the blocks of each cell. */
  blocks: number
  /** At least one. Each listed operation counts once. */
  operations: OperationName[]
  /** At least one. */
  combinations: Block['combine'][]
}

/**
 * An architecture as the choices that made it: for every decision of {@link decisionSizes}, the number of the option
 * that was taken, from 0.
 */
export type Decisions = number[]

export const CELL_KINDS = ['normal', 'reduction', 'expansion'] as const satisfies CellKind[]

/** The space of Zoph et al. 2018: a normal and a reduction cell of 5 blocks, 13 operations, both combinations. */
export const paperSpace: SearchSpace = {
  cells: ['normal', 'reduction'],
  blocks: 5,
  operations: [...OPERATION_NAMES],
  combinations: ['add', 'concat'],
}

/** The same of an autoencoder's three cells. */
export const autoencoderSpace: SearchSpace = { ...paperSpace, cells: ['normal', 'reduction', 'expansion'] }

/** Far above any published cell; only a slip of the pen asks for more. */
const MOST_BLOCKS = 20

/** A list of at least one, all different. */
function distinct<T>(item: Schema<T>): Schema<T[]> {
  return (value, field) => {
    const items = list(item)(value, field)
    if (items.length === 0) throw new UserError(`"${field}" is empty, but must list at least one`)
    const twice = items.find((entry, index) => items.indexOf(entry) !== index)
    if (twice !== undefined) throw new UserError(`"${field}" lists ${twice} twice; list it once`)
    return items
  }
}

const spaceSchema = record<SearchSpace>({
  cells: distinct(choice(...CELL_KINDS)),
  blocks: integer(1, MOST_BLOCKS),
  operations: distinct(choice(...OPERATION_NAMES)),
  combinations: distinct(choice('add', 'concat')),
})

/** Checks a space, for example one read from JSON. Throws a `UserError` that names the field, below `field`. */
export function validateSpace(value: unknown, field = 'space'): SearchSpace {
  return spaceSchema(value, field)
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
