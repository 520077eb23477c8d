import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { COCO, CocoError, DatasetBuilder, type Detection, mask, writeResults } from '../src/index.js'
import { smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

describe('writeResults', () => {
  it('writes what loadRes reads', async () => {
    const coco = new COCO(smallDataset())
    for (const name of ['results.json', 'results.json.gz']) {
      const path = join(folder, name)
      await writeResults(path, smallResults(), coco)
      const read = await coco.loadRes(path)
      assert.deepEqual(read.dataset, (await coco.loadRes(smallResults())).dataset)
    }
    await writeResults(join(folder, 'none.json'), [])
    assert.deepEqual((await coco.loadRes(join(folder, 'none.json'))).getAnnIds(), [])
  })

  it('takes typed counts and results that come one at a time', async () => {
    const counts = mask.rleFrString(
      mask.encode({ height: 80, width: 100, data: new Uint8Array(8000).fill(1) }).counts,
    )
    async function* detections(): AsyncGenerator<Detection> {
      yield { image_id: 1, category_id: 1, score: 1, segmentation: { size: [80, 100], counts } }
    }
    const path = join(folder, 'typed.json')
    await writeResults(path, detections())
    const [read] = (await new COCO(smallDataset()).loadRes(path)).loadAnns(1)
    assert.equal(read.area, 8000)
  })

  it('refuses a wrong result and leaves what was there', async () => {
    const path = join(folder, 'kept.json')
    const coco = new COCO(smallDataset())
    await writeResults(path, smallResults())
    const wrong = [
      ...smallResults(),
      { image_id: 9, category_id: 1, bbox: [0, 0, 1, 1], score: 1 } as Detection,
    ]
    await assert.rejects(writeResults(path, wrong, coco), /^CocoError: results\[3\]: image_id 9 is not/)
    await assert.rejects(
      writeResults(join(folder, 'new.json'), [{ ...wrong[0], score: Number.NaN }]),
      /score is NaN/,
    )
    assert.equal((await coco.loadRes(path)).getAnnIds().length, 3)
    assert.ok(!existsSync(join(folder, 'new.json')))
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })
})

describe('a place that cannot be written', () => {
  it('is named', async () => {
    const refused = (path: string, message: RegExp): Promise<void> =>
      assert.rejects(writeResults(path, smallResults()), (error) => {
        assert.ok(error instanceof CocoError)
        assert.match(error.message, message)
        return true
      })
    await refused(join(folder, 'none', 'a.json'), /none.a\.json cannot be written: its folder does not exist/)
    const taken = mkdtempSync(join(folder, 'taken-'))
    await refused(taken, /cannot be written: it is a folder/)
    assert.deepEqual(readdirSync(taken), [])
  })
})

describe('DatasetBuilder', () => {
  it('builds and writes what COCO loads', async () => {
    const builder = new DatasetBuilder({ info: { description: 'mine' } })
    const cat = builder.addCategory({ name: 'cat', supercategory: 'animal' })
    const image = builder.addImage({ file_name: 'a.jpg', width: 100, height: 80 })
    const polygon = [[0, 10, 20, 10, 20, 40, 0, 40]]
    const drawn = builder.addAnnotation({ image_id: image, category_id: cat, segmentation: polygon })
    const boxed = builder.addAnnotation({ image_id: image, category_id: cat, bbox: [1, 2, 3, 4], id: 40 })
    const next = builder.addAnnotation({ image_id: image, category_id: cat, bbox: [1, 2, 3, 4], area: 5 })
    assert.deepEqual([cat, image, drawn, boxed, next], [1, 1, 1, 40, 41])
    for (const name of ['built.json', 'built.json.gz']) {
      await builder.write(join(folder, name))
      const coco = await COCO.load(join(folder, name))
      assert.deepEqual(coco.dataset, builder.build())
      assert.deepEqual(coco.loadAnns(1)[0].bbox, [0, 10, 20, 30])
      assert.deepEqual(
        coco.loadAnns([1, 40, 41]).map((ann) => ann.area),
        [600, 12, 5],
      )
    }
  })

  it('refuses at once what would not be valid', () => {
    const builder = new DatasetBuilder()
    const cat = builder.addCategory({ name: 'cat' })
    const image = builder.addImage({ width: 10, height: 10 })
    const head = { image_id: image, category_id: cat }
    const refused = (run: () => unknown, message: RegExp): void =>
      assert.throws(run, (error) => error instanceof CocoError && message.test(error.message))
    refused(() => builder.addImage({ width: 0, height: 5 }), /images\[1\]: width is 0/)
    refused(() => builder.addCategory({ name: 'dog', id: 1 }), /same id 1/)
    refused(() => builder.addAnnotation({ ...head, image_id: 7, bbox: [0, 0, 1, 1] }), /image_id 7 is not/)
    refused(() => builder.addAnnotation({ ...head, segmentation: [[1, 2, 3, 4, 5]] }), /must be even/)
    refused(() => builder.addAnnotation({ ...head, bbox: [0, 0, -1, 1] }), /bbox\[2\] is -1/)
    refused(() => builder.addAnnotation(head), /"bbox" is missing/)
    assert.equal(builder.build().annotations.length, 0)
  })
})
