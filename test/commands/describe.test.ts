import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { describeDetectorAs } from '../../src/commands/describe-detector.js'
import { presets } from '../../src/train/classification/presets.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { createRun } from '../../src/train/tasks.js'
import { toolkit } from '../helpers/commands/toolkit.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

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

test('describe: a classifier’s run, and whose pools it has', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  const { 'laptop-cifar10': laptop } = presets
  const data = { ...laptop.data, classes: ['cat', 'dog', 'frog'], imageSize: 24 }
  const config = { ...laptop, data, model: { ...laptop.model, stridedPools: 'keras' as const } }
  await (await createRun(folder, config)).close()

  const described = JSON.parse((await toolkit(['describe', folder, '--json'])).stdout)
  assert.deepEqual(
    [described.genotype, described.cells, described.filters, described.inputSize, described.classes],
    ['nasnet-a', 1, 16, 24, 3],
  )
  assert.equal(described.stridedPools, 'keras')
  const sizes = ['--cells', '1', '--filters', '16', '--stem-filters', '32', '--input', '24', '--classes', '3']
  const named = JSON.parse((await toolkit(['describe', 'nasnet-a-cifar', ...sizes, '--json'])).stdout)
  assert.deepEqual(described.parts, named.parts)
  assert.equal(named.stridedPools, undefined)

  const people = (await toolkit(['describe', folder, '--input', '32'])).stdout
  assert.match(people, /N = 1, F = 16, 32 × 32 pixels, 3 classes\n/)
  assert.match(people, /^Pools with a stride are Keras's: .*\n$/m)
})

test('describe: a detector whose pools are timm’s says so', () => {
  const { 'faster-rcnn-nas-small': small } = detectorPresets
  const backbone = { ...small.backbone, stridedPools: 'timm' as const }
  const { text, json } = describeDetectorAs('small', { ...small, backbone }, { backbone: {} })
  assert.match(text, /^Pools with a stride are timm's: padding counts as zeros, in averages\.$/m)
  assert.equal(json.stridedPools, 'timm')
})
