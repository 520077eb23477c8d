import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const annotations = {
  images: [
    { id: 1, width: 400, height: 300 },
    { id: 2, width: 400, height: 300 },
  ],
  categories: [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 100, 100], area: 10_000, iscrowd: 0 },
    { id: 2, image_id: 2, category_id: 1, bbox: [10, 10, 100, 100], area: 10_000, iscrowd: 0 },
    { id: 3, image_id: 2, category_id: 2, bbox: [200, 50, 80, 100], area: 8000, iscrowd: 0 },
  ],
}

// One of two cats, exactly; the dog at an IoU of 0.8, which 7 of the 10 thresholds let pass.
const detections = [
  { image_id: 1, category_id: 1, bbox: [10, 10, 100, 100], score: 0.9 },
  { image_id: 2, category_id: 2, bbox: [200, 50, 80, 80], score: 0.8 },
]
const catAp = 51 / 101
const dogAp = 0.7

test('evaluate-detections: the table, the figures, categories, packed files, entries that are wrong', async (t) => {
  const folder = await temporaryFolder(t)
  const [a, d, packed, bad] = ['a.json', 'd.json', 'd.json.gz', 'bad.json'].map((name) => join(folder, name))
  await writeFile(a, JSON.stringify(annotations))
  await writeFile(d, JSON.stringify(detections))
  await writeFile(packed, gzipSync(JSON.stringify(detections)))
  await writeFile(bad, JSON.stringify([...detections, { ...detections[0], image_id: 3 }]))
  const run = (file: string, ...flags: string[]) =>
    toolkit(['evaluate-detections', '--annotations', a, '--detections', file, ...flags])

  const table = await run(d, '--per-category')
  assert.equal(table.code, 0, table.stderr)
  const first = ' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.602\n'
  assert.ok(table.stdout.startsWith(first), table.stdout)
  assert.match(table.stdout, /^cat +0\.505 +0\.505 +0\.505 +– /m)
  assert.match(table.stdout, /^dog +0\.700 +1\.000 +1\.000 +– /m)

  const json = await run(packed, '--json', '--per-category')
  const { stats, categories, skipped } = JSON.parse(json.stdout)
  assert.equal(stats.length, 12)
  assert.ok(Math.abs(stats[0] - (catAp + dogAp) / 2) < 1e-12)
  assert.ok(Math.abs(categories[1].stats[0] - dogAp) < 1e-12)
  assert.deepEqual(skipped, { annotations: 0, detections: 0 })

  const inThreads = await run(packed, '--json', '--per-category', '--workers', '2')
  assert.deepEqual([inThreads.code, inThreads.stdout], [0, json.stdout])
  const noThread = await run(packed, '--workers', '0')
  assert.equal(noThread.code, 2)
  assert.match(noThread.stderr, /--workers/)

  const refused = await run(bad)
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /^\S*bad\.json: results\[2\]: image_id 3 is not the id of an image\. .*lenient\.\n$/,
  )
  const lenient = await run(bad, '--lenient', '--json')
  assert.match(lenient.stderr, /bad\.json: 1 left out, the first: results\[2\]/)
  assert.equal(JSON.parse(lenient.stdout).skipped.detections, 1)
  assert.deepEqual(JSON.parse(lenient.stdout).stats, stats)

  assert.equal((await run(d, '--type', 'boxes')).code, 2)
  const none = await run(join(folder, 'none.json'))
  assert.equal(none.code, 1)
  assert.match(none.stderr, /none\.json: there is no such file\.\n$/)
})

