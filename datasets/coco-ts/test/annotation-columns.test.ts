import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { orderByScore } from '../src/eval/order-by-score.js'
import { COCO, COCOeval } from '../src/index.js'
import { PlainNumbers } from '../src/json/plain-number.js'
import { fileIn, refused, smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

/** Reads a text into columns, and as an object, which is checked entry by entry. */
async function bothWays(text: string): Promise<[fast: COCO, careful: COCO]> {
  return [await COCO.load(fileIn(folder, 'gt.json', text)), await COCO.load(JSON.parse(text))]
}

function assertSame(fast: COCO, careful: COCO): void {
  assert.deepEqual([fast.problems, fast.completed], [careful.problems, careful.completed])
  assert.deepEqual(fast.dataset, careful.dataset)
  assert.equal(JSON.stringify(fast.dataset), JSON.stringify(careful.dataset))
  assert.deepEqual(
    [fast.anns, fast.imgToAnns, fast.catToImgs],
    [careful.anns, careful.imgToAnns, careful.catToImgs],
  )
}

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -99_999, max: 99_999 }).map((value) => value / 100),
)
const size = number.map(Math.abs)
const coordinate = fc.integer({ min: -300, max: 70_000 }).map((value) => value / 100)
const polygon = fc
  .integer({ min: 3, max: 9 })
  .chain((corners) => fc.array(coordinate, { minLength: 2 * corners, maxLength: 2 * corners }))
const plainMask = fc.array(polygon, { minLength: 1, maxLength: 3 })
const oddMask = fc.constantFrom<unknown>(
  ...[[], null, { size: [80, 100], counts: [100, 50, 7850] }, { size: [1, 1], counts: [9] }],
  ...[
    [[1, 2, 3]],
    [[1, 2, 3, 4, 5, 6.123]],
    'mask',
    [
      [1, 2, 3, 4, 5, 6],
      [7, 8],
    ],
  ],
)
const KEYS = ['id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'segmentation'] as const

describe('annotations in columns', () => {
  it('are the entries that are checked one by one, whatever is among them', async () => {
    const entry = (mask: fc.Arbitrary<unknown>) =>
      fc.record({
        id: fc.integer({ min: 1, max: 1e9 }),
        image_id: fc.constantFrom(1, 2, 3),
        category_id: fc.constantFrom(1, 7, 9),
        bbox: fc.tuple(number, number, size, size),
        area: size,
        iscrowd: fc.constantFrom(0, 1),
        segmentation: mask,
      })
    const keys = fc.shuffledSubarray([...KEYS], { minLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry(plainMask), { maxLength: 20, selector: ({ id }) => id }),
        fc.array(entry(oddMask), { maxLength: 2 }),
        keys,
        fc.constantFrom(undefined, 1, '\t'),
        async (plain, odd, order, indent) => {
          const wanted = KEYS.filter(
            (key) => order.includes(key) || !['iscrowd', 'segmentation'].includes(key),
          )
          const all = [...order, ...wanted.filter((key) => !order.includes(key))]
          const mixed = [...plain]
          for (const [i, one] of odd.entries()) mixed.splice(3 * i + 1, 0, { ...one, id: 2e9 + i })
          const annotations = mixed.map((one) => Object.fromEntries(all.map((key) => [key, one[key]])))
          const [fast, careful] = await bothWays(
            JSON.stringify({ ...smallDataset(), annotations }, null, indent),
          )
          if (odd.length === 0) assert.ok(fast.annotationColumns, 'they are objects')
          assertSame(fast, careful)
          assert.equal(fast.annotationColumns, undefined)
        },
      ),
      { numRuns: 150 },
    )
  })

  it('span pieces of a large file, and change the way they are written', async () => {
    const [first, second] = smallDataset().annotations
    const list = Array.from({ length: 20_000 }, (_, i) => ({ ...(i % 2 ? first : second), id: i + 1 }))
    const text = (indent?: number): string => list.map((one) => JSON.stringify(one, null, indent)).join(', ')
    const { images, categories } = smallDataset()
    const again = text(2).replace(/"id": (\d+)/g, (_, id) => `"id": ${30_000 + Number(id)}`)
    const rest = JSON.stringify({ images, categories }).slice(1)
    const [fast, careful] = await bothWays(`{"annotations": [${text()}, ${again}], ${rest}`)
    assert.equal(fast.annotationColumns?.id.length, 40_000)
    assertSame(fast, careful)
  })

  it('are not used where most entries are something else', async () => {
    const [one] = smallDataset().annotations
    const annotations = Array.from({ length: 500 }, (_, id) => ({
      ...one,
      id,
      ...(id > 50 && { extra: 'text' }),
    }))
    const [fast, careful] = await bothWays(JSON.stringify({ ...smallDataset(), annotations }))
    assert.equal(fast.annotationColumns, undefined)
    assertSame(fast, careful)
  })

  it('lose no message', async () => {
    const text = JSON.stringify({ ...smallDataset(), annotations: smallDataset().annotations.slice(0, 2) })
    const cases: [string, string, RegExp][] = [
      [
        '"image_id":1,"category_id":7',
        '"image_id":5,"category_id":7',
        /annotations\[1\] \(id 12\): image_id 5 is not/,
      ],
      [
        '"category_id":7',
        '"category_id":8',
        /annotations\[1\] \(id 12\): category_id 8 is not the id of a category/,
      ],
      ['"id":12', '"id":11', /annotations\[1\] \(id 11\): another entry before it has the same id 11/],
      ['[40,10,20,30]', '[40,10,-20,30]', /bbox\[2\] is -20, but a width cannot be negative/],
      ['[40,10,20,30]', '[40,10,20,1e999]', /bbox\[3\] is Infinity/],
      ['"id":12', '"id":9007199254740993', /^$/],
      ['"id":12', '"id":012', /not valid JSON at byte .* in annotations\[1\]/],
      ['40.25', '40.', /not valid JSON at byte .* in annotations\[1\]/],
      [
        '"iscrowd":0,"segmentation":[[40',
        '"iscrowd":2,"segmentation":[[40',
        /iscrowd is 2, but must be 0 or 1/,
      ],
    ]
    for (const [from, to, message] of cases) {
      assert.ok(text.includes(from), from)
      const path = fileIn(folder, 'bad.json', text.replace(from, to))
      if (message.source === '^$') {
        const { completed } = await COCO.load(path)
        assert.match(completed.groups[0].first.message, /id is 9007199254740993, .*it was given the id/)
      } else await refused(() => COCO.load(path), message)
    }
    const cut = Buffer.from(text).subarray(0, text.indexOf('40.25') + 3)
    await refused(
      () => COCO.load(fileIn(folder, 'cut.json', cut)),
      /in annotations\[1\]\)\. The file is cut short/,
    )
  })

  it('keep what is done to the objects that are made of them', async () => {
    const coco = await COCO.load(fileIn(folder, 'gt.json', JSON.stringify(smallDataset())))
    const results = await coco.loadRes(smallResults())
    const ap = (): number => {
      const run = new COCOeval(coco, results, 'bbox')
      run.evaluate()
      run.accumulate()
      return run.summarize(() => {})[1]
    }
    assert.ok(coco.annotationColumns)
    const before = ap()
    for (const annotation of coco.dataset.annotations) annotation.bbox = [0, 0, 1, 1]
    assert.ok(before > 0)
    assert.equal(ap(), 0)
  })

  it('are captions where there are captions', async () => {
    const captions = {
      images: smallDataset().images,
      annotations: [{ id: 1, image_id: 2, caption: 'a cat' }],
    }
    const [fast, careful] = await bothWays(JSON.stringify(captions))
    assertSame(fast, careful)
  })
})

