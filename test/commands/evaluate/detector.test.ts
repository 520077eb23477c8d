/** `toolkit evaluate` with an exported detector. */
import assert from 'node:assert/strict'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { evaluateCommand } from '../../../src/commands/evaluate/evaluate.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { colouredScenes } from '../../helpers/commands/coloured-scenes.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { COLOURS, colourCard, colourDetector, paint } from '../../helpers/train/detection/colour-detector.js'

const files = ['detections.json', 'evaluation.json', 'pictures.html']

test('evaluate: an exported detector on annotated images, as a table, as JSON and as files', async (t) => {
  const folder = await temporaryFolder(t)
  const data = await paint(folder, colouredScenes(6))
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
  const data = await paint(folder, colouredScenes(60))
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
  const data = await paint(folder, colouredScenes(2))
  const [detector, cats] = [join(folder, 'detector.onnx'), join(folder, 'cats.onnx')]
  await writeFile(detector, colourDetector())
  await writeFile(cats, colourDetector(colourCard({ labels: ['cat', 'green', 'blue'] })))
  const classifier = join(packageRoot(), 'test/serve/golden/quadrants.onnx')
  const own = ['--data', data.images, '--annotations', data.annotations]
  for (const [args, message] of [
    [
      [detector],
      /detector\.onnx names no images to evaluate on; give --data FOLDER \(with --annotations FILE/,
    ],
    [[detector, '--data', 'nowhere'], /^There is no file or folder "nowhere"\.$/],
    [
      [detector, '--data', data.images],
      /has no annotations that are known: a COCO \.json, a YOLO data\.yaml/,
    ],
    [[detector, '--categories', 'red'], /^--format and --categories are for annotated images/],
    [[detector, ...own, '--categories', 'rod'], /^There is no category "rod"; names that are near: "red"\.$/],
    [[cats, ...own, '--categories', 'red,green'], /has objects of 1 category that is unknown: red \(id 2\)/],
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
