import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { mask } from '#coco-ts'
import { divideArtwork } from '../../../datasets/classification/embedded.js'
import { trainBackgrounds } from '../../../datasets/detection/backgrounds.js'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { decodeImage } from '../../../datasets/detection/decode.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { composeScene, LEAST_VISIBLE, MOST_OBJECTS } from '../../../datasets/detection/scene.js'
import { loadScenes, sceneCategories } from '../../../datasets/detection/scenes.js'
import { testBackgrounds } from '../../../datasets/detection/unseen-backgrounds.js'
import { writeScenes } from '../../../datasets/detection/write-scenes.js'
import { artists } from '../../../datasets/emoji/artists.js'
import { type Artwork, type Drawing, loadDrawings, rasterise } from '../../../datasets/emoji/artwork.js'
import { emojiClasses } from '../../../datasets/emoji/classes.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import { sfc32 } from '../../../src/shared/random.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const digest = (set: DetectionSet, index: number) =>
  createHash('sha256')
    .update(set.source(index) as Buffer)
    .digest('hex')

describe('loadScenes', () => {
  let set: DetectionSet
  before(async () => {
    set = await loadScenes({ part: 'train', count: 40, size: 128 })
  })

  it('gives JPEG files of the size asked for, of the embedded classes', async () => {
    assert.equal(set.images.length, 40)
    assert.deepEqual(
      set.categories.map(({ id }) => id),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    assert.deepEqual(
      set.categories.map(({ name }) => name),
      emojiClasses.map(({ name }) => name),
    )
    const { data, width, height } = await decodeImage(set, 7)
    assert.deepEqual([width, height, data.length], [128, 128, 128 * 128 * 3])
    assert.deepEqual((set.source(7) as Buffer).subarray(0, 2), Buffer.from([0xff, 0xd8]))
  })

  it('annotates with the tight boxes and the areas of the masks', () => {
    assert.ok(set.coco.dataset.annotations.length > 80)
    for (const annotation of set.coco.dataset.annotations) {
      const rle = set.coco.annToRLE(annotation)
      assert.deepEqual(annotation.bbox, mask.toBbox(rle))
      assert.equal(annotation.area, mask.area(rle))
      assert.ok(annotation.area > 0)
    }
    for (const { id, boxes, labels, crowd } of set.images) {
      const annotations = set.coco.imgToAnns.get(id) ?? []
      assert.deepEqual(
        [...boxes],
        annotations.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h]),
      )
      assert.deepEqual(
        [...labels].map((label) => sceneCategories[label].id),
        annotations.map((annotation) => annotation.category_id),
      )
      assert.deepEqual(
        [...crowd],
        annotations.map(({ iscrowd }) => iscrowd),
      )
    }
  })

  it('lets no pixel belong to two objects', () => {
    for (const { id } of set.images) {
      const rles = (set.coco.imgToAnns.get(id) ?? []).map((annotation) => set.coco.annToRLE(annotation))
      const apart = rles.reduce((sum, rle) => sum + mask.area(rle), 0)
      assert.equal(mask.area(mask.merge(rles)), apart)
    }
  })

  it('is the same for the same seed, however many scenes there are, and another for another', async () => {
    const [first, fewer, other, test] = await Promise.all([
      loadScenes({ part: 'train', count: 40, size: 128 }),
      loadScenes({ part: 'train', count: 3, size: 128 }),
      loadScenes({ part: 'train', count: 3, size: 128, seed: 1 }),
      loadScenes({ part: 'test', count: 3, size: 128 }),
    ])
    for (let i = 0; i < 40; i++) assert.equal(digest(first, i), digest(set, i))
    assert.deepEqual(first.coco.dataset, set.coco.dataset)
    for (let i = 0; i < 3; i++) {
      assert.equal(digest(fewer, i), digest(set, i))
      assert.notEqual(digest(other, i), digest(set, i))
      assert.notEqual(digest(test, i), digest(set, i))
    }
  })

  it('tells progress, and refuses sizes and counts out of range', async () => {
    const seen: string[] = []
    const onProgress = (done: number, count: number) => seen.push(`${done}/${count}`)
    await loadScenes({ part: 'test', count: 3, size: 64, onProgress })
    assert.deepEqual(seen, ['1/3', '2/3', '3/3'])
    await assert.rejects(loadScenes({ part: 'test', count: 0 }), /at least one; 0 is not possible/)
    await assert.rejects(loadScenes({ part: 'test', count: 1, size: 32 }), DatasetError)
  })
})

