/** What became of each detection, the page and the files that show it, on images painted for it. */
import assert from 'node:assert/strict'
import { readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { COCO, COCOeval, type Detection } from '#coco-ts'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { type DetectorEvaluation, evaluateDetector } from '../../../src/train/detection/evaluate.js'
import { analyse } from '../../../src/train/detection/report/analysis.js'
import {
  chooseImages,
  countsAt,
  type ImageMatches,
  matchImages,
} from '../../../src/train/detection/report/matches.js'
import { drawPicture, OUTCOME_COLOURS } from '../../../src/train/detection/report/pictures.js'
import { drawPrecision, precisionCurves } from '../../../src/train/detection/report/precision-curve.js'
import { writeEvaluation } from '../../../src/train/detection/report/write-evaluation.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { COLOURS, type Painted, paint } from '../../helpers/train/detection/colour-detector.js'

const SIDE = 100
const input = { inputSize: [SIDE, SIDE], resize: 'stretch' } as const
const [red, green, blue] = [0, 1, 2]

const images: Painted[] = [
  // Found, missed, and a crowd.
  {
    width: SIDE,
    height: SIDE,
    objects: [
      { colour: red, bbox: [5, 5, 40, 40] },
      { colour: green, bbox: [50, 5, 40, 40] },
      { colour: red, bbox: [5, 60, 90, 30], iscrowd: 1 },
    ],
  },
  { width: SIDE, height: SIDE, objects: [{ colour: blue, bbox: [20, 20, 60, 60] }] },
  { width: SIDE, height: SIDE, objects: [{ colour: red, bbox: [10, 10, 20, 20] }] },
  { width: SIDE, height: SIDE, objects: [] },
]
const answers: [colour: number, score: number, box: number[]][][] = [
  [
    [red, 0.9, [5, 5, 45, 45]],
    // In the crowd.
    [red, 0.8, [10, 62, 40, 88]],
    // The wrong class.
    [blue, 0.6, [50, 5, 90, 45]],
  ],
  [
    [blue, 0.7, [20, 20, 80, 78]],
    // A second one of the same object.
    [blue, 0.3, [22, 20, 80, 80]],
  ],
  [[red, 0.2, [10, 10, 30, 30]]],
  [],
]

/** The images painted and measured, with the answers as if a detector had given them. */
async function measured(
  t: TestContext,
  scene = images,
  found = answers,
): Promise<{ set: DetectionSet; evaluation: DetectorEvaluation; folder: string }> {
  const folder = await temporaryFolder(t)
  const { set } = await loadCocoSet(await paint(folder, scene))
  let image = 0
  const detector = {
    async run() {
      const rows = found[image++]
      return {
        boxes: Float32Array.from(rows.flatMap(([, , box]) => box)),
        scores: Float32Array.from(rows, ([, score]) => score),
        classes: Int32Array.from(rows, ([colour]) => colour),
      }
    },
    async close() {},
  }
  const evaluation = await evaluateDetector(detector, input, set)
  return { set, evaluation: evaluation!, folder }
}

test('detections are true or false positives or ignored, and objects found or missed, as by hand', async (t) => {
  const { set, evaluation } = await measured(t)
  const matches = matchImages(evaluation, set)
  assert.deepEqual(
    matches.map(({ index, detections }) => [index, detections.map(({ outcome }) => outcome)]),
    [
      [0, ['truePositive', 'ignored', 'falsePositive']],
      [1, ['truePositive', 'falsePositive']],
      [2, ['truePositive']],
      [3, []],
    ],
  )
  assert.deepEqual(
    matches[0].objects.map(({ object, ignored, score }) => [object.bbox[0], object.bbox[1], ignored, score]),
    [
      [5, 5, false, 0.9],
      [5, 60, true, 0.8],
      [50, 5, false, 0],
    ],
  )
  // 0.9 right, 0.7 right, 0.6 wrong, 0.3 wrong, 0.2 right; four objects.
  const { threshold } = analyse(evaluation)
  assert.equal(threshold.score, 0.7)
  assert.deepEqual(
    [threshold.precision, threshold.recall, threshold.f1].map((value) => value.toFixed(6)),
    [1, 0.5, 4 / 6].map((value) => value.toFixed(6)),
  )
  assert.deepEqual(countsAt(matches[0], 0.7), {
    truePositive: 1,
    falsePositive: 0,
    falseNegative: 1,
    f1: 2 / 3,
  })
  assert.deepEqual(countsAt(matches[0], 0.5), {
    truePositive: 1,
    falsePositive: 1,
    falseNegative: 1,
    f1: 0.5,
  })
  assert.deepEqual(countsAt(matches[2], 0.7), { truePositive: 0, falsePositive: 0, falseNegative: 1, f1: 0 })
  assert.equal(countsAt(matches[3], 0.7).f1, 1)
  const nothing = await measured(t, images.slice(3), answers.slice(3))
  assert.deepEqual(analyse(nothing.evaluation).threshold, { score: 1, precision: 0, recall: 0, f1: 0 })
})

test('errors, confusions and the scores to accept, as by hand', async (t) => {
  const { evaluation } = await measured(t)
  const { errors, confusion, thresholds, calibrationError } = analyse(evaluation)
  // The blue box on the green object, which is therefore not missed; the second blue box of one object; and the box in the
  // crowd, which costs nothing, but which TIDE counts.
  const counts = Object.fromEntries(errors.map(({ kind, count }) => [kind, count]))
  assert.deepEqual(counts, {
    ...{ classification: 1, localisation: 0, both: 0 },
    ...{ duplicate: 1, background: 1, missed: 0 },
  })
  // AP50 is 2/3: green has none. With the blue box called green, it has all.
  assert.equal(errors[0].kind, 'classification')
  assert.ok(Math.abs(errors[0].deltaAp - 1 / 3) < 1e-9)
  assert.deepEqual(confusion.matrix, [
    [1, 0, 0, 1],
    [0, 0, 0, 1],
    [0, 0, 1, 0],
    [0, 0, 0, 0],
  ])
  assert.equal(confusion.ignored, 1)
  assert.deepEqual(
    thresholds.map(({ name, threshold: best }) => [name, best]),
    [
      ['red', { score: 0.2, precision: 1, recall: 1, f1: 1 }],
      ['green', null],
      ['blue', { score: 0.7, precision: 1, recall: 1, f1: 1 }],
    ],
  )
  // Five detections, each alone in its tenth: 0.9, 0.7 and 0.2 right, 0.6 and 0.3 wrong.
  assert.ok(Math.abs(calibrationError - (0.1 + 0.3 + 0.8 + 0.6 + 0.3) / 5) < 1e-9)
})

test('an image that cannot be read is in no analysis', async (t) => {
  const { evaluation } = await measured(t)
  evaluation.coco.params.imgIds = evaluation.coco.params.imgIds.slice(1)
  const { errors, confusion } = analyse(evaluation)
  assert.equal(errors.find(({ kind }) => kind === 'classification')?.count, 0)
  assert.deepEqual(confusion.matrix[1], [0, 0, 0, 0])
})

test('the worst and the best images are chosen, each once, those without anything not', () => {
  const image = (index: number, right: number, wrong: number): ImageMatches => ({
    index,
    detections: [...Array(right).fill('truePositive'), ...Array(wrong).fill('falsePositive')].map(
      (outcome) => ({
        found: { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 1, 1], area: 1, score: 0.5 },
        outcome,
      }),
    ),
    objects: [],
  })
  // From the worst: 1 (three mistakes), 4 (one), 2 (F1 0.67), 0 (one right), 3 (two right).
  const all = [image(0, 1, 0), image(1, 0, 3), image(2, 1, 1), image(3, 2, 0), image(4, 0, 1), image(5, 0, 0)]
  const chosen = (count: number) => {
    const { worst, best } = chooseImages(all, 0.5, count)
    return [worst.map(({ index }) => index), best.map(({ index }) => index)]
  }
  assert.deepEqual(chosen(24), [
    [1, 4, 2],
    [3, 0],
  ])
  assert.deepEqual(chosen(4), [
    [1, 4],
    [3, 0],
  ])
  assert.deepEqual(chosen(3), [[1, 4], [3]])
  assert.deepEqual(chosen(1), [[1], []])
})

