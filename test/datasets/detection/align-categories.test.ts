import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Annotation } from '#coco-ts'
import { alignCategories } from '../../../datasets/detection/align-categories.js'

const object = (id: number, category_id: number): Annotation => ({
  ...{ id, image_id: 1, category_id, bbox: [0, 0, 2, 3], area: 6, iscrowd: 0 },
})
const known = [
  { id: 3, name: 'dog' },
  { id: 7, name: 'café', supercategory: 'place' },
]
const dataset = {
  images: [{ id: 1, width: 9, height: 9, file_name: 'a.png' }],
  categories: [
    { id: 1, name: 'cafe\u0301 ' },
    { id: 2, name: 'bird' },
    { id: 3, name: 'unused' },
  ],
  annotations: [object(1, 1), object(2, 2)],
}

test('categories get the ids and the order of those of the same name', () => {
  const aligned = alignCategories(dataset, known, { from: 'a.csv', others: 'leave out' })
  assert.deepEqual(aligned, { ...dataset, categories: known, annotations: [object(1, 7)] })
  const birdless = { ...dataset, annotations: [object(1, 1)] }
  assert.deepEqual(alignCategories(birdless, known, { from: 'a.csv', others: 'refuse' }).annotations, [
    object(1, 7),
  ])
  // Of several with one name, the one with the same id.
  const twice = [
    { id: 5, name: 'bird' },
    { id: 2, name: 'bird' },
  ]
  const birds = alignCategories(dataset, twice, { from: 'a.csv', others: 'leave out' })
  assert.deepEqual(birds.annotations, [object(2, 2)])
})

test('objects of unknown categories are refused', () => {
  const align = (to: typeof known) => () => alignCategories(dataset, to, { from: 'a.csv', others: 'refuse' })
  assert.throws(align(known), {
    name: 'DatasetError',
    message: /^"a\.csv" has objects of 1 category that is unknown: bird \(id 2\); known are dog/,
  })
  assert.throws(align([{ id: 1, name: 'cow' }] as never), /has none of the 1 category cow \(id 1\)/)
})
