/** `evaluate`, `export` and `describe` with a detector's run. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readModelCard } from '../../../src/shared/read-model.js'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import { buildDetectorStep } from '../../../src/train/detection/step.js'
import { createRun } from '../../../src/train/tasks.js'
import { colouredScenes } from '../../helpers/commands/coloured-scenes.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { COLOURS, paint } from '../../helpers/train/detection/colour-detector.js'
import { SIZE, tinyDetector } from '../../helpers/train/detection/tiny-detector.js'

const files = ['detections.json', 'evaluation.json', 'pictures.html']

test('a detector’s run is measured on its own validation images, exported and described', async (t) => {
  const folder = await temporaryFolder(t)
  const painted = await paint(folder, colouredScenes(4))
  const data: DetectorRunConfig['data'] = {
    ...{ kind: 'coco', train: painted, validation: painted, limit: null, validationLimit: 3 },
    categories: COLOURS.map(({ id, name }) => ({ id, name })),
  }
  const config = tinyDetector({ data })
  const path = join(folder, 'run')
  const run = await createRun(path, config)
  const none = await toolkit(['evaluate', path])
  assert.match(none.stderr, /run has no checkpoint yet; train it first\n$/)
  const step = await buildDetectorStep(config, { imageSize: [SIZE, SIZE], classes: COLOURS.length })
  await run.save({ step: 1, seconds: 1, layout: step.layout, state: await step.state() })
  await run.close()
  await step.close()

  const measured = await toolkit(['evaluate', path, '--json'])
  assert.equal(measured.code, 0, measured.stderr)
  const figures = JSON.parse(measured.stdout)
  assert.equal(figures.images, 3)
  assert.equal(figures.out, join(path, 'evaluation'))
  assert.deepEqual((await readdir(join(path, 'evaluation'))).sort(), files)

  const exported = await toolkit(['export', path])
  assert.equal(
    exported.stdout,
    `Wrote ${join(path, 'detector.onnx')}: faster-rcnn-tiny-1x16, 3 classes\nNext: toolkit serve ${join(path, 'detector.onnx')}\n`,
  )
  const card = await readModelCard(join(path, 'detector.onnx'))
  assert.equal(card.task, 'detection')
  const flags = ['--data', painted.images, '--annotations', painted.annotations, '--limit', '3', '--json']
  const file = await toolkit([
    'evaluate',
    join(path, 'detector.onnx'),
    ...flags,
    '--out',
    join(folder, 'out'),
  ])
  assert.deepEqual(JSON.parse(file.stdout).stats, figures.stats)

  const described = JSON.parse((await toolkit(['describe', path, '--json'])).stdout)
  assert.equal(described.parameters.total, step.parameters)
  assert.equal(described.classes, 3)
})
