/**
 * Genotypes: the two cells of a NASNet as data, in the search space of "Learning Transferable Architectures
 * for Scalable Image Recognition" (Zoph et al., CVPR 2018), section 3.1.
 *
 * States are numbered within a cell: 0 is the current input h(i) after its 1×1 convolution, 1 the previous
 * input h(i−1) brought to the same size, and 2, 3, … are the blocks in order.
 */
import { ModelError } from './errors.js'

/** The operations of the search space. */
export const OPERATION_NAMES = [
  'identity',
  'conv_1x3_3x1',
  'conv_1x7_7x1',
  'dilated_conv_3x3',
  'avg_pool_3x3',
  'max_pool_3x3',
  'max_pool_5x5',
  'max_pool_7x7',
  'conv_1x1',
  'conv_3x3',
  'sep_conv_3x3',
  'sep_conv_5x5',
  'sep_conv_7x7',
] as const

export type OperationName = (typeof OPERATION_NAMES)[number]

/** One side of a block: an operation applied to a state. */
export interface Path {
  input: number
  operation: OperationName
}

/** Two paths and their combination. */
export interface Block {
  left: Path
  right: Path
  /** Elementwise sum, or concatenation along channels (then the block is twice as wide). */
  combine: 'add' | 'concat'
}

export interface Cell {
  blocks: Block[]
  /**
   * The states whose concatenation is the output of the cell, in order. Default: all states that no block reads, as in
   * the text of the paper. The released cells list them, because they also keep some states that blocks read.
   */
  output?: number[]
}

/** The cells of a network, by name. */
export interface Genotype {
  name: string
  /** Keeps height and width. */
  normal: Cell
  /** Halves height and width. */
  reduction: Cell
}

/** The cells of an autoencoder: it has a third kind of cells. */
export interface AutoencoderGenotype extends Genotype {
  /** Doubles height and width. */
  expansion: Cell
}

/** The states that no block of the cell reads, ascending. Never empty: nothing can read the last block. */
export function looseEnds(cell: Cell): number[] {
  const used = new Set(cell.blocks.flatMap((block) => [block.left.input, block.right.input]))
  return cell.blocks
    .map((_, index) => index + 2)
    .concat(0, 1)
    .filter((state) => !used.has(state))
    .sort((a, b) => a - b)
}

/** The states whose concatenation is the cell's output. */
export function outputStates(cell: Cell): number[] {
  return cell.output ?? looseEnds(cell)
}

/**
 * Reads a genotype from parsed JSON. `source` (a file's name, say) begins every error's message. Fields
 * beside name, normal and reduction are left out: a search may note there where the genotype came from.
 * Throws a {@link ModelError} that names cell, block (by its state's number) and field, and for an autoencoder's.
 */
export function parseGenotype(json: unknown, source: string): Genotype {
  const { expansion, ...genotype } = parseAnyGenotype(json, source)
  if (expansion !== undefined)
    throw new ModelError(
      `${source} is the genotype of an autoencoder: it has an expansion cell, for which classifiers and ` +
        `detectors have no place; give one with a normal and a reduction cell alone.`,
    )
  return genotype
}

/** {@link parseGenotype} for networks of either kind. */
export function parseAnyGenotype(json: unknown, source: string): Genotype & { expansion?: Cell } {
  const genotype = record(json, source, 'the genotype')
  const { name, expansion } = genotype
  if (typeof name !== 'string' || name.trim() === '')
    throw new ModelError(`${source}: "name" must be a text.`)
  return {
    name,
    normal: parseCell(genotype.normal, source, 'normal'),
    reduction: parseCell(genotype.reduction, source, 'reduction'),
    ...(expansion !== undefined && { expansion: parseCell(expansion, source, 'expansion') }),
  }
}

function parseCell(json: unknown, source: string, which: string): Cell {
  const place = `the ${which} cell`
  const { blocks: list, output, ...rest } = record(json, source, place)
  noMoreFields(rest, source, place, '"blocks" and "output"')
  if (!Array.isArray(list) || list.length === 0)
    throw new ModelError(`${source}: ${place} needs a non-empty list "blocks", not ${show(list)}.`)
  const blocks = list.map((block, index) =>
    parseBlock(block, source, `${which} cell, block ${index + 2}`, index + 2),
  )
  const cell: Cell = { blocks }
  if (output !== undefined) cell.output = parseOutput(output, { blocks }, source, place)
  return cell
}

function parseBlock(json: unknown, source: string, place: string, state: number): Block {
  const { left, right, combine, ...rest } = record(json, source, place)
  noMoreFields(rest, source, place, '"left", "right" and "combine"')
  if (combine !== 'add' && combine !== 'concat')
    throw new ModelError(`${source}: ${place}, "combine" must be "add" or "concat", not ${show(combine)}.`)
  return {
    left: parsePath(left, source, `${place}, left`, state),
    right: parsePath(right, source, `${place}, right`, state),
    combine,
  }
}

function parsePath(json: unknown, source: string, place: string, state: number): Path {
  const { input, operation, ...rest } = record(json, source, place)
  noMoreFields(rest, source, place, '"input" and "operation"')
  if (typeof input !== 'number' || !Number.isInteger(input) || input < 0)
    throw new ModelError(
      `${source}: ${place}, "input" must be a state from 0 to ${state - 1}, not ${show(input)}.`,
    )
  if (input >= state) {
    const what = input === state ? 'the block itself' : 'a later block'
    throw new ModelError(
      `${source}: ${place}, "input" ${input} is ${what}; use a state from 0 to ${state - 1}.`,
    )
  }
  if (!OPERATION_NAMES.includes(operation as OperationName))
    throw new ModelError(
      `${source}: ${place}, operation ${show(operation)} is unknown; use one of ${OPERATION_NAMES.join(', ')}.`,
    )
  return { input, operation: operation as OperationName }
}

function parseOutput(json: unknown, cell: Cell, source: string, place: string): number[] {
  const last = cell.blocks.length + 1
  const valid = (state: unknown) =>
    Number.isInteger(state) && (state as number) >= 0 && (state as number) <= last
  if (!Array.isArray(json) || json.length === 0 || !json.every(valid) || new Set(json).size !== json.length)
    throw new ModelError(
      `${source}: ${place}, "output" must list different states from 0 to ${last}, not ${show(json)}.`,
    )
  const lost = looseEnds(cell).find((state) => state >= 2 && !json.includes(state))
  if (lost !== undefined)
    throw new ModelError(`${source}: ${place}, block ${lost} is used by nothing; add ${lost} to "output".`)
  return json
}

function record(json: unknown, source: string, place: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ModelError(`${source}: ${place} must be an object, not ${show(json)}.`)
  return json as Record<string, unknown>
}

function noMoreFields(rest: object, source: string, place: string, known: string): void {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined)
    throw new ModelError(`${source}: ${place} has an unknown field "${unknown}"; it may have ${known}.`)
}

/** A value for an error message: short, whatever it is. */
function show(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`
}