test('the mean of the precision curves is AP50, that of each category its own', async (t) => {
  const { evaluation } = await measured(t)
  const { recalls, categories, mean } = precisionCurves(evaluation.coco)
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  assert.equal(recalls.length, 101)
  assert.ok(Math.abs(average(mean) - evaluation.stats[1]) < 1e-12)
  for (const { name, precisions } of categories) {
    const own = evaluation.perCategory.find((category) => category.name === name)!
    assert.ok(Math.abs(average(precisions) - own.stats[1]) < 1e-12, name)
  }
  // Two of two red ones, the crowd's not counted: precision 1 at every recall.
  assert.deepEqual(
    categories[0].precisions,
    recalls.map(() => 1),
  )
  await sharp(Buffer.from(drawPrecision({ recalls, categories, mean }))).toBuffer()
})

test('a picture shows the image with solid detections, dashed objects, and names for what was missed', async (t) => {
  const { set, evaluation } = await measured(t)
  const [first] = matchImages(evaluation, set)
  const { width, height, jpeg, overlay } = await drawPicture(set, first, 0.5)
  assert.deepEqual([width, height], [480, 480])
  const { data, info } = await sharp(jpeg)
    .composite([{ input: Buffer.from(overlay) }])
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const pixel = (x: number, y: number) => Array.from(data.subarray(3 * (y * info.width + x)).subarray(0, 3))
  const near = (actual: number[], hex: string) => {
    const expected = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
    assert.ok(
      expected.every((value, i) => Math.abs(value - actual[i]) < 40),
      `${actual} for ${hex}`,
    )
  }
  // On the left edges of the object that was found, and of the detection in the crowd; in the middle of the former.
  near(pixel(24, 120), OUTCOME_COLOURS.truePositive)
  near(pixel(48, 350), OUTCOME_COLOURS.ignored)
  near(pixel(100, 100), '#f00a0a')
  assert.match(overlay, />red 0\.90</)
  assert.match(overlay, />blue 0\.60</)
  assert.match(overlay, />green</)
  assert.equal(overlay.match(/>red</g)?.length, 1, 'the crowd alone is called red without a score')
  assert.match(overlay, /stroke-dasharray/)
  assert.doesNotMatch((await drawPicture(set, first, 0.7)).overlay, /blue/)
})