test('evaluate-detections: what is completed or lowers the metrics is reported', async (t) => {
  const folder = await temporaryFolder(t)
  const run = async (truth: object, found: object, ...flags: string[]) => {
    const [a, d] = ['a.json', 'd.json'].map((name) => join(folder, name))
    await writeFile(a, JSON.stringify(truth))
    await writeFile(d, JSON.stringify(found))
    return toolkit(['evaluate-detections', '--annotations', a, '--detections', d, '--json', ...flags])
  }
  const { stats } = JSON.parse((await run(annotations, detections)).stdout)
  const bare = annotations.annotations.map(({ id, image_id, category_id, bbox }) => ({
    ...{
      id: `${id}`,
      image_id: `${image_id}`,
      category_id,
      bbox,
      segmentation: [[1, 2, 3, 4]],
      iscrowd: 'false',
    },
  }))
  const text = detections.map(({ image_id, score, ...rest }) => ({
    ...{ ...rest, image_id: `${image_id}`, score: `${score}` },
  }))
  const unusual = await run({ ...annotations, annotations: bare }, text)
  const figures = JSON.parse(unusual.stdout)
  assert.deepEqual(figures.stats, stats)
  assert.deepEqual(figures.completed, { annotations: 3, detections: 2 })
  assert.deepEqual(figures.skipped, { annotations: 0, detections: 0 })
  assert.match(
    unusual.stderr,
    /a\.json": 3 annotations have no usable area; it was computed from the box \(the first: /,
  )
  assert.match(
    unusual.stderr,
    /d\.json": 2 results have ids that are written as text; they were read as numbers/,
  )
  assert.equal(unusual.stderr, figures.notes.map((note: string) => `${note}\n`).join(''))

  const masks = await run(annotations, detections, '--type', 'segm')
  assert.equal(masks.code, 1)
  assert.match(masks.stderr, /^3 of 3 annotations have no mask that can be used \(the first: annotation 1\)/)
  const [first, ...others] = annotations.annotations
  const one = [{ ...first, segmentation: [[10, 10, 110, 10, 110, 110, 10, 110]] }, ...others]
  const lenient = await run(
    { ...annotations, annotations: one },
    detections.slice(0, 1),
    '--type',
    'segm',
    '--lenient',
  )
  assert.ok(Math.abs(JSON.parse(lenient.stdout).stats[0] - 1) < 1e-12)
  assert.match(
    lenient.stderr,
    /^2 annotations without a usable mask are left out \(the first: annotation 2\)\.$/m,
  )

  const zero = annotations.annotations.map((annotation) => ({ ...annotation, id: annotation.id - 1 }))
  const lower = await run({ ...annotations, annotations: zero }, detections)
  assert.ok(JSON.parse(lower.stdout).stats[0] < stats[0])
  assert.match(lower.stderr, /^Annotation 0 lowers the metrics: /)
  const parts = detections.map((detection) => ({ ...detection, bbox: [0.1, 0.1, 0.2, 0.2] }))
  assert.match(
    (await run(annotations, parts)).stderr,
    /d\.json" lie between 0 and 1: they look like parts of the image/,
  )
})

test('evaluate-detections: analysis, intervals, and another model beside it', async (t) => {
  const folder = await temporaryFolder(t)
  const [a, d, o] = ['a.json', 'd.json', 'o.json'].map((name) => join(folder, name))
  const [cat, dog] = detections
  const wrong = { ...cat, category_id: 2, score: 0.3 }
  await writeFile(a, JSON.stringify(annotations))
  await writeFile(d, JSON.stringify([cat, dog, wrong]))
  await writeFile(o, JSON.stringify([cat, { ...dog, bbox: [0, 200, 9, 9] }]))
  const flags = ['--annotations', a, '--detections', d, '--compare', o, '--bootstrap', '50', '--analysis']
  const run = (...more: string[]) => toolkit(['evaluate-detections', ...flags, ...more])

  const json = await run('--json')
  assert.equal(json.code, 0, json.stderr)
  const { stats, analysis, bootstrap, comparison } = JSON.parse(json.stdout)
  const { counts } = analysis.errors
  assert.deepEqual(counts, {
    classification: 1,
    localisation: 0,
    both: 0,
    duplicate: 0,
    background: 0,
    missed: 1,
  })
  assert.deepEqual(analysis.confusion.matrix, [
    [1, 0, 1],
    [0, 1, 0],
    [0, 1, 0],
  ])
  assert.deepEqual(
    analysis.bestF1.categories.map(({ best }: { best: { score: number } }) => best.score),
    [0.9, 0.8],
  )
  assert.equal(analysis.calibration.detections, 3)
  assert.equal(bootstrap.metrics.ap.value, stats[0])
  assert.equal(bootstrap.resamples, 50)
  assert.ok(Math.abs(comparison.differences.ap.value - dogAp / 2) < 1e-12)
  assert.ok(comparison.differences.ap.low >= 0)

  const text = await run('--min-score', '0.5')
  assert.match(text.stdout, /^classification +1 +\+0\.000$/m)
  assert.match(text.stdout, /^cat +0\.900 +0\.667 +1\.000 +0\.500 +2$/m)
  assert.match(text.stdout, /^AP +0\.602 +0\.252 +0\.350 +0\.\d+ … 0\.\d+ +\d+\.\d %$/m)
  assert.match(text.stdout, /^dog +· +1 +·$/m)
  assert.match(text.stdout, /^background +· +· +·$/m)

  await writeFile(d, JSON.stringify([{ ...cat, score: 7 }]))
  const logits = await run()
  assert.equal(logits.code, 0, logits.stderr)
  assert.match(logits.stdout, /^Calibration: the scores are no probabilities from 0 to 1\.$/m)
  assert.equal((await run('--bootstrap', '1')).code, 2)
})
