import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  COCO,
  COCOeval,
  type CompletionKind,
  type Dataset,
  type Detection,
  describeCompletion,
  mask,
} from '../src/index.js'
import { smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

/** JSON as Python writes it, with NaN and Infinity. */
function saved(value: unknown): string {
  const path = join(folder, 'unusual.json')
  const marked = JSON.stringify(value, (_key, part) =>
    typeof part === 'number' && !Number.isFinite(part) ? `<${part}>` : part,
  )
  writeFileSync(path, marked.replace(/"<(NaN|-?Infinity)>"/g, '$1'))
  return path
}

type Loose = Record<string, unknown>
const annotation = (dataset: Dataset, index: number): Loose => dataset.annotations[index]

/** Something unusual about annotation 12, whose box is 20 × 30 and whose mask a triangle; how it is read. */
interface Unusual {
  what: string
  change: Loose
  /** Of annotation 12, once it is read. */
  read: Loose
  kinds: CompletionKind[]
  message?: RegExp
}

const triangle = [[40, 10, 60, 10, 50, 40]]
const trianglePixels = mask.area(mask.merge(mask.frPyObjects(triangle, 80, 100)))

const masks: [string, unknown, CompletionKind[]][] = [
  ['an empty list', [], ['empty-mask']],
  ['an empty polygon', [[]], ['empty-mask']],
  ['null', null, []],
  ['an empty object', {}, ['empty-mask']],
  ['an empty text', '', ['empty-mask']],
  ['two corners', [[8, 10, 32, 40]], ['unusable-mask']],
  ['an odd count', [[1, 2, 3, 4, 5, 6, 7]], ['unusable-mask']],
  ['corners in a flat list', [1, 2, 3, 4, 5, 6], ['unusable-mask']],
  ['a corner that is text', [['1', 2, 3, 4, 5, 6]], ['unusable-mask']],
  ['a corner at infinity', [[1, 2, 3, Number.POSITIVE_INFINITY, 5, 6]], ['unusable-mask']],
  ['a corner beyond all images', [[1, 2, 3, 1e300, 5, 6]], ['unusable-mask']],
  ['counts of another sum', { size: [80, 100], counts: [100, 50] }, ['unusable-mask']],
  ['compressed counts of another sum', { size: [80, 100], counts: 'i0' }, ['unusable-mask']],
  ['damaged compressed counts', { size: [80, 100], counts: '\u00ff' }, ['unusable-mask']],
  ['another size than the image', { size: [100, 80], counts: [8000] }, ['unusable-mask']],
  ['no counts', { size: [80, 100] }, ['unusable-mask']],
  ['a number', 7, ['unusable-mask']],
]

const unusual: Unusual[] = [
  ...masks.map(
    ([what, segmentation, kinds]): Unusual => ({
      what: `a mask that is ${what}`,
      change: { segmentation },
      read: { segmentation: null, bbox: [40, 10, 20, 30], area: 250 },
      kinds,
    }),
  ),
  {
    what: 'a polygon of two corners beside a whole one',
    change: { segmentation: [...triangle, [1, 2, 3, 4]] },
    read: { segmentation: triangle },
    kinds: ['short-polygon'],
  },
  ...[undefined, null, Number.NaN, -1, 'large', [], Number.POSITIVE_INFINITY].map(
    (area): Unusual => ({
      what: `an area of ${JSON.stringify(area) ?? area}, with a mask`,
      change: { area, segmentation: triangle },
      read: { area: trianglePixels },
      kinds: ['area-from-mask'],
    }),
  ),
  {
    what: 'no area and no mask',
    change: { area: undefined, segmentation: [] },
    read: { area: 600, segmentation: null },
    kinds: ['empty-mask', 'area-from-box'],
    message:
      /1 annotation has no usable area; it was computed from the box \(annotations\[1\] \(id 12\): no area; the box has 600 pixels\)/,
  },
  {
    what: 'no area and a mask beside the image',
    change: { area: null, segmentation: [[500, 500, 600, 500, 600, 600]] },
    read: { area: 600 },
    kinds: ['area-from-box'],
  },
  { what: 'an area of 0', change: { area: 0 }, read: { area: 0 }, kinds: [] },
  { what: 'an area in text', change: { area: '12.5' }, read: { area: 12.5 }, kinds: ['text-number'] },
  {
    what: 'a box in text',
    change: { bbox: ['40', ' 10.5', 20, '3e1'] },
    read: { bbox: [40, 10.5, 20, 30] },
    kinds: ['text-number'],
  },
  ...[undefined, null, []].map(
    (bbox): Unusual => ({
      what: `a box of ${JSON.stringify(bbox) ?? bbox}, with a mask`,
      change: { bbox, segmentation: [[40, 10, 60, 10, 60, 40, 40, 40]] },
      read: { bbox: [40, 10, 20, 30] },
      kinds: ['box-from-mask'],
    }),
  ),
  ...(
    [
      [true, 1],
      [false, 0],
      ['0', 0],
      ['1', 1],
      ['false', 0],
      ['TRUE', 1],
      ['', 0],
      [null, 0],
    ] as const
  ).map(
    ([iscrowd, value]): Unusual => ({
      what: `iscrowd ${JSON.stringify(iscrowd)}`,
      change: { iscrowd },
      read: { iscrowd: value },
      kinds: ['crowd-flag'],
    }),
  ),
  { what: 'no iscrowd', change: { iscrowd: undefined }, read: { iscrowd: undefined }, kinds: [] },
  { what: 'keypoints that are null', change: { keypoints: null }, read: { keypoints: undefined }, kinds: [] },
  {
    what: 'keypoints that are not in threes',
    change: { keypoints: [1, 2, 2, 4] },
    read: { keypoints: undefined },
    kinds: ['unusable-keypoints'],
  },
  {
    what: 'a count of keypoints that is text',
    change: { keypoints: [1, 2, 2, 0, 0, 0], num_keypoints: 'one' },
    read: { num_keypoints: undefined },
    kinds: ['keypoint-count'],
  },
  {
    what: 'references in text',
    change: { image_id: '1', category_id: '007' },
    read: { image_id: 1, category_id: 7 },
    kinds: ['text-id'],
  },
  {
    what: 'fields of other tools',
    change: { attributes: { occluded: true }, score: 'x', caption: 'a' },
    read: {},
    kinds: [],
  },
]

describe('annotations in an unusual form', () => {
  for (const { what, change, read, kinds, message } of unusual) {
    it(what, async () => {
      const dataset = smallDataset()
      Object.assign(annotation(dataset, 1), change)
      const before = structuredClone(dataset)
      const fromFile = await COCO.load(saved(dataset))
      const fromObject = new COCO(dataset)
      assert.deepEqual(dataset, before, 'the caller’s entries stay as they are')
      for (const coco of [fromFile, fromObject]) {
        assert.equal(coco.problems.count, 0)
        assert.deepEqual(coco.getAnnIds(), [11, 12, 13])
        const found = coco.anns.get(12) as unknown as Loose
        for (const [key, value] of Object.entries(read)) assert.deepEqual(found[key], value, key)
        assert.deepEqual(Object.keys(coco.completed.byKind), kinds)
        assert.equal(coco.completed.count, kinds.length > 0 ? 1 : 0)
        if (message) assert.match(coco.completed.groups.map(describeCompletion).join('\n'), message)
      }
    })
  }

  it('counts them by kind, and names the first', () => {
    const dataset = smallDataset()
    for (const [index] of dataset.annotations.entries()) delete annotation(dataset, index).area
    annotation(dataset, 1).segmentation = []
    annotation(dataset, 2).iscrowd = 'true'
    const { completed } = new COCO(dataset)
    assert.equal(completed.count, 3)
    assert.deepEqual(completed.byKind, {
      'area-from-mask': 2,
      'empty-mask': 1,
      'area-from-box': 1,
      'crowd-flag': 1,
    })
    assert.match(
      describeCompletion(completed.groups[0]),
      /^2 annotations have no usable area; it was computed from the mask \(the first: annotations\[0\] \(id 11\): /,
    )
  })

  it('gives annotations without a usable id one that no other has', () => {
    for (const id of [undefined, null, 'a8f3', 1.5, 2 ** 60, []]) {
      const dataset = smallDataset()
      Object.assign(annotation(dataset, 0), { id: 1 })
      Object.assign(annotation(dataset, 1), { id })
      Object.assign(annotation(dataset, 2), { id: '2' })
      const coco = new COCO(dataset)
      assert.deepEqual(coco.getAnnIds(), [1, 3, 2])
      assert.equal(coco.completed.byKind['new-id'], 1)
    }
  })

  it('an area that was computed decides about small and large as one that was written', async () => {
    const measure = async (dataset: Dataset): Promise<number[]> => {
      const coco = new COCO(dataset)
      const run = new COCOeval(coco, await coco.loadRes(smallResults()), 'bbox')
      run.evaluate()
      run.accumulate()
      return run.summarize(() => {})
    }
    const written = smallDataset()
    for (const one of written.annotations) one.area = one.bbox[2] * one.bbox[3]
    const bare = smallDataset()
    for (const [index] of bare.annotations.entries())
      Object.assign(annotation(bare, index), { area: undefined, segmentation: [] })
    assert.deepEqual(await measure(bare), await measure(written))
  })
})

describe('images and categories in an unusual form', () => {
  it('sizes and ids in text are numbers', async () => {
    const dataset = smallDataset()
    for (const image of dataset.images)
      Object.assign(image, { id: `00${image.id}`, width: `${image.width}`, height: `${image.height}.0` })
    for (const category of dataset.categories) Object.assign(category, { id: `${category.id}` })
    const plain = new COCO(smallDataset())
    for (const coco of [new COCO(dataset), await COCO.load(saved(dataset))]) {
      assert.deepEqual(coco.dataset, plain.dataset)
      assert.deepEqual(coco.completed.byKind, { 'text-id': 6, 'text-number': 3 })
      assert.deepEqual(coco.getImgIds({ catIds: 1 }), [1, 2])
    }
  })

  it('names that are no text', () => {
    for (const [name, read] of [
      [7, '7'],
      [true, 'true'],
      [null, 'category 7'],
      ['', 'category 7'],
      ['  ', 'category 7'],
      [undefined, 'category 7'],
      [['dog'], 'category 7'],
    ]) {
      const dataset = smallDataset()
      Object.assign(dataset.categories[1], { name, supercategory: 5 })
      const coco = new COCO(dataset)
      assert.equal(coco.cats.get(7)?.name, read)
      assert.deepEqual(coco.completed.byKind, { 'category-name': 1 })
      assert.deepEqual(coco.getAnnIds({ catIds: coco.getCatIds({ catNms: String(read) }) }), [12])
    }
  })
})

describe('ids of which it is not clear what they mean', () => {
  const lenient = (change: (dataset: Dataset) => void): COCO => {
    const dataset = smallDataset()
    change(dataset)
    return new COCO(dataset, { lenient: true })
  }

  it('are refused, with all that refers to them', () => {
    for (const [id, other] of [
      ['1', 1],
      ['01', '1'],
      [1, '+1'],
    ]) {
      const coco = lenient((d) => {
        Object.assign(d.images[0], { id })
        Object.assign(d.images[2], { id: other })
      })
      if (other === '+1') {
        assert.match(coco.problems.first[0].message, /^id is "\+1", but must be a whole number$/)
        continue
      }
      assert.deepEqual(coco.getImgIds(), [2])
      assert.deepEqual(coco.getAnnIds(), [13])
      assert.deepEqual(coco.problems.bySection, {
        images: { 'ambiguous-id': 2 },
        annotations: { 'unknown-image': 2 },
      })
      assert.match(
        coco.problems.first[0].message,
        /several entries have this id: "?0?1"? \("a\.jpg"\) and "?1"? \("c\.jpg"\)/,
      )
      assert.equal(coco.problems.first[2].message, 'image_id 1 is the id of an image that cannot be used')
    }
  })

  it('beyond what is exact are shown as the file has them', async () => {
    const text = JSON.stringify(smallDataset())
      .replace('{"id":1,"width":100', '{"id":9007199254740993,"width":100')
      .replace('"id":11,"image_id":1,', '"id":11,"image_id":9007199254740993,')
      .replace('"id":12,"image_id":1,', '"id":12,"image_id":"9007199254740995",')
    const path = join(folder, 'large.json')
    writeFileSync(path, text)
    const coco = await COCO.load(path, { lenient: true })
    const advice = 'but whole numbers beyond 9007199254740991 cannot be told apart: use smaller ids'
    assert.deepEqual(
      coco.problems.first.map(({ message }) => message),
      [
        `id is 9007199254740993, ${advice}`,
        `image_id is 9007199254740993, ${advice}`,
        `image_id is "9007199254740995", ${advice}`,
      ],
    )
    const parsed = new COCO(JSON.parse(text), { lenient: true })
    assert.equal(parsed.problems.first[0].message, `id is 9007199254740992 or close to it, ${advice}`)
  })
})

describe('results in an unusual form', () => {
  const coco = new COCO(smallDataset())
  const read = async (change: (results: Loose[]) => void): Promise<COCO> => {
    const results = smallResults()
    change(results as unknown as Loose[])
    const before = structuredClone(results)
    const [fromFile, fromList] = [await coco.loadRes(saved(results)), await coco.loadRes(results)]
    assert.deepEqual(results, before, 'the caller’s entries stay as they are')
    assert.deepEqual(fromFile.completed, fromList.completed)
    assert.deepEqual(fromFile.anns, fromList.anns)
    return fromFile
  }

  it('numbers and ids in text are numbers', async () => {
    const results = await read((list) => {
      for (const one of list)
        Object.assign(one, {
          image_id: `${one.image_id}`,
          category_id: `${one.category_id}`,
          score: `${one.score}`,
          bbox: (one.bbox as number[]).map(String),
        })
    })
    assert.deepEqual(results.anns, (await coco.loadRes(smallResults())).anns)
    assert.deepEqual(results.completed.byKind, { 'text-id': 3, 'text-number': 3 })
  })

  it('what boxes do not need costs nothing but itself', async () => {
    const results = await read(([first, second, third]) => {
      Object.assign(first, { segmentation: [] })
      Object.assign(second, { segmentation: [[1, 2, 3]], keypoints: null })
      Object.assign(third, { keypoints: [1, 2], area: 'x', id: 'x' })
    })
    assert.deepEqual(results.completed.byKind, {
      'empty-mask': 1,
      'unusable-mask': 1,
      'unusable-keypoints': 1,
    })
    assert.deepEqual(
      [...results.anns.values()].map(({ id, area }) => [id, area]),
      [1, 2, 3].map((id) => [id, 600]),
    )
  })

  it('an empty box is no box', async () => {
    for (const bbox of [[], null]) {
      const results = await read((list) => {
        for (const one of list) Object.assign(one, { bbox, segmentation: [[5, 10, 25, 10, 25, 40, 5, 40]] })
      })
      assert.deepEqual(results.anns.get(1)?.bbox, [5, 10, 20, 30])
    }
  })
})

describe('masks that are missing', () => {
  const measure = async (coco: COCO, results: Detection[]): Promise<number> => {
    const run = new COCOeval(coco, await coco.loadRes(results), 'segm')
    run.evaluate()
    run.accumulate()
    return run.summarize(() => {})[0]
  }

  it('of objects or results are an error where masks are compared', async () => {
    const dataset = smallDataset()
    annotation(dataset, 1).segmentation = []
    await assert.rejects(
      measure(new COCO(dataset), smallResults()),
      /^CocoError: 1 of 3 annotations has no mask that can be used \(the first: annotation 12\)/,
    )
    const [first, ...others] = smallResults()
    await assert.rejects(
      measure(new COCO(smallDataset()), [{ ...first, segmentation: [] as never }, ...others]),
      /^CocoError: 1 of 3 detections has no mask that can be used \(the first: detection 1\)/,
    )
    assert.ok((await measure(new COCO(smallDataset()), smallResults())) >= 0, 'boxes stand for their masks')
  })
})
