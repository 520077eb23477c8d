import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { COCO } from '#coco-ts'
import { trainingNotes } from '../../../datasets/detection/training-notes.js'

/** Images of 640 × 480, each with an object of each size, `[category, side]`. */
function annotated(images: number, objects: [category: number, side: number][], widths = [640]): COCO {
  return new COCO({
    categories: [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ],
    images: Array.from({ length: images }, (_, i) => ({
      ...{ id: i + 1, width: widths[i % widths.length], height: 480, file_name: `${i}.jpg` },
    })),
    annotations: Array.from({ length: images }, (_, i) =>
      objects.map(([category_id, side], j) => ({
        ...{ id: i * objects.length + j + 1, image_id: i + 1, category_id, iscrowd: 0 as const },
        ...{ bbox: [0, 0, side, side] as [number, number, number, number], area: side ** 2 },
      })),
    ).flat(),
  })
}

describe('notes before training', () => {
  it('say nothing of many objects of good size in images of several sizes', () =>
    assert.deepEqual(trainingNotes(annotated(20, [[1, 100]], [640, 500]), 320), []))

  it('name categories with few objects, the fewest first, and not those without', () => {
    const [note, ...others] = trainingNotes(annotated(19, [[2, 100]], [640, 500]), 320)
    assert.match(note, /^1 category has fewer than 20 objects \(dog 19\)/)
    assert.deepEqual(others, [])
  })

  it('count objects that are tiny at the size of the input, which is that of the longer side', () => {
    // 15 pixels of 640 are 7.5 of 320, and 15 of 640.
    const coco = annotated(20, [
      [1, 100],
      [1, 15],
    ])
    assert.match(
      trainingNotes(coco, 320)[0],
      /^20 of 40 objects \(50 %\) are narrower than 8 pixels .* 320 pixels/,
    )
    assert.doesNotMatch(trainingNotes(coco, 640).join(), /narrower/)
  })

  it('name images that are too long to see something on them', () => {
    const coco = annotated(20, [[1, 100]], [640, 20_000])
    const [note] = trainingNotes(coco, 320).filter((text) => /so long/.test(text))
    // 480 of 20,000 pixels are 7.7 of 320, and 32 of 1,334.
    assert.match(note, /^10 images are so long .* fewer than 32 pixels at 320 \(1\.jpg 20000 × 480, /)
    assert.doesNotMatch(trainingNotes(coco, 1334).join(), /so long/)
  })

  it('tell that all images are of one size', () => {
    assert.match(trainingNotes(annotated(20, [[1, 100]]), 320)[0], /^all images are 640 × 480 pixels/)
    assert.doesNotMatch(trainingNotes(annotated(9, [[1, 100]]), 320).join(), /all images/)
  })

  it('are none of annotations without objects', () =>
    assert.deepEqual(trainingNotes(annotated(5, []), 320), []))
})
