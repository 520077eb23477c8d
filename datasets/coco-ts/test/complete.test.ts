import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COCO, COCOeval, type CompletionKind, type Dataset, describeCompletion, mask } from '../src/index.js'
import { fileIn, pythonJson, smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

const saved = (value: unknown) => fileIn(folder, 'unusual.json', pythonJson(value))

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