describe('composeScene', () => {
  const size = 96
  let drawings: Drawing[][]
  const rasters = new Map<Drawing, Artwork>()
  before(async () => {
    const { shown } = divideArtwork(await loadDrawings(), { seed: 0, validation: false })
    drawings = emojiClasses.map((_, classId) => shown.filter((one) => one.classId === classId).slice(0, 4))
    for (const drawing of drawings.flat()) rasters.set(drawing, await rasterise(drawing, 60))
  })

  const scenes = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        composeScene(
          {
            ...{ size, drawings, pixels: async (drawing) => rasters.get(drawing)! },
            backgrounds: [(canvas) => canvas.rgb.fill(90)],
          },
          sfc32(3, index),
        ),
      ),
    )

  it('leaves enough of every object to be seen', async () => {
    const all = (await scenes(150)).flatMap(({ objects }) => objects)
    for (const { area, fullArea } of all) {
      assert.ok(area <= fullArea)
      assert.ok(area >= LEAST_VISIBLE * fullArea, `${area} of ${fullArea} pixels`)
    }
    assert.ok(all.filter(({ area, fullArea }) => area < 0.8 * fullArea).length > 30, 'some hide others')
  })

  it('has a few objects, and now and then a crowd, in which single ones are not told apart', async () => {
    const all = await scenes(300)
    const single = all.map(({ objects }) => objects.filter(({ crowd }) => !crowd).length)
    assert.deepEqual([Math.min(...single) >= 1, Math.max(...single)], [true, MOST_OBJECTS])
    const crowds = all.flatMap(({ objects }) => objects.filter(({ crowd }) => crowd))
    assert.ok(crowds.length > 10 && crowds.length < 40, `${crowds.length} crowds`)
    const largest = Math.max(
      ...all.flatMap(({ objects }) => objects.map(({ bbox }) => Math.max(...bbox.slice(2)))),
    )
    assert.ok(largest <= size)
  })

  it('annotates what differs from the background', async () => {
    for (const { canvas, objects } of await scenes(20)) {
      for (const { mask: seen, area } of objects) {
        let changed = 0
        for (let i = 0; i < seen.length; i++) {
          if (seen[i] === 0) continue
          const [r, g, b] = canvas.rgb.subarray(3 * i, 3 * i + 3)
          // Light from one side and grain change the grey of the background by less.
          if (Math.abs(r - g) + Math.abs(g - b) > 3 || Math.abs(g - 78) > 26) changed++
        }
        assert.ok(changed > 0.5 * area, `${changed} of ${area} pixels`)
      }
    }
  })
})

describe('what the parts of the scenes share', () => {
  it('is no artist and no kind of background', async () => {
    const { shown, unseen } = divideArtwork(await loadDrawings(), { seed: 0, validation: false })
    const by = (part: { artist: string }[]) => new Set(part.map(({ artist }) => artist))
    assert.deepEqual(
      [...by(unseen)],
      artists.filter(({ role }) => role === 'test').map(({ id }) => id),
    )
    for (const artist of by(shown)) assert.ok(!by(unseen).has(artist))
    for (const [name, paint] of Object.entries(trainBackgrounds)) {
      assert.ok(!(name in testBackgrounds))
      assert.ok(!Object.values(testBackgrounds).includes(paint))
    }
    for (const classId of emojiClasses.keys()) assert.ok(unseen.some((one) => one.classId === classId))
  })
})

describe('backgrounds', () => {
  for (const [name, paint] of Object.entries({ ...trainBackgrounds, ...testBackgrounds })) {
    it(`${name}: fills any canvas with colours, differently each time`, () => {
      for (const size of [64, 100]) {
        const painted = [0, 1, 2, 3].map((seed) => {
          const canvas = { size, rgb: new Float32Array(size * size * 3).fill(Number.NaN) }
          paint(canvas, sfc32(seed, name))
          assert.ok(canvas.rgb.every((value) => value > -60 && value < 500))
          return createHash('sha256').update(canvas.rgb).digest('hex')
        })
        assert.equal(new Set(painted).size, 4)
      }
    })
  }
})

describe('writeScenes', () => {
  it('writes the very scenes as any COCO data set', async (t) => {
    const parent = await temporaryFolder(t)
    const folder = join(parent, 'scenes')
    await mkdir(folder)
    assert.equal(await writeScenes(folder, { train: 3, test: 2, size: 64, seed: 5 }), true)
    assert.deepEqual(await readdir(parent), ['scenes'])
    for (const [part, count] of [
      ['train', 3],
      ['test', 2],
    ] as const) {
      const file = join(folder, 'annotations', `${part}.json`)
      const { set, warnings } = await loadCocoSet({ images: join(folder, part), annotations: file })
      const composed = await loadScenes({ part, count, size: 64, seed: 5 })
      assert.deepEqual(warnings, [])
      assert.deepEqual(set.categories, composed.categories)
      for (const index of composed.images.keys()) {
        assert.deepEqual(readFileSync(set.source(index)), composed.source(index))
        const { fileName, ...rest } = composed.images[index]
        assert.deepEqual({ ...set.images[index], fileName }, { fileName, ...rest })
      }
      const { licenses } = JSON.parse(readFileSync(file, 'utf8'))
      assert.equal(licenses.length, part === 'train' ? 4 : 1)
    }
  })

  it('refuses a folder that holds something, and leaves nothing when it is stopped', async (t) => {
    const parent = await temporaryFolder(t)
    const options = { train: 3, test: 2, size: 64 }
    await writeFile(join(parent, 'thesis.txt'), 'years of work')
    await assert.rejects(writeScenes(parent, options), /is not empty; choose a new folder/)
    const controller = new AbortController()
    const stopped = await writeScenes(join(parent, 'scenes'), {
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    assert.equal(stopped, false)
    assert.deepEqual(await readdir(parent), ['thesis.txt'])
  })
})
