import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Block, type Cell, ENAS_MICRO, looseEnds, random } from '../../../models/index.js'
import { canonicalCell, canonicalKey } from '../../../src/search/space/canonical.js'
import { below, decode, decodeCells, mutate, randomDecisions } from '../../../src/search/space/genotypes.js'
import { decisionSizes, paperSpace, type SearchSpace } from '../../../src/search/space/space.js'
import { permutations, renumbered } from '../../helpers/search/renumbering.js'

const few: SearchSpace = {
  cells: ['normal'],
  blocks: 4,
  operations: ['sep_conv_3x3', 'identity'],
  combinations: ['add', 'concat'],
}

test('renumbering blocks and exchanging sides does not change the key', () => {
  const { uniform } = random(1)
  const orders = permutations([2, 3, 4, 5, 6])
  for (let trial = 0; trial < 50; trial++) {
    const genotype = decode(paperSpace, randomDecisions(paperSpace, uniform), 'a')
    const valid = orders.flatMap((order) => renumbered(genotype.normal, order) ?? [])
    const other = valid[below(valid.length, uniform)]
    for (const block of other.blocks)
      if (uniform() < 0.5) [block.left, block.right] = [block.right, block.left]
    assert.equal(canonicalKey({ ...genotype, normal: other }), canonicalKey(genotype))
  }
})

test('two cells have the same key exactly if a renumbering makes one of the other', () => {
  const { uniform } = random(2)
  const orders = permutations([2, 3, 4, 5])
  const sorted = ({ blocks }: Cell) =>
    JSON.stringify(
      blocks.map(({ left, right, combine }) => [
        combine,
        ...[left, right].map(({ input, operation }) => `${input} ${operation}`).sort(),
      ]),
    )
  let same = 0
  for (let trial = 0; trial < 300; trial++) {
    const decisions = randomDecisions(few, uniform)
    const a = decodeCells(few, decisions).normal as Cell
    // Near ones, since two cells drawn alone are never the same.
    const near = mutate(few, mutate(few, decisions, uniform), uniform)
    const b = decodeCells(few, trial % 3 === 0 ? mutate(few, decisions, uniform) : near).normal as Cell
    const alike = orders.some((order) => {
      const candidate = renumbered(a, order)
      return candidate !== undefined && sorted(candidate) === sorted(b)
    })
    if (alike) same++
    assert.equal(canonicalCell(a) === canonicalCell(b), alike, `${sorted(a)} ${sorted(b)}`)
  }
  assert.ok(same > 5, `only ${same} pairs were the same`)
})

const block = (left: number, right: number, combine: Block['combine'] = 'add'): Block => ({
  left: { input: left, operation: 'sep_conv_3x3' },
  right: { input: right, operation: 'sep_conv_3x3' },
  combine,
})

test('two equal blocks stay two', () => {
  const shared = { blocks: [block(0, 1), block(0, 1), block(2, 2)] }
  const apart = { blocks: [block(0, 1), block(0, 1), block(2, 3)] }
  const one = { blocks: [block(0, 1), block(2, 2)] }
  const keys = [shared, apart, one].map(canonicalCell)
  assert.equal(new Set(keys).size, 3)
  assert.equal(canonicalCell({ blocks: [block(0, 1), block(0, 1), block(3, 3)] }), keys[0])
})

test('what combines, what leaves and which cell it is count; the name does not', () => {
  const cell = { blocks: [block(0, 1)] }
  assert.notEqual(canonicalCell(cell), canonicalCell({ blocks: [block(0, 1, 'concat')] }))
  assert.notEqual(canonicalCell(cell), canonicalCell({ ...cell, output: [0, 2] }))
  assert.notEqual(canonicalCell(cell), canonicalCell({ blocks: [block(0, 0)] }))
  assert.notEqual(canonicalKey({ normal: cell }), canonicalKey({ reduction: cell }))
  assert.equal(canonicalKey({ ...ENAS_MICRO, name: 'other' } as typeof ENAS_MICRO), canonicalKey(ENAS_MICRO))
  const { normal, reduction } = ENAS_MICRO
  const named = { normal: { ...normal, output: looseEnds(normal).reverse() }, reduction }
  assert.equal(canonicalKey(named), canonicalKey(ENAS_MICRO))
})

test('many equal blocks take no longer than others', () => {
  const space: SearchSpace = { ...few, blocks: 20 }
  const decisions = decisionSizes(space).map(() => 0)
  assert.match(canonicalKey(decodeCells(space, decisions)), /gives 1,2,3,4,/)
})
