import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { selectCategories } from '../../../datasets/detection/select-categories.js'

const names = ['person', 'Dog', 'traffic light', 'Cat', 'cat', 'bike', 'bike']
const dataset = {
  images: [1, 2].map((id) => ({ id, width: 9, height: 9, file_name: `${id}.png` })),
  categories: names.map((name, i) => ({ id: i + 1, name })),
  annotations: [1, 2, 4].map((category_id, i) => ({
    ...{
      id: i + 1,
      image_id: 1,
      category_id,
      bbox: [0, 0, 1, 1] as [number, number, number, number],
      area: 1,
    },
  })),
}

describe('selectCategories', () => {
  it('keeps the chosen categories in their order, and all images', () => {
    const { dataset: kept, notes } = selectCategories(dataset, ['dog', ' person '])
    assert.deepEqual(
      kept.categories.map(({ name }) => name),
      ['person', 'Dog'],
    )
    assert.deepEqual(
      kept.annotations.map(({ id }) => id),
      [1, 2],
    )
    assert.equal(kept.images.length, 2)
    assert.match(notes.join('\n'), /"dog" is taken for the category "Dog"/)
    assert.match(notes.join('\n'), /1 image of 2 has no object of the chosen categories/)
  })

  it('reports a name that others have in another case', () => {
    const { notes } = selectCategories(dataset, ['cat'])
    assert.match(notes.join('\n'), /"cat" is chosen, but "Cat" is not, which differ in case alone/)
  })

  it('refuses names that no category or several have', () => {
    assert.throws(
      () => selectCategories(dataset, ['persn']),
      /no category "persn"; names that are near: "person"/,
    )
    assert.throws(
      () => selectCategories(dataset, ['zebra']),
      /no category "zebra"; there are "person", "Dog", .*7 in all/,
    )
    assert.throws(() => selectCategories(dataset, ['CAT']), /"CAT" may be "Cat" or "cat"/)
    assert.throws(() => selectCategories(dataset, ['bike']), /2 categories are called "bike" \(ids 6, 7\)/)
    assert.throws(() => selectCategories(dataset, [' ']), /No category is chosen/)
  })
})