/** One number, as rows read it. */
class OneNumber extends PlainNumbers {
  read(text: string): number {
    this.bytes = Buffer.from(`${text}\0`)
    this.pos = 0
    const value = this.number()
    return this.pos === text.length ? value : Number.NaN
  }
}

describe('plain numbers', () => {
  it('are read to the last bit', () => {
    const one = new OneNumber()
    fc.assert(
      fc.property(
        fc.oneof(number, fc.double({ min: 0, max: 1, noNaN: true })),
        fc.nat(25),
        (value, digits) => {
          for (const text of [JSON.stringify(value), value.toExponential(digits), value.toFixed(digits)])
            assert.ok(
              Object.is(one.read(text), Number.isFinite(Number(text)) ? Number(text) : Number.NaN),
              text,
            )
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('are no other texts', () => {
    const one = new OneNumber()
    for (const text of ['', '-', '.5', '5.', '01', '-01', '1e', '1e+', '+1', 'NaN', '1e999', '1.e5', '0x1'])
      assert.ok(Number.isNaN(one.read(text)), text)
  })
})

describe('the order of scores', () => {
  it('is that of a stable sort', () => {
    const score = fc.oneof(
      fc.double({ noNaN: true }),
      fc.constantFrom(0, -0, 0.5, 1),
      fc.double({ min: 0.999999, max: 1, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(score, { maxLength: 400, size: 'max' }), (list) => {
        const expected = [...list.keys()].sort((a, b) =>
          list[a] > list[b] ? -1 : list[a] < list[b] ? 1 : a - b,
        )
        assert.deepEqual([...orderByScore(Float64Array.from(list))], expected)
      }),
      { numRuns: 300 },
    )
  })
})
