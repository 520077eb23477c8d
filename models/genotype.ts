/**
 * Genotypes: the two cells of a NASNet as data, in the search space of "Learning Transferable Architectures
 * for Scalable Image Recognition" (Zoph et al., CVPR 2018), section 3.1.
 *
 * States are numbered within a cell: 0 is the current input h(i) after its 1×1 convolution, 1 the previous
 * input h(i−1) brought to the same size, and 2, 3, … are the blocks in order.
 */
import * as z from 'zod/mini'
import { type Path as FieldPath, rule, validate } from '../src/shared/validation.js'
import { ModelError } from './errors.js'

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

/** The operations of the search space. */
export type OperationName = (typeof OPERATION_NAMES)[number]

/** One side of a block: an operation applied to a state. */
const path = z.strictObject({
  input: z.number('the number of a state'),
  operation: z.enum(OPERATION_NAMES),
})
export type Path = z.infer<typeof path>

/** Two paths and their combination. */
const block = z.strictObject({
  left: path,
  right: path,
  /** Elementwise sum, or concatenation along channels (then the block is twice as wide). */
  combine: z.enum(['add', 'concat']),
})
export type Block = z.infer<typeof block>

const someBlocks = 'a list of at least one block'

const cell = z
  .strictObject({
    blocks: z.array(block, someBlocks).check(z.minLength(1, someBlocks)),
    /**
     * The states whose concatenation is the output of the cell, in order. Default: all states that no block reads, as in
     * the text of the paper. The released cells list them, because they also keep some states that blocks read.
     */
    output: z.optional(z.array(z.number('the number of a state'))),
  })
  .check(rule(checkInputs), rule(checkOutput))
export type Cell = z.infer<typeof cell>

/** The cells of a network, by name. */
const anyGenotype = z.object({
  name: z.string('a text').check(z.regex(/\S/, 'a text that is not empty')),
  /** Keeps height and width. */
  normal: cell,
  /** Halves height and width. */
  reduction: cell,
  /** Doubles height and width; autoencoders alone have it. */
  expansion: z.optional(cell),
})

/** Of classifiers and detectors. Fields that are not a genotype's are left out. */
export const genotype = z.pipe(
  anyGenotype,
  z.transform(({ expansion, ...genotype }, { issues }) => {
    if (expansion !== undefined) issues.push({ code: 'custom', input: expansion, message: AUTOENCODER })
    return genotype
  }),
)
export type Genotype = z.infer<typeof genotype>

/** The cells of an autoencoder: it has a third kind of cells. */
export type AutoencoderGenotype = Required<z.infer<typeof anyGenotype>>

const AUTOENCODER =
  'is the genotype of an autoencoder: it has an expansion cell, for which classifiers and detectors have no place; ' +
  'give one with a normal and a reduction cell alone'

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
  return validate(genotype, json, { errorOf: (words) => new ModelError(words), nameOf: placeIn(source) })
}

/** {@link parseGenotype} for networks of either kind. */
export function parseAnyGenotype(json: unknown, source: string): Genotype & { expansion?: Cell } {
  return validate(anyGenotype, json, { errorOf: (words) => new ModelError(words), nameOf: placeIn(source) })
}

/** Names of a place in the genotype of `source`: `a.json: normal cell, block 4, left, "input"`. */
function placeIn(source: string): (path: FieldPath) => string {
  return ([top, list, at, ...fields]) => {
    if (top === undefined) return source
    if (list === undefined) return `${source}: ${top === 'name' ? '"name"' : `the ${String(top)} cell`}`
    const place =
      list === 'blocks' && typeof at === 'number'
        ? [
            `block ${at + 2}`,
            ...fields.map((field) => (field === 'left' || field === 'right' ? field : `"${String(field)}"`)),
          ]
        : [`"${String(list)}"${typeof at === 'number' ? `[${at}]` : ''}`]
    return `${source}: ${[`${String(top)} cell`, ...place].join(', ')}`
  }
}

type Refuse = (path: FieldPath, words: string) => void

/** A block reads states before its own. */
function checkInputs({ blocks }: Cell, refuse: Refuse): void {
  for (const [index, block] of blocks.entries())
    for (const side of ['left', 'right'] as const) {
      const [{ input }, state] = [block[side], index + 2]
      const at = ['blocks', index, side, 'input']
      if (!Number.isInteger(input) || input < 0)
        refuse(at, `is ${input}, but must be a state from 0 to ${state - 1}`)
      else if (input >= state) {
        const what = input === state ? 'the block itself' : 'a later block'
        refuse(at, `is ${input}, which is ${what}; use a state from 0 to ${state - 1}`)
      }
    }
}

/** Every block leads to the output. */
function checkOutput(cell: Cell, refuse: Refuse): void {
  const { blocks, output } = cell
  if (output === undefined) return
  const last = blocks.length + 1
  const valid = (state: number) => Number.isInteger(state) && state >= 0 && state <= last
  const lost = looseEnds(cell).find((state) => state >= 2 && !output.includes(state))
  if (output.length === 0 || !output.every(valid) || new Set(output).size !== output.length)
    refuse(['output'], `is [${output}], but must list different states from 0 to ${last}`)
  else if (lost !== undefined) refuse(['blocks', lost - 2], `is used by nothing; add ${lost} to "output"`)
}
