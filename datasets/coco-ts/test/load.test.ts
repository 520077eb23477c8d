import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { COCO, mask } from '../src/index.js'
import { smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

function saved(name: string, value: unknown): string {
  const path = join(folder, name)
  const text = JSON.stringify(value)
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

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
