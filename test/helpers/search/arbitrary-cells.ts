import fc from 'fast-check'
import { type Block, type Cell, looseEnds, OPERATION_NAMES } from '../../../models/genotype.js'

const operation = fc.constantFrom(...OPERATION_NAMES)

const block = (state: number): fc.Arbitrary<Block> => {
  const path = fc.record({ input: fc.nat(state - 1), operation })
  return fc.record({ left: path, right: path, combine: fc.constantFrom('add', 'concat') })
}

/** Cells of 1 to `most` blocks, some of which name their output. */
export const cells = (most: number): fc.Arbitrary<Cell> =>
  fc.integer({ min: 1, max: most }).chain((count) => {
    const states = Array.from({ length: count + 2 }, (_, state) => state)
    const blocks = fc.tuple(...states.slice(2).map(block))
    return fc.tuple(blocks, fc.subarray(states), fc.boolean()).map(([blocks, kept, named]): Cell => {
      if (!named) return { blocks }
      const needed = looseEnds({ blocks }).filter((state) => state >= 2)
      return { blocks, output: states.filter((state) => kept.includes(state) || needed.includes(state)) }
    })
  })
