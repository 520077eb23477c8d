/** The images of quick looks during training. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHECK_IMAGES, checkImages } from '../../../src/train/detection/check-images.js'
import { redSet } from '../../helpers/train/detection/red-scenes.js'

test('they are spread over the set, with their own files, and all of a small set', async () => {
  const set = await redSet(11)
  const few = checkImages(set, 4)
  assert.deepEqual(
    few.images.map(({ id }) => id),
    [1, 3, 6, 9],
  )
  for (const [i, { id }] of few.images.entries()) assert.equal(few.source(i), set.source(id - 1))
  assert.deepEqual(checkImages(set).images, set.images)
  assert.ok(CHECK_IMAGES <= 64)
})
