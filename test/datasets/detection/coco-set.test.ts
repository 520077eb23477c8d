import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { COCOeval } from '#coco-ts'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { decodeImage } from '../../../datasets/detection/decode.js'
import { packageRoot } from '../../../src/shared/package-root.js'

import { box, categories, writeCoco } from '../../helpers/datasets/coco-files.js'

test('classes are in the order of ascending id, boxes are corners inside the image', async (t) => {
  const paths = await writeCoco(t, {
    count: 3,
    annotations: [
      box(1, 1, 90, [4, 2, 10, 6]),
      box(2, 1, 3, [-5, -5, 15, 100]),
      box(3, 2, 17, [30, 10, 20.5, 5], 1),
    ],
  })
  const { set, warnings } = await loadCocoSet(paths)
  assert.deepEqual(warnings, [])
  assert.equal(set.name, 'mine')
  assert.deepEqual(
    set.categories.map(({ name }) => name),
    ['cat', 'dog', 'kite'],
  )
  assert.deepEqual(
    set.images.map(({ id, boxes, labels, crowd }) => [id, [...boxes], [...labels], [...crowd]]),
    [
      [1, [4, 2, 14, 8, 0, 0, 10, 20], [2, 0], [0, 0]],
      [2, [30, 10, 40, 15], [1], [1]],
      [3, [], [], []],
    ],
  )
  assert.deepEqual([set.images[2].width, set.images[2].height], [40, 20])
  assert.equal(set.source(2), join(paths.images, '3.png'))
  assert.equal((await decodeImage(set, 2)).data.length, 40 * 20 * 3)
})

test('a limit takes the first images, and evaluation knows no others', async (t) => {
  const truth = [1, 2, 3, 4].map((image) => box(image, image, 3, [4, 2, 10, 6]))
  const paths = await writeCoco(t, { annotations: truth })
  const { set } = await loadCocoSet({ ...paths, limit: 2 })
  assert.deepEqual(
    set.images.map(({ id }) => id),
    [1, 2],
  )
  const found = truth.slice(0, 2).map(({ image_id, category_id, bbox }) => ({
    ...{ image_id, category_id, bbox: bbox as [number, number, number, number], score: 1 },
  }))
  const evaluation = new COCOeval(set.coco, await set.coco.loadRes(found), 'bbox')
  evaluation.evaluate()
  evaluation.accumulate()
  evaluation.summarize()
  assert.equal(evaluation.stats[0], 1, 'objects of other images would have been missed')
  await assert.rejects(loadCocoSet({ ...paths, limit: 0 }), /a whole number from 1, not 0/)
})

test('given categories decide the order of the classes', async (t) => {
  const paths = await writeCoco(t, { annotations: [box(1, 1, 90, [4, 2, 10, 6])] })
  const { set } = await loadCocoSet({ ...paths, categories })
  assert.deepEqual(set.categories, categories)
  assert.deepEqual([...set.images[0].labels], [0])
})

test('a root category without objects is no class', async (t) => {
  const { images, annotations } = await writeCoco(t, { annotations: [box(1, 1, 1, [4, 2, 10, 6])] })
  const dataset = JSON.parse(readFileSync(annotations, 'utf8'))
  const roots = [
    { id: 0, name: 'pets', supercategory: 'none' },
    { id: 1, name: 'cat', supercategory: 'pets' },
    { id: 2, name: 'dog', supercategory: 'pets' },
  ]
  await writeFile(annotations, JSON.stringify({ ...dataset, categories: roots }))
  const { set, warnings } = await loadCocoSet({ images, annotations })
  assert.deepEqual(set.categories, [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ])
  assert.match(warnings.join('\n'), /^A category of ".*" is not a class to learn: .*: pets \(id 0\)\.$/m)
  // The same file measures a detector of these classes, and one that was begun with the root among its classes.
  for (const categories of [set.categories, roots.map(({ id, name }) => ({ id, name }))])
    assert.deepEqual((await loadCocoSet({ images, annotations, categories })).set.categories, categories)
  await writeFile(annotations, JSON.stringify({ ...dataset, categories: roots, annotations: [] }))
  assert.equal(
    (await loadCocoSet({ images, annotations, categories: set.categories })).set.categories.length,
    2,
  )
  // With an object it is a class like others.
  await writeFile(
    annotations,
    JSON.stringify({ ...dataset, categories: roots, annotations: [box(1, 1, 0, [4, 2, 10, 6])] }),
  )
  assert.equal((await loadCocoSet({ images, annotations })).set.categories.length, 3)
})

const coco128 = join(packageRoot(), '.data', 'coco128')

test('coco128: every image has the size that its annotations say', {
  skip: !existsSync(coco128) && 'coco128 is not in .data',
}, async () => {
  const file = join(coco128, 'annotations', 'instances_train2017.json')
  const { set, warnings } = await loadCocoSet({ images: join(coco128, 'train2017'), annotations: file })
  assert.deepEqual(warnings, [])
  assert.equal(set.images.length, 128)
  assert.equal(set.categories.length, 80)
  assert.deepEqual(set.categories[79], { id: 90, name: 'toothbrush' })
  const boxes = set.images.reduce((sum, image) => sum + image.boxes.length / 4, 0)
  assert.equal(boxes, JSON.parse(readFileSync(file, 'utf8')).annotations.length)
  for (let index = 0; index < 12; index++) {
    const { data, width, height } = await decodeImage(set, index)
    assert.equal(data.length, width * height * 3)
  }
})
