import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkDecisions,
  decisionSizes,
  paperSpace,
  type SearchSpace,
  validateSpace,
} from '../../../src/search/space/space.js'
import { UserError } from '../../../src/shared/errors.js'

test('the paper’s space takes 2 × 5 × 5 decisions', () => {
  const sizes = decisionSizes(paperSpace)
  assert.equal(sizes.length, 50)
  assert.deepEqual(
    sizes.slice(0, 10).map(({ size }) => size),
    [2, 2, 13, 13, 2, 3, 3, 13, 13, 2],
  )
  assert.deepEqual(sizes[0], { cell: 'normal', block: 2, kind: 'state', side: 'left', size: 2 })
  assert.deepEqual(sizes[48], { cell: 'reduction', block: 6, kind: 'operation', side: 'right', size: 13 })
  assert.deepEqual(sizes[49], { cell: 'reduction', block: 6, kind: 'combine', size: 2 })
})

test('a space survives being written as JSON and read', () => {
  assert.deepEqual(validateSpace(JSON.parse(JSON.stringify(paperSpace))), paperSpace)
})

const impossible: [string, Partial<Record<keyof SearchSpace | 'width', unknown>>, RegExp][] = [
  ['no operation', { operations: [] }, /"space.operations" is \[\], but must be a list of at least one/],
  ['no combination', { combinations: [] }, /"space.combinations" is \[\]/],
  ['no cell', { cells: [] }, /"space.cells" is \[\]/],
  ['no block', { blocks: 0 }, /"space.blocks" is 0, but must be a whole number from 1 to 20/],
  ['half a block', { blocks: 2.5 }, /"space.blocks" is 2.5/],
  ['a slip of the pen', { blocks: 500 }, /"space.blocks" is 500/],
  [
    'an operation twice',
    { operations: ['identity', 'conv_1x1', 'identity'] },
    /"space.operations" lists identity twice; list it once/,
  ],
  ['a cell twice', { cells: ['normal', 'normal'] }, /"space.cells" lists normal twice/],
  [
    'an unknown operation',
    { operations: ['identity', 'conv_9x9'] },
    /"space.operations\[1\]" is "conv_9x9".*sep_conv_7x7/,
  ],
  [
    'an unknown cell',
    { cells: ['dilation'] },
    /"space.cells\[0\]" is "dilation", but must be one of normal, reduction, expansion/,
  ],
  ['an unknown combination', { combinations: ['mean'] }, /one of add, concat/],
  [
    'a text instead of a list',
    { operations: 'identity' },
    /"space.operations" is "identity", but must be a list/,
  ],
  ['an unknown field', { width: 3 }, /"space.width" is not known here; known are cells, blocks/],
]

for (const [name, change, message] of impossible)
  test(`refuses ${name}`, () => {
    assert.throws(
      () => validateSpace({ ...paperSpace, ...change }),
      (error) => error instanceof UserError && message.test(error.message),
    )
  })

test('decisions of another space are refused, by the first that is wrong', () => {
  const decisions = decisionSizes(paperSpace).map(() => 0)
  checkDecisions(paperSpace, decisions)
  const refused = (changed: number[], message: RegExp) =>
    assert.throws(
      () => checkDecisions(paperSpace, changed),
      (error) => error instanceof UserError && message.test(error.message),
    )
  refused(decisions.slice(1), /takes 50 decisions, not 49/)
  for (const [index, value, message] of [
    [5, 3, /Decision 5 \(normal cell, block 3, left state\) is 3, but must be a whole number from 0 to 2/],
    [29, 2, /Decision 29 \(reduction cell, block 2, combine\) is 2/],
    [2, -1, /left operation\) is -1/],
    [2, 0.5, /is 0.5/],
  ] as const)
    refused(
      decisions.map((old, at) => (at === index ? value : old)),
      message,
    )
})
