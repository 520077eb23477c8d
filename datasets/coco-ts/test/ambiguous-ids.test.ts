import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { COCO, type Dataset } from '../src/index.js'
import { smallDataset, temporaryFolder } from './support.js'

const folder = temporaryFolder()

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
