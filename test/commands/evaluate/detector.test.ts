/** `evaluate`, `export` and `describe` for detectors, from the command line. */
import assert from 'node:assert/strict'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { describeDetectorAs } from '../../../src/commands/describe-detector.js'
import { evaluateCommand } from '../../../src/commands/evaluate/evaluate.js'
import { readModelCard } from '../../../src/shared/model-card.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import type { DetectorRunConfig } from '../../../src/train/detection/config.js'
import { detectorPresets } from '../../../src/train/detection/presets.js'
import { buildDetectorStep } from '../../../src/train/detection/step.js'
import { createRun } from '../../../src/train/tasks.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import {
  COLOURS,
  colourCard,
  colourDetector,
  type Painted,
  paint,
} from '../../helpers/train/detection/colour-detector.js'
import { SIZE, tinyDetector } from '../../helpers/train/detection/tiny-detector.js'

const files = ['detections.json', 'evaluation.json', 'pictures.html']

/** Images of many shapes, each with a red and, two times in three, a green or blue rectangle. */
const scenes = (count: number): Painted[] =>
  Array.from({ length: count }, (_, i) => {
    const [width, height] = [128 - 8 * (i % 4), 64 + 8 * (i % 5)]
    const second = { colour: i % 3, bbox: [70, 20, 30, 24 + (i % 12)] as [number, number, number, number] }
    const objects = [{ colour: 0, bbox: [6 + (i % 12), 8, 40, 30] as [number, number, number, number] }]
    return { width, height, objects: i % 3 === 0 ? objects : [...objects, second] }
  })

test('evaluate: an exported detector on annotated images, as a table, as JSON and as files', async (t) => {
  const folder = await temporaryFolder(t)
  const data = await paint(folder, scenes(6))
  await writeFile(join(folder, 'detector.onnx'), colourDetector(colourCard({ inputSize: [96, 128] })))
  const evaluate = (...flags: string[]) =>
    toolkit(
      ['evaluate', 'detector.onnx', '--data', data.images, '--annotations', data.annotations, ...flags],
      {
        cwd: folder,
      },
    )

  const table = await evaluate()
  assert.equal(table.code, 0, table.stderr)
  assert.ok(
    table.stdout.startsWith(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = '),
    table.stdout,
  )
  assert.match(
    table.stdout,
    /\n Average Recall {5}\(AR\) @\[ IoU=0\.50:0\.95 \| area= large \| maxDets=100 \] = /,
  )
  assert.match(table.stdout, /^category +AP +AP50 /m)
  for (const { name } of COLOURS) assert.match(table.stdout, new RegExp(`^${name} +[01]\\.\\d{3}`, 'm'))
  assert.match(table.stdout, /are in evaluation: open evaluation\/pictures\.html\n$/)
  assert.match(table.stderr, /6 of 6 images · .* images\/s · 0 s left/)
  assert.deepEqual((await readdir(join(folder, 'evaluation'))).sort(), files)

  const json = await evaluate('--json', '--out', 'other', '--limit', '3')
  const figures = JSON.parse(json.stdout)
  assert.equal(figures.images, 3)
  assert.equal(figures.stats.length, 12)
  assert.equal(figures.names[0], 'AP')
  // Boxes of whole pixels, seen to the pixel.
  assert.ok(figures.stats[0] > 0.85, String(figures.stats))
  assert.equal(figures.stats[1], 1)
  assert.deepEqual(
    figures.categories.map(({ id }: { id: number }) => id),
    COLOURS.map(({ id }) => id),
  )
  assert.deepEqual((await readdir(join(folder, 'other'))).sort(), files)

  // What was written is what was measured.
  const again = await toolkit([
    ...['evaluate-detections', '--annotations', data.annotations, '--json'],
    ...['--detections', join(folder, 'evaluation', 'detections.json')],
  ])
  const written = JSON.parse(await readFile(join(folder, 'evaluation', 'evaluation.json'), 'utf8'))
  assert.deepEqual(JSON.parse(again.stdout).stats, written.stats)

  await truncate(join(data.images, '2.png'), 70)
  const broken = await evaluate('--json')
  assert.match(broken.stderr, /1 of 6 images could not be read and are left out: ".*2\.png" cannot be read/)
  assert.equal(JSON.parse(broken.stdout).images, 5)
})

test('evaluate: Ctrl-C leaves nothing behind and says how far it came', async (t) => {
  const folder = await temporaryFolder(t)
  const data = await paint(folder, scenes(60))
  await writeFile(join(folder, 'detector.onnx'), colourDetector())
  const stopped = await toolkit(
    ['evaluate', 'detector.onnx', '--data', data.images, '--annotations', data.annotations],
    {
      cwd: folder,
      pause: { afterOutput: 'of 60 images' },
      onPause: (child) => child.kill('SIGINT'),
    },
  )
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /Stopped after \d+ of 60 images; nothing was written\.\n$/)
  assert.equal(stopped.stdout, '')
  assert.deepEqual((await readdir(folder)).sort(), ['annotations.json', 'detector.onnx', 'images'])
})

test('evaluate: what does not fit is told in a sentence', async (t) => {
  const folder = await temporaryFolder(t)
  const data = await paint(folder, scenes(2))
  const [detector, cats] = [join(folder, 'detector.onnx'), join(folder, 'cats.onnx')]
  await writeFile(detector, colourDetector())
  await writeFile(cats, colourDetector(colourCard({ labels: ['cat', 'green', 'blue'] })))
  const classifier = join(packageRoot(), 'test/serve/golden/quadrants.onnx')
  const own = ['--data', data.images, '--annotations', data.annotations]
  for (const [args, message] of [
    [[detector], /detector\.onnx names no images to evaluate on; give --data FOLDER --annotations FILE/],
    [
      [detector, '--data', 'images'],
      /^Give --annotations too: the COCO annotations of the images in images$/,
    ],
    [
      [detector, '--annotations', 'a.json'],
      /^Give --data too: the folder of the images that a\.json is for$/,
    ],
    [[detector, '--split', 'train', ...own], /is a detector, and --split is for classifiers; leave it out$/],
    [
      [classifier, ...own],
      /quadrants\.onnx is a classifier, and --annotations is for detectors; leave it out$/,
    ],
    [[cats, ...own], /The categories of .* are not the 3 that are needed: it lacks 1, such as cat \(id 2\)/],
    [
      [cats, '--data', 'embedded', '--limit', '1'],
      /^The embedded scenes show .* the detector knows cat, green/,
    ],
    [[detector, '--data', 'nowhere', '--annotations', data.annotations], /no folder "nowhere"/],
    [
      [detector, ...own, '--limit', '0'],
      /argument '0' is invalid\. It must be a whole number of 1 or more\./,
    ],
  ] as [string[], RegExp][]) {
    const command = evaluateCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
    await assert.rejects(command.parseAsync(args, { from: 'user' }), { message })
  }
})

test('a detector’s run is measured on its own validation images, exported and described', async (t) => {
  const folder = await temporaryFolder(t)
  const painted = await paint(folder, scenes(4))
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
  assert.equal(exported.stdout, `Wrote ${join(path, 'detector.onnx')}: faster-rcnn-tiny-1x16, 3 classes\n`)
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
