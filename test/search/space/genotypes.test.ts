import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ENAS_MICRO,
  type Genotype,
  looseEnds,
  NASNET_A,
  parseGenotype,
  random,
} from '../../../models/index.js'
import {
  type Cells,
  decode,
  decodeAutoencoder,
  decodeCells,
  encode,
  encodeCells,
  mutate,
  randomDecisions,
} from '../../../src/search/space/genotypes.js'
import {
  type Decisions,
  decisionSizes,
  paperSpace,
  type SearchSpace,
} from '../../../src/search/space/space.js'
import { UserError } from '../../../src/shared/errors.js'

const small: SearchSpace = {
  cells: ['normal', 'reduction', 'expansion'],
  blocks: 2,
  operations: ['sep_conv_3x3', 'identity', 'max_pool_3x3'],
  combinations: ['concat'],
}

test('decisions read block by block: states, operations, combination', () => {
  const decisions = randomDecisions(paperSpace, random(1).uniform)
  decisions.splice(5, 5, 2, 1, 10, 0, 1)
  assert.deepEqual(decode(paperSpace, decisions, 'mine').normal.blocks[1], {
    left: { input: 2, operation: 'sep_conv_3x3' },
    right: { input: 1, operation: 'identity' },
    combine: 'concat',
  })
})

test('drawn decisions survive being decoded, written as JSON, read and encoded', () => {
  for (let seed = 0; seed < 100; seed++) {
    const decisions = randomDecisions(paperSpace, random(seed).uniform)
    const genotype = decode(paperSpace, decisions, `child ${seed}`)
    assert.deepEqual(parseGenotype(JSON.parse(JSON.stringify(genotype)), 'child.json'), genotype)
    assert.deepEqual(encode(paperSpace, genotype), decisions)
    const others = randomDecisions(small, random(seed).uniform)
    assert.deepEqual(encodeCells(small, decodeCells(small, others), 'child'), others)
  }
})

test('a published genotype of the space survives being encoded and decoded', () => {
  assert.deepEqual(decode(paperSpace, encode(paperSpace, ENAS_MICRO), ENAS_MICRO.name), ENAS_MICRO)
})

test('an output that lists the loose ends is that of the space', () => {
  const { normal, reduction } = ENAS_MICRO
  const named = { ...ENAS_MICRO, normal: { ...normal, output: looseEnds(normal).reverse() }, reduction }
  assert.deepEqual(encode(paperSpace, named), encode(paperSpace, ENAS_MICRO))
})

const changed = (change: (genotype: Genotype) => void): Genotype => {
  const genotype = structuredClone(ENAS_MICRO)
  change(genotype)
  return genotype
}

const outside: [string, SearchSpace, Genotype, RegExp][] = [
  [
    'cells that also give used states',
    paperSpace,
    NASNET_A,
    /^nasnet-a: normal cell, "output" is 1, 2, 3, 4, 5, 6, but .* no block used leave the cell, here 2, 3, 4, 5, 6$/,
  ],
  [
    'another B',
    { ...paperSpace, blocks: 4 },
    ENAS_MICRO,
    /enas-micro: normal cell has 5 blocks, but the search space has 4/,
  ],
  [
    'an operation that the space lacks',
    { ...paperSpace, operations: ['sep_conv_3x3', 'sep_conv_5x5', 'identity', 'avg_pool_3x3'] },
    ENAS_MICRO,
    /reduction cell, block 3, left: operation max_pool_3x3 is not in the search space, which has sep_conv_3x3, /,
  ],
  [
    'a combination that the space lacks',
    { ...paperSpace, combinations: ['concat'] },
    ENAS_MICRO,
    /normal cell, block 2: the combination add is not in the search space/,
  ],
  [
    'a block that reads itself',
    paperSpace,
    changed(({ normal }) => {
      normal.blocks[1].right.input = 3
    }),
    /normal cell, block 3 reads state 3, but may read 0 to 2/,
  ],
  [
    'a cell that the space lacks',
    { ...paperSpace, cells: ['normal'] },
    ENAS_MICRO,
    /has a cell "reduction", but/,
  ],
  [
    'too few cells',
    { ...paperSpace, cells: [...small.cells] },
    ENAS_MICRO,
    /enas-micro has no cell "expansion"/,
  ],
]

for (const [name, space, genotype, message] of outside)
  test(`${name}: outside the space`, () => {
    assert.throws(
      () => encode(space, genotype),
      (error) => error instanceof UserError && message.test(error.message),
    )
  })

test('a space of other cells makes cells, and no genotype', () => {
  const decisions = randomDecisions(small, random(3).uniform)
  assert.deepEqual(Object.keys(decodeCells(small, decisions)), small.cells)
  for (const space of [small, { ...small, cells: ['normal'] } satisfies SearchSpace])
    assert.throws(
      () => decode(space, decisions.slice(0, decisionSizes(space).length), 'x'),
      /A genotype has a normal and a reduction cell, but the search space has normal/,
    )
  assert.deepEqual(decodeAutoencoder(small, decisions, 'x'), { name: 'x', ...decodeCells(small, decisions) })
  assert.throws(
    () => decodeAutoencoder(paperSpace, randomDecisions(paperSpace, random(3).uniform), 'x'),
    /An autoencoder has a normal, a reduction and an expansion cell, but the search space has normal, reduction/,
  )
  const cells: Cells = decodeCells(small, decisions)
  delete cells.expansion
  assert.throws(() => encodeCells(small, cells, 'x.json'), /x\.json has no cell "expansion"/)
})

/** How often each option was taken, and how often it should have been: within five standard deviations. */
function assertFrequency(taken: number, draws: number, probability: number, what: string): void {
  const spread = Math.sqrt(draws * probability * (1 - probability))
  assert.ok(Math.abs(taken - draws * probability) < 5 * spread, `${what}: ${taken} of ${draws}`)
}

const draws = 4000

test('all options of a drawn decision are equally likely', () => {
  const { uniform } = random(5)
  const drawn = Array.from({ length: draws }, () => randomDecisions(small, uniform))
  for (const [index, { size }] of decisionSizes(small).entries())
    for (let option = 0; option < size; option++) {
      const taken = drawn.filter((decisions) => decisions[index] === option).length
      if (size > 1) assertFrequency(taken, draws, 1 / size, `decision ${index}, option ${option}`)
      else assert.equal(taken, draws)
    }
})

test('a mutation changes one decision, each that can change and to each other option alike', () => {
  const { uniform } = random(6)
  const parent: Decisions = randomDecisions(small, uniform)
  const before = [...parent]
  const changes = new Map<string, number>()
  for (let draw = 0; draw < draws; draw++) {
    const child = mutate(small, parent, uniform)
    const changed = child.flatMap((decision, index) => (decision === parent[index] ? [] : [index]))
    assert.equal(changed.length, 1)
    const key = `${changed[0]} ${child[changed[0]]}`
    changes.set(key, (changes.get(key) ?? 0) + 1)
  }
  assert.deepEqual(parent, before)
  // Nothing but concat combines here, so that eight decisions of each of three cells can change.
  const alternatives = decisionSizes(small).flatMap(({ size }, index) =>
    Array.from({ length: size }, (_, option) => ({ index, option, probability: 1 / 24 / (size - 1) })),
  )
  for (const { index, option, probability } of alternatives)
    if (option !== parent[index])
      assertFrequency(changes.get(`${index} ${option}`) ?? 0, draws, probability, `${index} to ${option}`)
})
