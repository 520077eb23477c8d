import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cell, OPERATION_NAMES, random } from '../../../models/index.js'
import { canonicalCell } from '../../../src/search/space/canonical.js'
import { distinctCells, distinctGenotypes, spaceSize } from '../../../src/search/space/count.js'
import { decodeCells, randomDecisions } from '../../../src/search/space/genotypes.js'
import {
  type Decisions,
  decisionSizes,
  paperSpace,
  type SearchSpace,
} from '../../../src/search/space/space.js'
import { permutations, renumbered } from '../../helpers/search/renumbering.js'

const oneCell = (blocks: number, operations: number, combinations: number): SearchSpace => ({
  cells: ['normal'],
  blocks,
  operations: OPERATION_NAMES.slice(0, operations),
  combinations: paperSpace.combinations.slice(0, combinations),
})

function* everyDecisions(space: SearchSpace): Generator<Decisions> {
  let some: Decisions[] = [[]]
  const sizes = decisionSizes(space).map(({ size }) => size)
  // All but the last block's at once, and then one at a time, since these are many.
  for (const size of sizes.slice(0, -5))
    some = some.flatMap((before) => Array.from({ length: size }, (_, option) => [...before, option]))
  const [a, b, c, d, e] = sizes.slice(-5)
  for (const before of some)
    for (let last = 0; last < a * b * c * d * e; last++) {
      const digits = [a, b, c, d, e].reduce<[number, number[]]>(
        ([rest, taken], size) => [Math.floor(rest / size), [...taken, rest % size]],
        [last, []],
      )
      yield [...before, ...digits[1]]
    }
}

for (const [blocks, operations, combinations] of [
  [1, 1, 1],
  [1, 13, 2],
  [2, 1, 1],
  [2, 3, 2],
  [3, 1, 2],
  [3, 2, 1],
  [4, 1, 1],
])
  test(`B = ${blocks}, ${operations} operations, ${combinations} combinations: counted as they are enumerated`, () => {
    const space = oneCell(blocks, operations, combinations)
    const keys = new Set<string>()
    let sequences = 0n
    for (const decisions of everyDecisions(space)) {
      keys.add(canonicalCell(decodeCells(space, decisions).normal as Cell))
      sequences++
    }
    assert.equal(sequences, spaceSize(space))
    assert.equal(distinctCells(space), BigInt(keys.size))
  })

test('the paper’s space', () => {
  // Per cell, states: 2·2 · 3·3 · 4·4 · 5·5 · 6·6; per block, 13·13 operations and 2 combinations.
  assert.equal(spaceSize(paperSpace), (720n ** 2n * (13n * 13n * 2n) ** 5n) ** 2n)
  assert.equal(distinctCells(paperSpace), 12_188_092_317_750_882n)
  assert.equal(distinctGenotypes(paperSpace), 12_188_092_317_750_882n ** 2n)
})

/** How many sequences of decisions make the same cell. */
function sequencesOf(cell: Cell, orders: number[][]): number {
  const texts = orders.flatMap((order) => {
    const other = renumbered(cell, order)
    if (other === undefined) return []
    const side = ({ input, operation }: { input: number; operation: string }) => `${input} ${operation}`
    return other.blocks
      .map(({ left, right, combine }) => [side(left), side(right)].sort().join() + combine)
      .join(';')
  })
  const exchangeable = cell.blocks.filter(
    ({ left, right }) => left.input !== right.input || left.operation !== right.operation,
  )
  return new Set(texts).size * 2 ** exchangeable.length
}

test('B = 5 with 13 operations: as many distinct cells as a sample of sequences tells', () => {
  const space: SearchSpace = { ...paperSpace, cells: ['normal'] }
  const { uniform } = random(4)
  const orders = permutations([2, 3, 4, 5, 6])
  const shares = Array.from({ length: 600 }, () => {
    const cell = decodeCells(space, randomDecisions(space, uniform)).normal as Cell
    return 1 / sequencesOf(cell, orders)
  })
  const mean = shares.reduce((a, b) => a + b) / shares.length
  const deviation = Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0)) / shares.length
  const claimed = Number(distinctCells(space)) / Number(spaceSize(space))
  assert.ok(Math.abs(claimed - mean) < 4 * deviation, `${claimed} claimed, ${mean} ± ${deviation} sampled`)
  assert.ok(deviation < 0.06 * mean, `${mean} ± ${deviation}`)
})

test('cells of several kinds are chosen independently', () => {
  const space = oneCell(2, 2, 1)
  const both: SearchSpace = { ...space, cells: ['normal', 'reduction', 'expansion'] }
  assert.equal(distinctGenotypes(both), distinctCells(space) ** 3n)
})
