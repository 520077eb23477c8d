import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as z from 'zod/mini'
import { UserError } from '../../src/shared/errors.js'
import { number, renamed, rule, text, validate, wholeNumber } from '../../src/shared/validation.js'

const shape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('square'), side: number({ above: 0 }) }),
  z.strictObject({ kind: z.literal('box'), sides: z.tuple([wholeNumber(1, 9), wholeNumber(1)]) }),
])
const drawing = z
  .strictObject({
    name: text(),
    opacity: z._default(number({ from: 0, to: 1 }), 1),
    mirrored: z.boolean(),
    mode: z.enum(['fill', 'line']),
    shapes: z.array(shape),
    note: z.optional(z.nullable(text())),
    counts: z.record(z.string(), z.number()),
  })
  .check(
    rule(({ mode, shapes }, refuse) => {
      if (mode === 'line' && shapes.length > 1)
        refuse(['shapes', 1], 'is one more than a line can be drawn around')
    }),
  )

const good = {
  name: 'a',
  opacity: 0.5,
  mirrored: false,
  mode: 'fill',
  shapes: [
    { kind: 'square', side: 2 },
    { kind: 'box', sides: [1, 2] },
  ],
  counts: { red: 1 },
}

describe('validate', () => {
  it('returns what fits, in the order of the schema and with its defaults', () => {
    const { name, opacity, ...rest } = good
    const read = validate(drawing, { ...rest, name })
    assert.deepEqual(read, { ...good, opacity: 1 })
    assert.deepEqual(Object.keys(read).slice(0, 3), ['name', 'opacity', 'mirrored'])
  })

  for (const [change, sentence] of [
    [{ name: '' }, '"name" is "", but must be a text that is not empty'],
    [{ name: undefined }, '"name" is missing, but must be a text that is not empty'],
    [{ opacity: 2 }, '"opacity" is 2, but must be a number from 0 to 1'],
    [{ opacity: Number.NaN }, '"opacity" is NaN, but must be a number from 0 to 1'],
    [{ mirrored: 'no' }, '"mirrored" is "no", but must be true or false'],
    [{ mode: 'dots' }, '"mode" is "dots", but must be one of fill, line'],
    [{ shapes: {} }, '"shapes" is {}, but must be a list'],
    [{ shapes: [null] }, '"shapes[0]" is null, but must be an object { … }'],
    [{ shapes: [{ side: 1 }] }, '"shapes[0].kind" is missing, but must be one of square, box'],
    [{ shapes: [{ kind: 'oval' }] }, '"shapes[0].kind" is "oval", but must be one of square, box'],
    [{ shapes: [{ kind: 'square', side: 0 }] }, '"shapes[0].side" is 0, but must be a number above 0'],
    [{ shapes: [{ kind: 'box', sides: [1] }] }, '"shapes[0].sides" is [1], but must be a list of 2'],
    [
      { shapes: [{ kind: 'box', sides: [1, 2, 3] }] },
      '"shapes[0].sides" is [1,2,3], but must be a list of 2',
    ],
    [{ shapes: [{ kind: 'box', sides: 7 }] }, '"shapes[0].sides" is 7, but must be a list of 2'],
    [
      { shapes: [{ kind: 'box', sides: [10, 1] }] },
      '"shapes[0].sides[0]" is 10, but must be a whole number from 1 to 9',
    ],
    [
      { shapes: [{ kind: 'box', sides: [1, 0.5] }] },
      '"shapes[0].sides[1]" is 0.5, but must be a whole number of 1 or more',
    ],
    [{ note: '' }, '"note" is "", but must be a text that is not empty'],
    [{ counts: [] }, '"counts" is [], but must be an object { … }'],
    [{ counts: { red: 'many' } }, '"counts.red" is "many", but must be a number'],
    [{ mode: 'line' }, '"shapes[1]" is one more than a line can be drawn around'],
    [
      { name: undefined, nmae: 'a' },
      '"nmae" is not known here; known are name, opacity, mirrored, mode, shapes, note, counts',
    ],
    [
      { name: { long: 'x'.repeat(100) } },
      `"name" is {"long":"${'x'.repeat(48)}…, but must be a text that is not empty`,
    ],
  ] as [object, string][])
    it(`says: ${sentence}`, () => {
      assert.throws(() => validate(drawing, { ...good, ...change }), { name: 'UserError', message: sentence })
    })

  it('names the whole value, and throws what it is asked to', () => {
    assert.throws(() => validate(drawing, null), { message: 'it is null, but must be an object { … }' })
    assert.throws(() => validate(drawing, [], { field: 'drawing' }), {
      message: '"drawing" is [], but must be an object { … }',
    })
    assert.throws(() => validate(drawing, { ...good, name: 3 }, { field: 'drawing' }), {
      message: '"drawing.name" is 3, but must be a text that is not empty',
    })
    const options = {
      errorOf: (words: string) => new RangeError(words),
      nameOf: (path: readonly PropertyKey[]) => `The part ${path.join(' of ')}`,
    }
    assert.throws(() => validate(drawing, { ...good, mode: 1 }, options), {
      name: 'RangeError',
      message: 'The part mode is 1, but must be one of fill, line',
    })
  })
})

describe('renamed', () => {
  const schema = renamed(
    { colour: 'color', regions: 'parts' },
    z.strictObject({ color: text(), parts: wholeNumber(0) }),
  )

  it('reads fields under their earlier names', () => {
    for (const value of [
      { color: 'red', parts: 1 },
      { colour: 'red', parts: 1 },
      { regions: 1, colour: 'red' },
    ])
      assert.deepEqual(validate(schema, value), { color: 'red', parts: 1 })
  })

  it('refuses both names at once, and what is no object', () => {
    assert.throws(
      () => validate(schema, { color: 'red', colour: 'blue', parts: 1 }),
      /^UserError: "colour" is not known here; known are color, parts$/,
    )
    assert.throws(() => validate(schema, { colour: 'red', parts: -1 }), /"parts" is -1/)
    for (const none of [null, 3, 'text', [], undefined])
      assert.throws(
        () => validate(schema, none),
        (error) => error instanceof UserError && /an object/.test(error.message),
      )
  })
})
