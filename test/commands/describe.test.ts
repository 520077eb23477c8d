import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeDetectorAs } from '../../src/commands/describe-detector.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { toolkit } from '../helpers/commands/toolkit.js'

test('describe: the released detector, with changes, and for people', async () => {
  const large = await toolkit(['describe', 'faster-rcnn-nas-large'])
  assert.equal(large.code, 0, large.stderr)
  // Counted layer by layer elsewhere: see test/train/detection/golden/count_faster_rcnn.py.
  assert.match(large.stdout, /^all +105,352,605 +104,959,269 +587,152,807,200$/m)
  assert.match(large.stdout, /^faster-rcnn-nas-large: .* 1200 × 1200 pixels, 90 classes\n/)
  assert.match(large.stdout, /^67,500 anchors; 50 proposals, each .* as 17 × 17\.$/m)
  const { 'faster-rcnn-nas-small': small, 'faster-rcnn-nas-embedded': embedded } = detectorPresets
  const changes = { backbone: { cells: 1 }, input: 256, classes: 3 }
  const { json } = describeDetectorAs('small', small, changes)
  assert.deepEqual([json.classes, json.inputSize, json.cells], [3, [256, 256], 1])
  assert.equal(describeDetectorAs('embedded', embedded, { backbone: {} }).json.classes, 10)
})
