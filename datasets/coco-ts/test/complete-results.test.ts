import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COCO, COCOeval, type Dataset, type Detection } from '../src/index.js'
import { fileIn, pythonJson, smallDataset, smallResults, temporaryFolder } from './support.js'

const folder = temporaryFolder()

const saved = (value: unknown) => fileIn(folder, 'unusual.json', pythonJson(value))

type Loose = Record<string, unknown>
const annotation = (dataset: Dataset, index: number): Loose => dataset.annotations[index]

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
