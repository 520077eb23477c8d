/**
 * The search space as data: which decisions make a genotype (Zoph et al. 2018, section 3.1). For each cell, for each
 * block in order, five: first state, second state, operation for the first, operation for the second, how they are
 * combined. A state is chosen from all before it, so that every sequence of decisions is a valid genotype.
 */
import type { Block, OperationName } from '../../models/index.js'

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
