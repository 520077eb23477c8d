import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonHandler } from '../src/json/handler.js'
import { JsonReader } from '../src/json/reader.js'
import { packedPolygons, polygonReader } from '../src/masks/packed-polygons.js'

/** Parses `text` given in pieces that end at `cuts`. */
function parse(text: string, cuts: number[] = [], fields?: JsonHandler['fields']): unknown {
  const bytes = Buffer.from(text)
  let whole: unknown
  let list: unknown[] = []
  const reader = new JsonReader({
    entry: (_section, _index, value) => void list.push(value),
    value: (section, value) => {
      if (Array.isArray(value)) list = value
      if (section === null) whole = value
      else whole = { ...((whole as object) ?? {}), [section]: value }
    },
    fields,
  })
  let from = 0
  for (const cut of [
    ...cuts.map((c) => Math.abs(c) % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ]) {
    reader.feed(bytes.subarray(from, cut))
    from = cut
  }
  reader.finish()
  return whole ?? {}
}

describe('the JSON reader', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 6 })

  it('reads what JSON.parse reads, in whatever pieces it comes', () => {
    const value = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()))
    fc.assert(
      fc.property(value, cuts, fc.constantFrom(undefined, 1, '\t'), (input, at, indent) => {
        const text = JSON.stringify(input, undefined, indent)
        assert.deepEqual(parse(text, at), JSON.parse(text))
      }),
      { numRuns: 400 },
    )
  })

  it('reads numbers to the last bit', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), fc.nat(20), (value, digits) => {
        for (const text of [JSON.stringify(value), value.toExponential(digits), value.toFixed(digits)]) {
          assert.ok(Object.is((parse(`[${text}]`) as number[])[0], Number(text)), text)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('reads escapes, multi-byte characters, a byte order mark, and Python’s NaN', () => {
    const text = '\ufeff{"a\\n\\u00e9": ["é\\"\\\\\\/\\ud83d\\ude00 😀", NaN, -Infinity, Infinity]}'
    for (let cut = 0; cut < Buffer.byteLength(text); cut++) {
      assert.deepEqual(parse(text, [cut]), {
        'a\né': ['é"\\/😀 😀', Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      })
    }
  })

  it('keeps a key called __proto__ from being one', () => {
    const [entry] = parse('[{"__proto__": {"polluted": true}}]') as Record<string, unknown>[]
    assert.equal(entry.polluted, undefined)
    assert.deepEqual(Object.keys(entry), ['__proto__'])
  })

  it('refuses what JSON.parse refuses', () => {
    const bad = [
      '',
      '[',
      '{"a"',
      '[1,]',
      '[01]',
      '[1.]',
      '[.5]',
      '[1e]',
      '[-]',
      '{"a":1,}',
      '{a:1}',
      '["\\x"]',
      '["\\u12g4"]',
    ]
    for (const text of [
      ...bad,
      '[1] 2',
      '[tru]',
      '["\n"]',
      'true',
      '"a"',
      '5',
      '[[1}]',
      '{"a" 1}',
      '[1 2]',
    ]) {
      assert.throws(() => parse(text), { name: 'JsonSyntaxError' }, text)
    }
  })

  it('survives endless nesting', () => {
    assert.throws(() => parse('['.repeat(100_000)), /levels of nesting/)
  })

  it('names the place', () => {
    assert.throws(() => parse('{"images": [{"id": 1}, {"id": x}]}'), {
      section: 'images',
      index: 1,
      offset: 30,
      cut: false,
      message: 'expected a value, found "x"',
    })
  })
})

describe('packed polygons', () => {
  const number = fc.oneof(
    fc.integer({ min: -300_000, max: 300_000 }).map((n) => n / 100),
    fc.integer({ min: -5, max: 5000 }),
    fc.double({ min: -1000, max: 1000, noNaN: true }),
    fc.constant(25_000_000),
  )
  const polygons = fc.array(fc.array(number, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 })

  it('are the lists that were written', () => {
    fc.assert(
      fc.property(fc.array(polygons, { minLength: 1, maxLength: 5 }), fc.array(fc.nat()), (list, cuts) => {
        const text = JSON.stringify(list.map((segmentation, id) => ({ id, segmentation, after: true })))
        const read = parse(text, cuts, { segmentation: polygonReader() })
        assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(text))
        assert.deepEqual(read, JSON.parse(text))
      }),
    )
  })

  it('become ordinary lists when someone looks', () => {
    const text = '[{"segmentation": [[1.5, 2.25, 3, 4, 5, 6], [0.01,0,7,8,9,10]]}]'
    const [entry] = parse(text, [], { segmentation: polygonReader() }) as { segmentation: number[][] }[]
    assert.deepEqual([...packedPolygons(entry)!.lengths], [6, 6])
    entry.segmentation[0][0] = 9
    assert.equal(packedPolygons(entry), undefined)
    assert.equal(entry.segmentation[0][0], 9)
    assert.deepEqual(
      { ...entry },
      {
        segmentation: [
          [9, 2.25, 3, 4, 5, 6],
          [0.01, 0, 7, 8, 9, 10],
        ],
      },
    )
    const [other] = parse(text, [], { segmentation: polygonReader() }) as { segmentation: unknown }[]
    other.segmentation = 'mine'
    assert.equal(other.segmentation, 'mine')
  })
})
