import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { COCO, COCOeval } from '../src/index.js'
import { longDecimal } from '../src/json/decimal.js'
import { fileIn, refused, smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()
const coco = new COCO(smallDataset())

/** Reads a text into columns, and as a list of objects, which is checked entry by entry. */
async function bothWays(text: string): Promise<[fast: COCO, careful: COCO]> {
  return [await coco.loadRes(fileIn(folder, 'results.json', text)), await coco.loadRes(JSON.parse(text))]
}

describe('boxes in columns', () => {
  it('are the entries that the careful reader gives', async () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: -999, max: 999 }).map((value) => value / 100),
    )
    const size = number.map(Math.abs)
    const entry = fc.record({
      image_id: fc.constantFrom(1, 2, 3),
      category_id: fc.constantFrom(1, 7, 9),
      bbox: fc.tuple(number, number, size, size),
      score: number,
    })
    const keys = fc.shuffledSubarray(['image_id', 'category_id', 'bbox', 'score'] as const, { minLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 40 }),
        keys,
        fc.constantFrom(0, 1),
        async (list, order, indent) => {
          const ordered = list.map((one) => Object.fromEntries(order.map((key) => [key, one[key]])))
          const [fast, careful] = await bothWays(JSON.stringify(ordered, null, indent))
          assert.ok(fast.boxColumns, 'the fast parser gave up')
          assert.deepEqual(fast.dataset.annotations, careful.dataset.annotations)
          assert.equal(fast.boxColumns, undefined)
          assert.deepEqual(
            [fast.anns, fast.imgToAnns, fast.catToImgs],
            [careful.anns, careful.imgToAnns, careful.catToImgs],
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it('span pieces of a large file', async () => {
    const list = Array.from({ length: 70_000 }, (_, i) => ({ ...smallResults()[i % 3], score: i / 70_000 }))
    const [fast, careful] = await bothWays(JSON.stringify(list))
    assert.ok(fast.boxColumns)
    assert.deepEqual(fast.dataset.annotations, careful.dataset.annotations)
  })

  it('are left to the careful reader where anything is unusual', async () => {
    const [first] = smallResults()
    const unusual: [string, object][] = [
      ['another key', { ...first, area: 5 }],
      ['an id as text', { ...first, image_id: '1' }],
      ['a score as text', { ...first, score: '0.5' }],
      ['a box as text', { ...first, bbox: ['1', 2, 3, 4] }],
    ]
    for (const [what, entry] of unusual) {
      const [fast, careful] = await bothWays(JSON.stringify([first, entry]))
      assert.equal(fast.boxColumns, undefined, what)
      assert.deepEqual(fast.dataset.annotations, careful.dataset.annotations, what)
      assert.deepEqual(fast.completed, careful.completed, what)
    }
  })

  it('lose no message', async () => {
    const good = JSON.stringify(smallResults()[0])
    const cases: [string, RegExp][] = [
      [
        `[${good}, ${good.replace('"image_id":1', '"image_id":5')}]`,
        /results\[1\]: image_id 5 is not the id/,
      ],
      [
        `[${good.replace('"category_id":1', '"category_id":4')}]`,
        /category_id 4 is not the id of a category/,
      ],
      [`[${good.replace('20,30', '-20,30')}]`, /bbox\[2\] is -20, but a width cannot be negative/],
      [`[${good.replace('0.9', 'NaN')}]`, /score is NaN, but must be a finite number/],
      [`[${good.replace('0.9', '1e999')}]`, /score is Infinity/],
      [`[${good.replace('0.9', '00.9')}]`, /not valid JSON at byte/],
      [`[${good.replace('0.9', '.9')}]`, /not valid JSON at byte/],
      [`[${good} ${good}]`, /not valid JSON at byte .*expected "," or "\]"/],
      [`[${good},`, /The file is cut short/],
      [`[${good}] x`, /expected the end of the file/],
      ['', /the file is empty/],
    ]
    for (const [text, message] of cases)
      await refused(() => coco.loadRes(fileIn(folder, 'bad.json', text)), message)
    await refused(() => coco.loadRes(folder), /this is a folder/)
  })

  it('can be changed once they are annotations', async () => {
    const results = await coco.loadRes(fileIn(folder, 'd.json', JSON.stringify(smallResults())))
    const ap = (): number => {
      const run = new COCOeval(coco, results, 'bbox')
      run.evaluate()
      run.accumulate()
      return run.summarize(() => {})[1]
    }
    const before = ap()
    for (const ann of results.dataset.annotations) ann.bbox = [0, 0, 1, 1]
    assert.ok(before > 0)
    assert.equal(ap(), 0)
  })
})

describe('long decimals', () => {
  it('are rounded as Number rounds them, or left to it', () => {
    let decided = 0
    const digits = fc
      .integer({ min: 16, max: 19 })
      .chain((length) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }))
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 22 }), (list, decimals) => {
        const text = list.join('')
        const value = longDecimal(
          Number(text.slice(0, 15)),
          Number(text.slice(15)),
          text.length - 15,
          decimals,
        )
        if (Number.isNaN(value)) return
        decided++
        assert.equal(value, Number(`${text}e-${decimals}`))
      }),
      { numRuns: 5000 },
    )
    assert.ok(decided > 4900)
  })

  it('are undecided in the middle of two doubles', () => {
    // 2⁵³ + 1 lies between two doubles.
    assert.ok(Number.isNaN(longDecimal(900_719_925_474_099, 3, 1, 0)))
  })
})
