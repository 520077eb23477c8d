import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hopelessNote, lowResultNote } from '../../../src/train/detection/low-result.js'
import { redSet } from '../../helpers/train/detection/red-scenes.js'

test('an AP50 near zero is told with its likely reasons', async () => {
  const set = await redSet(3)
  const random = { weights: null }
  const trained = { weights: 'runs/backbone' }
  assert.equal(lowResultNote(0.2, 10, random, set), undefined)
  // COCO's number for what is not defined.
  assert.equal(lowResultNote(-1, 10, random, set), undefined)
  assert.match(
    lowResultNote(0.006, 400, random, set)!,
    /finds next to nothing .* random weights \(.*\); fewer than 50 objects to learn from: red 3; few steps: 400 \(/,
  )
  const many = { ...set, images: Array.from({ length: 60 }, () => set.images[0]) }
  assert.match(lowResultNote(0, 9000, trained, many)!, /Look at the training images with --preview/)
  // Crowds are not learnt from.
  const crowds = many.images.map((image) => ({ ...image, crowd: Uint8Array.of(1) }))
  const note = lowResultNote(0, 9000, { weights: null, init: 'runs/coco' }, { ...many, images: crowds })!
  assert.match(note, /Likely reasons: fewer than 50 objects to learn from: red 0$/)
})

test('a run that still finds nothing after minutes is told so, a young or a learning one is not', async () => {
  const set = await redSet(3)
  const many = { ...set, images: Array.from({ length: 60 }, () => set.images[0]) }
  const look = { ap50: 0.0004, images: 64, seconds: 372 }
  const trained = { weights: 'runs/backbone' }
  assert.equal(
    hopelessNote(look, 0.31, { weights: null }, set),
    'AP50 is 0.000 on 64 images after 6 min (31.0 % of the run): this run may never find anything. Likely reasons: ' +
      'it began with random weights (begin with --backbone RUN or --init RUN); fewer than 50 objects to learn from: red 3. ' +
      'Ctrl-C stops it',
  )
  assert.match(
    hopelessNote(look, 0.31, trained, many)!,
    /Look at the training images with --preview: .* A lower --learning-rate may help too\. Ctrl-C stops it$/,
  )
  assert.equal(hopelessNote({ ...look, ap50: 0.02 }, 0.31, trained, set), undefined)
  assert.equal(hopelessNote({ ...look, ap50: -1 }, 0.31, trained, set), undefined)
  assert.equal(hopelessNote({ ...look, seconds: 200 }, 0.31, trained, set), undefined)
  assert.equal(hopelessNote(look, 0.01, trained, set), undefined)
})
