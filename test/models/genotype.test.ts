import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  looseEnds,
  ModelError,
  NASNET_A,
  OPERATION_NAMES,
  outputStates,
  parseAnyGenotype,
  parseGenotype,
} from '../../models/index.js'

const copy = () => JSON.parse(JSON.stringify(NASNET_A))

test('a genotype survives being written as JSON and read', () => {
  assert.deepEqual(parseGenotype(copy(), 'a.json'), NASNET_A)
})

test('the genotype of an autoencoder is read as such, and refused where a classifier’s is wanted', () => {
  const cells = { ...copy(), expansion: NASNET_A.normal }
  assert.deepEqual(parseAnyGenotype(cells, 'a.json'), cells)
  assert.deepEqual(parseAnyGenotype(copy(), 'a.json'), NASNET_A)
  assert.throws(() => parseGenotype(cells, 'a.json'), {
    name: 'ModelError',
    message:
      'a.json is the genotype of an autoencoder: it has an expansion cell, for which classifiers and detectors ' +
      'have no place; give one with a normal and a reduction cell alone',
  })
  assert.throws(
    () => parseAnyGenotype({ ...copy(), expansion: {} }, 'a.json'),
    /a\.json: expansion cell, "blocks" is missing/,
  )
})

test('without "output", the states that no block used leave the cell', () => {
  assert.deepEqual(looseEnds(NASNET_A.normal), [2, 3, 4, 5, 6])
  assert.deepEqual(looseEnds(NASNET_A.reduction), [4, 5, 6])
  const genotype = copy()
  delete genotype.normal.output
  assert.deepEqual(outputStates(parseGenotype(genotype, 'a.json').normal), [2, 3, 4, 5, 6])
  for (const path of ['left', 'right']) for (const block of genotype.normal.blocks) block[path].input = 0
  assert.deepEqual(looseEnds(parseGenotype(genotype, 'a.json').normal), [1, 2, 3, 4, 5, 6])
})

// What is wrong, where it is put (nothing: the field is removed), and what the message must say.
const mistakes: [string, string, unknown, RegExp][] = [
  ['no name', 'name', undefined, /^g\.json: "name" is missing, but must be a text/],
  [
    'no reduction cell',
    'reduction',
    undefined,
    /^g\.json: the reduction cell is missing, but must be an object/,
  ],
  [
    'no blocks',
    'normal.blocks',
    [],
    /normal cell, "blocks" is \[\], but must be a list of at least one block/,
  ],
  [
    'an unknown operation',
    'normal.blocks.1.right.operation',
    'conv_9x9',
    /normal cell, block 3, right, "operation" is "conv_9x9", but must be one of/,
  ],
  [
    'a name from Object.prototype',
    'normal.blocks.0.left.operation',
    'toString',
    /block 2, left, "operation" is "toString", but must be/,
  ],
  [
    'a block that reads itself',
    'reduction.blocks.2.left.input',
    4,
    /reduction cell, block 4, left, "input" is 4, which is the block itself; use a state from 0 to 3/,
  ],
  [
    'a block that reads a later one',
    'reduction.blocks.0.right.input',
    6,
    /reduction cell, block 2, right, "input" is 6, which is a later block; use a state from 0 to 1/,
  ],
  [
    'a negative input',
    'normal.blocks.0.left.input',
    -1,
    /block 2, left, "input" is -1, but must be a state from 0 to 1/,
  ],
  ['half an input', 'normal.blocks.0.left.input', 0.5, /"input" is 0\.5, but must be a state from 0 to 1/],
  [
    'an unknown way to combine',
    'normal.blocks.4.combine',
    'mean',
    /block 6, "combine" is "mean", but must be one of add, concat/,
  ],
  [
    'a misspelt field',
    'normal.blocks.4.combin',
    'add',
    /block 6, "combin" is not known here; known are left, right, combine/,
  ],
  ['a block that is none', 'normal.blocks.4', 'add', /block 6 is "add", but must be an object/],
  [
    'an output beyond the blocks',
    'normal.output',
    [2, 7],
    /"output" is \[2,7\], but must list different states from 0 to 6/,
  ],
  ['an output twice', 'normal.output', [2, 2], /"output" is \[2,2\], but must list different states/],
  ['a block that is lost', 'normal.output', [1, 2, 3, 4, 5], /block 6 is used by nothing; add 6 to "output"/],
]

for (const [name, place, value, message] of mistakes)
  test(`refuses ${name}`, () => {
    const genotype = copy()
    const fields = place.split('.')
    const last = fields.pop() as string
    const owner = fields.reduce((object, field) => object[field], genotype)
    if (value === undefined) delete owner[last]
    else owner[last] = value
    refuses(genotype, message)
  })

test('refuses what is no object', () => {
  refuses([1], /^g\.json is \[1\], but must be an object/)
  refuses(null, /^g\.json is null, but must be an object/)
})

function refuses(genotype: unknown, message: RegExp) {
  assert.throws(
    () => parseGenotype(genotype, 'g.json'),
    (error) => error instanceof ModelError && message.test(error.message),
  )
}

/** Every field below `value`, by its path. */
function fieldsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const below = Object.entries(value).flatMap(([key, child]) => fieldsOf(child, [...path, key]))
  return path.length === 0 ? below : [path, ...below]
}

test('whatever a hand puts into a field, the error names cell, block, side and field', () => {
  for (const path of fieldsOf(NASNET_A)) {
    const [cell, list, index, side, field] = path
    const words = path.length === 1 ? [cell] : [`${cell} cell`]
    if (list === 'output') words.push('"output"')
    else if (index !== undefined) words.push(`block ${Number(index) + 2}`)
    if (side !== undefined) words.push(side)
    if (field !== undefined) words.push(field)
    for (const junk of [null, true, -1, 99, 0.5, '', 'sep', [], {}, undefined]) {
      const genotype = copy()
      const owner = path.slice(0, -1).reduce((object, key) => object[key], genotype)
      owner[path.at(-1) as string] = junk
      const whole = path.length === 2 && list === 'output' && junk === undefined
      if (whole || (path.length === 1 && cell === 'name' && junk === 'sep')) continue
      assert.throws(
        () => parseGenotype(genotype, 'g.json'),
        (error: Error) =>
          error instanceof ModelError &&
          error.message.startsWith('g.json: ') &&
          words.every((word) => error.message.includes(word)),
        `${path.join('.')} = ${JSON.stringify(junk)}`,
      )
    }
  }
})

test('an unknown operation lists all 13', () => {
  const genotype = copy()
  genotype.normal.blocks[0].left.operation = 'none'
  assert.equal(OPERATION_NAMES.length, 13)
  assert.throws(
    () => parseGenotype(genotype, 'g.json'),
    (error: Error) => OPERATION_NAMES.every((name) => error.message.includes(name)),
  )
})
