import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Annotation, COCO, type Dataset, type Detection, type ProblemKind } from '../src/index.js'
import { fileIn, pythonJson, refused, smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

const fileWith = (name: string, content: string | Uint8Array) => fileIn(folder, name, content)

/** A data set with one thing wrong, and how that is told. */
interface Wrong {
  what: string
  kind: ProblemKind
  spoil(dataset: Dataset): void
  message: RegExp
}

const at = (dataset: Dataset, index: number): Annotation & Record<string, unknown> =>
  dataset.annotations[index]

const wrongs: Wrong[] = [
  {
    what: 'no images at all',
    kind: 'missing-key',
    spoil: (d) => void delete (d as Partial<Dataset>).images,
    message: /images: the key "images" is missing/,
  },
  {
    what: 'annotations that are no list',
    kind: 'missing-key',
    spoil: (d) => void Object.assign(d, { annotations: {} }),
    message: /"annotations" is \{\}, but must be a list/,
  },
  ...['image_id', 'category_id'].map(
    (key): Wrong => ({
      what: `an annotation without ${key}`,
      kind: 'missing-key',
      spoil: (d) => void delete at(d, 1)[key],
      message: new RegExp(`annotations\\[1\\].*: the key "${key}" is missing`),
    }),
  ),
  {
    what: 'an annotation without box and mask',
    kind: 'missing-key',
    spoil: (d) => {
      for (const key of ['bbox', 'segmentation']) delete at(d, 1)[key]
    },
    message: /annotations\[1\] \(id 12\): the key "bbox" is missing/,
  },
  {
    what: 'an image without a width',
    kind: 'missing-key',
    spoil: (d) => void delete (d.images[2] as Partial<Dataset['images'][0]>).width,
    message: /images\[2\] \(id 3\): the key "width" is missing/,
  },
  {
    what: 'an image of no height',
    kind: 'bad-size',
    spoil: (d) => void Object.assign(d.images[2], { height: 0 }),
    message: /images\[2\] \(id 3\): height is 0/,
  },
  {
    what: 'an unknown image',
    kind: 'unknown-image',
    spoil: (d) => void Object.assign(at(d, 1), { image_id: 99 }),
    message: /annotations\[1\] \(id 12\): image_id 99 is not the id of an image/,
  },
  {
    what: 'an unknown category',
    kind: 'unknown-category',
    spoil: (d) => void Object.assign(at(d, 1), { category_id: 5 }),
    message: /annotations\[1\] \(id 12\): category_id 5 is not the id of a category/,
  },
  {
    what: 'an annotation’s id twice',
    kind: 'duplicate-id',
    spoil: (d) => void Object.assign(at(d, 2), { id: 11 }),
    message: /annotations\[2\] \(id 11\): another entry before it has the same id 11/,
  },
  {
    what: 'an image’s id twice',
    kind: 'duplicate-id',
    spoil: (d) => void d.images.push({ ...d.images[0] }),
    message: /images\[3\] \(id 1\): another entry/,
  },
  {
    what: 'a category’s id twice',
    kind: 'duplicate-id',
    spoil: (d) => void d.categories.push({ ...d.categories[0] }),
    message: /categories\[3\] \(id 1\): another entry/,
  },
  {
    what: 'a negative width',
    kind: 'bad-box',
    spoil: (d) => void Object.assign(at(d, 1).bbox, { 2: -4 }),
    message: /annotations\[1\] \(id 12\): bbox\[2\] is -4, but a width cannot be negative/,
  },
  {
    what: 'a negative height',
    kind: 'bad-box',
    spoil: (d) => void Object.assign(at(d, 1).bbox, { 3: -0.5 }),
    message: /bbox\[3\] is -0.5, but a height/,
  },
  {
    what: 'NaN in a box',
    kind: 'bad-box',
    spoil: (d) => void Object.assign(at(d, 1).bbox, { 0: Number.NaN }),
    message: /bbox\[0\] is NaN, but must be a finite number/,
  },
  {
    what: 'a box of three numbers',
    kind: 'bad-box',
    spoil: (d) => void at(d, 1).bbox.pop(),
    message: /bbox is \[40,10,20\], but must be \[x, y, width, height\]/,
  },
  {
    what: 'a crowd of neither 0 nor 1',
    kind: 'bad-crowd',
    spoil: (d) => void Object.assign(at(d, 1), { iscrowd: 'yes' }),
    message: /annotations\[1\] \(id 12\): iscrowd is "yes", but must be 0 or 1/,
  },
  {
    what: 'an image’s id twice, for two files',
    kind: 'ambiguous-id',
    spoil: (d) => void d.images.push({ ...d.images[2], file_name: 'd.jpg' }),
    message:
      /images\[2\] \(id 3\): id is 3, but several entries have this id: 3 \("c\.jpg"\) and 3 \("d\.jpg"\)/,
  },
  {
    what: 'a category’s id twice, for two names',
    kind: 'ambiguous-id',
    spoil: (d) => void d.categories.push({ id: 9, name: 'mug' }),
    message:
      /categories\[2\] \(id 9\): id is 9, but several entries have this id: 9 \("cup"\) and 9 \("mug"\)/,
  },
  {
    what: 'an annotation of an image that cannot be used',
    kind: 'bad-size',
    spoil: (d) => void Object.assign(d.images[1], { width: -1 }),
    message: /images\[1\] \(id 2\): width is -1/,
  },
  {
    what: 'an annotation that is no object',
    kind: 'not-an-object',
    spoil: (d) => void d.annotations.splice(1, 1, null as never),
    message: /annotations\[1\]: the entry must be an object/,
  },
]

describe('annotations with something wrong', () => {
  for (const { what, kind, spoil, message } of wrongs) {
    it(what, async () => {
      const dataset = smallDataset()
      spoil(dataset)
      const path = fileWith('wrong.json', pythonJson(dataset))
      const fromFile = await refused(() => COCO.load(path), /wrong\.json: /, message, /option lenient/)
      assert.equal(fromFile.problems.first[0].kind, kind)
      await refused(async () => new COCO(dataset, { name: 'mine' }), /^mine: /, message)

      const lenient = await COCO.load(path, { lenient: true })
      assert.ok((lenient.problems.byKind[kind] ?? 0) >= 1)
      assert.equal(lenient.problems.count, fromFile.problems.count)
      assert.ok(lenient.dataset.annotations.length <= 3)
    })
  }

  it('counts all of them, and keeps the good ones when lenient', async () => {
    const dataset = smallDataset()
    at(dataset, 0).image_id = 50
    at(dataset, 1).image_id = 51
    at(dataset, 2).bbox[2] = -1
    const error = await refused(
      () => COCO.load(dataset),
      /annotations\[0\] \(id 11\): image_id 50 .*\(2 entries have this problem, 1 have another\)/,
    )
    assert.deepEqual(error.problems.byKind, { 'unknown-image': 2, 'bad-box': 1 })
    at(dataset, 2).bbox[2] = 1
    const lenient = await COCO.load(dataset, { lenient: true })
    assert.deepEqual(lenient.getAnnIds(), [13])
    assert.equal(lenient.problems.count, 2)
  })
})

/** Gives results masks instead of boxes, the second of them `wrong`. */
function masks(results: Detection[], wrong: Detection['segmentation']): void {
  for (const result of results) {
    delete result.bbox
    result.segmentation = [[5, 10, 20, 10, 20, 40]]
  }
  results[1].segmentation = wrong
}

describe('results with something wrong', () => {
  const coco = new COCO(smallDataset())
  const spoiled: [string, (results: Detection[]) => void, RegExp][] = [
    [
      'unknown images',
      (r) => r.slice(1).map((one) => (one.image_id = 77)),
      /results\[1\]: image_id 77 .*\(2 entries have/,
    ],
    ['an unknown category', (r) => (r[1].category_id = 3), /results\[1\]: category_id 3 is not/],
    [
      'no score',
      (r) => delete (r[1] as Partial<Detection>).score,
      /results\[1\]: the key "score" is missing/,
    ],
    ['NaN as score', (r) => (r[1].score = Number.NaN), /results\[1\]: score is NaN/],
    ['a negative box', (r) => (r[1].bbox![3] = -2), /results\[1\]: bbox\[3\] is -2/],
    ['neither box, mask nor keypoints', (r) => delete r[1].bbox, /none of the keys/],
    [
      'another form than the first',
      (r) => (r[1] = { ...r[1], bbox: undefined, keypoints: [1, 1, 1] }),
      /no "bbox", but/,
    ],
    [
      'counts that do not fill the mask',
      (r) => masks(r, { size: [80, 100], counts: [5] }),
      /results\[1\]: segmentation: the counts sum to 5/,
    ],
    ['an odd polygon', (r) => masks(r, [[1, 2, 3]]), /results\[1\]: segmentation\[0\] has 3 numbers/],
    ['no object', (r) => (r[1] = 5 as never), /results\[1\]: the entry must be an object/],
  ]
  for (const [what, spoil, message] of spoiled) {
    it(what, async () => {
      const results = smallResults()
      spoil(results)
      const path = fileWith('dt.json', pythonJson(results))
      await refused(() => coco.loadRes(path), /dt\.json: /, message)
      await refused(() => coco.loadRes(results), message)
      const lenient = await coco.loadRes(path, { lenient: true })
      assert.ok(lenient.problems.count > 0)
      assert.equal(lenient.dataset.annotations.length, 3 - lenient.problems.count)
    })
  }
})
