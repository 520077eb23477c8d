import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { COCO, mask } from '../src/index.js'
import type { JsonHandler } from '../src/json/handler.js'
import { JsonReader } from '../src/json/reader.js'
import { packedPolygons, polygonReader } from '../src/masks/packed-polygons.js'
import { smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

function saved(name: string, value: unknown): string {
  const path = join(folder, name)
  const text = JSON.stringify(value)
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

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

describe('COCO', () => {
  it('loads the same from an object, a file, a packed file and a stream', async () => {
    const dataset = smallDataset()
    const bytes = Buffer.from(JSON.stringify(dataset))
    const sources = [dataset, saved('a.json', dataset), saved('a.json.gz', dataset), Readable.from([bytes])]
    for (const source of sources) {
      const coco = await COCO.load(source)
      assert.deepEqual(coco.dataset, dataset)
      assert.equal(coco.problems.count, 0)
    }
  })

  it('finds annotations by image, category, area and crowd', () => {
    const coco = new COCO(smallDataset())
    assert.deepEqual(coco.getAnnIds(), [11, 12, 13])
    assert.deepEqual(coco.getAnnIds({ imgIds: [2, 1] }), [13, 11, 12])
    assert.deepEqual(coco.getAnnIds({ imgIds: 1, catIds: [7, 9] }), [12])
    assert.deepEqual(coco.getAnnIds({ imgIds: [], catIds: 1 }), [11, 13])
    assert.deepEqual(coco.getAnnIds({ areaRng: [250, 601] }), [11, 13])
    assert.deepEqual(coco.getAnnIds({ iscrowd: true }), [13])
    assert.deepEqual(coco.getAnnIds({ iscrowd: 0 }), [11, 12])
    assert.deepEqual(coco.getAnnIds({ imgIds: 77 }), [])
  })

  it('finds categories and images', () => {
    const coco = new COCO(smallDataset())
    assert.deepEqual(coco.getCatIds(), [1, 7, 9])
    assert.deepEqual(coco.getCatIds({ catNms: ['dog', 'cup'] }), [7, 9])
    assert.deepEqual(coco.getCatIds({ supNms: 'animal', catIds: [7, 9] }), [7])
    assert.deepEqual(coco.getImgIds(), [1, 2, 3])
    assert.deepEqual(coco.getImgIds({ catIds: 1 }), [1, 2])
    assert.deepEqual(coco.getImgIds({ catIds: [1, 7] }), [1])
    assert.deepEqual(coco.getImgIds({ imgIds: [2, 3], catIds: 1 }), [2])
  })

  it('loads by id', () => {
    const coco = new COCO(smallDataset())
    assert.equal(coco.loadAnns(12)[0].category_id, 7)
    assert.deepEqual(
      coco.loadCats([9, 1]).map((cat) => cat.name),
      ['cup', 'cat'],
    )
    assert.equal(coco.loadImgs(3)[0].file_name, 'c.jpg')
    assert.deepEqual(coco.loadAnns(), [])
    assert.throws(() => coco.loadImgs([1, 99]), /no image with the id 99/)
  })

  it('gives masks of polygons, packed or not, and of counts', async () => {
    const plain = new COCO(smallDataset())
    const packed = await COCO.load(saved('masks.json', smallDataset()))
    for (const id of [11, 12, 13]) {
      const rle = plain.annToRLE(plain.anns.get(id)!)
      assert.deepEqual(packed.annToRLE(packed.anns.get(id)!), rle)
      assert.deepEqual(packed.annToMask(packed.anns.get(id)!), mask.decode(rle))
    }
    const square = plain.annToMask(plain.anns.get(11)!)
    assert.deepEqual([square.height, square.width], [80, 100])
    assert.equal(square.data[10 * 100 + 0], 1)
    assert.equal(square.data[9 * 100 + 0], 0)
    assert.equal(mask.area(plain.annToRLE(plain.anns.get(11)!)), 600)
  })

  it('takes results as boxes, masks of every form, and keypoints', async () => {
    const coco = new COCO(smallDataset())
    const head = { image_id: 1, category_id: 1, score: 0.5 }
    const boxes = await coco.loadRes([{ ...head, bbox: [1, 2, 3, 4] }])
    assert.deepEqual(boxes.loadAnns(1), [{ ...head, id: 1, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 }])
    assert.equal(mask.area(boxes.annToRLE(boxes.anns.get(1)!)), 12)

    const polygon = [[0, 10, 20, 10, 20, 40, 0, 40]]
    const [compressed] = mask.frPyObjects(polygon, 80, 100)
    const counts = [...mask.rleFrString(compressed.counts)]
    for (const segmentation of [polygon, compressed, { size: [80, 100] as [number, number], counts }]) {
      const [result] = (await coco.loadRes([{ ...head, segmentation }])).loadAnns(1)
      assert.equal(result.area, 600)
      assert.deepEqual(result.bbox, [0, 10, 20, 30])
    }

    const [person] = (await coco.loadRes([{ ...head, keypoints: [5, 9, 1, 25, 29, 0, 15, 19, 2] }])).loadAnns(
      1,
    )
    assert.deepEqual(person.bbox, [5, 9, 20, 20])
    assert.equal(person.area, 400)
  })

  it('leaves the caller’s results as they are', async () => {
    const results = smallResults()
    await new COCO(smallDataset()).loadRes(results)
    assert.deepEqual(results, smallResults())
  })

  it('takes captions, which have no categories', async () => {
    const { images } = smallDataset()
    const annotations = [{ id: 1, image_id: 1, caption: 'a cat' }]
    const coco = new COCO({ images, annotations: annotations as never })
    assert.deepEqual(coco.getAnnIds({ imgIds: 1 }), [1])
    const results = await coco.loadRes([{ image_id: 2, caption: 'a dog' } as never])
    assert.equal(results.loadAnns(1)[0].caption, 'a dog')
  })
})