/** Tags that do not nest rightly, or stay open. */
function unbalanced(html: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  const body = html.replace(/<style>.*?<\/style>/s, '').replace(/^<!doctype html>/, '')
  for (const [, closing, name, selfClosing] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^<>]*?(\/?)>/gi)) {
    if (selfClosing || ['meta', 'img'].includes(name)) continue
    if (!closing) open.push(name)
    else if (open.pop() !== name) wrong.push(name)
  }
  return [...wrong, ...open]
}

test('the page needs nothing beside it, and the files say what was measured', async (t) => {
  const { set, evaluation, folder } = await measured(t)
  const odd = '<b>&"odd".png'
  await rename(set.images[1].fileName, join(folder, 'images', odd))
  set.images[1].fileName = join(folder, 'images', odd)
  const paths = set.images.map(({ fileName }) => fileName)
  const moved = { ...set, source: (index: number) => paths[index] }
  const out = join(folder, 'a', 'b')
  const summary = await writeEvaluation(out, 'runs/<mine>', evaluation, moved)
  assert.deepEqual((await readdir(out)).sort(), ['detections.json', 'evaluation.json', 'pictures.html'])

  const page = await readFile(join(out, 'pictures.html'), 'utf8')
  assert.deepEqual(unbalanced(page), [])
  const outside = page
    .replaceAll('http://www.w3.org/2000/svg', '')
    .match(/https?:|src="(?!data:)|href|@import|url\(/g)
  assert.equal(outside, null)
  assert.match(page, /<title>runs\/&lt;mine&gt; on annotations<\/title>/)
  assert.match(
    page,
    /&lt;b&gt;&amp;&quot;odd&quot;\.png: F1 1\.00, true positives 1, false positives 0, false negatives 0/,
  )
  assert.match(page, /from score 0\.70 up, where the F1 over all images is highest: 0\.667/)
  const pictures = [...page.matchAll(/src="data:image\/jpeg;base64,([^"]+)">(<svg.*?<\/svg>)/gs)]
  assert.equal(pictures.length, 3, 'the image without objects and detections shows nothing')
  for (const [, jpeg, svg] of pictures) {
    assert.equal((await sharp(Buffer.from(jpeg, 'base64')).metadata()).format, 'jpeg')
    await sharp(Buffer.from(svg)).toBuffer()
  }
  for (const { name } of COLOURS) assert.match(page, new RegExp(`<tr><th>${name}</th><td>[12]</td>`))

  const written: Detection[] = JSON.parse(await readFile(join(out, 'detections.json'), 'utf8'))
  const truth = await COCO.load(join(folder, 'annotations.json'))
  const again = new COCOeval(truth, await truth.loadRes(written), 'bbox')
  again.evaluate()
  again.accumulate()
  assert.deepEqual(
    again.summarize(() => {}),
    evaluation.stats,
  )
  assert.deepEqual(JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8')), summary)
  assert.equal(summary?.names[1], 'AP50')
  assert.deepEqual(summary.stats, evaluation.stats)

  const nowhere = join(folder, 'stopped')
  assert.equal(await writeEvaluation(nowhere, 'x', evaluation, moved, AbortSignal.abort()), null)
  await assert.rejects(readdir(nowhere), { code: 'ENOENT' })
  await assert.rejects(writeEvaluation(join(folder, 'annotations.json', 'x'), 'x', evaluation, moved), {
    name: 'UserError',
    message: /^Cannot create .*: a part of the path is a file, not a folder$/,
  })
})

test('a page without a single detection, or without objects, can be drawn too', async (t) => {
  for (const scene of [images.slice(0, 2), images.slice(3)]) {
    const { set, evaluation, folder } = await measured(t, scene, [[], []])
    await writeEvaluation(join(folder, 'out'), 'nothing', evaluation, set)
    const page = await readFile(join(folder, 'out', 'pictures.html'), 'utf8')
    assert.match(page, /There is no true positive at IoU 0\.5, so no detections are drawn\./)
    assert.deepEqual(unbalanced(page), [])
    assert.doesNotMatch(page, /NaN|undefined|Infinity/)
  }
})
