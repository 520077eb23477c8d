/** Measuring a detector, against pycocotools (golden/make_evaluation.py) and against metrics made by hand. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import type { Annotation, Category, CocoImage, Detection } from '#coco-ts'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { fitImage } from '../../../src/shared/detector-input.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { evaluateDetector } from '../../../src/train/detection/evaluate.js'
import type { DetectorInput } from '../../../src/train/detection/fit-pixels.js'
import type { Detector } from '../../../src/train/detection/step-types.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

interface Golden {
  images: (CocoImage & { file_name: string })[]
  annotations: Annotation[]
  categories: Category[]
  detections: Detection[]
  stats: number[]
  perCategory: number[][]
  withoutFirstTwo: number[]
}

const golden: Golden = JSON.parse(
  readFileSync(join(packageRoot(), 'test/train/detection/golden/evaluation.json'), 'utf8'),
)

/** The golden annotations over images of their sizes, each of a grey of its own: 10, 20, … */
async function goldenSet(t: TestContext): Promise<{ set: DetectionSet; images: string }> {
  const folder = await temporaryFolder(t)
  const images = join(folder, 'images')
  await mkdir(images)
  for (const [i, { width, height, file_name }] of golden.images.entries()) {
    const shade = 10 * (i + 1)
    const background = { r: shade, g: shade, b: shade }
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toFile(join(images, file_name))
  }
  const annotations = join(folder, 'annotations.json')
  await writeFile(annotations, JSON.stringify(golden))
  return { set: (await loadCocoSet({ images, annotations })).set, images }
}

/** Answers what `detectionsOf` says of an image, which it knows by its grey, in pixels of the input and padded to D rows. */
function knowing(
  set: DetectionSet,
  { inputSize, resize }: DetectorInput,
  detectionsOf: (id: number) => Detection[],
): Detector {
  const D = 12
  return {
    async run(pixels) {
      const { id, width, height } = set.images[Math.round(pixels[0] / 10) - 1]
      const fit = fitImage(resize, inputSize, width, height)
      const raw = {
        boxes: new Float32Array(4 * D),
        scores: new Float32Array(D),
        classes: new Int32Array(D),
      }
      for (const [row, { bbox, category_id, score }] of detectionsOf(id).entries()) {
        const [x, y, w, h] = bbox!
        const corners = [x * fit.scaleX, y * fit.scaleY, (x + w) * fit.scaleX, (y + h) * fit.scaleY]
        raw.boxes.set(corners, 4 * row)
        raw.scores[row] = score
        raw.classes[row] = set.categories.findIndex((category) => category.id === category_id)
      }
      return raw
    },
    async close() {},
  }
}

const foundIn = (id: number): Detection[] => golden.detections.filter(({ image_id }) => image_id === id)

const inputs: DetectorInput[] = [
  { inputSize: [160, 200], resize: 'letterbox' },
  { inputSize: [200, 160], resize: 'stretch' },
]

for (const input of inputs)
  test(`through a ${input.resize}, all metrics are those of pycocotools on the same detections`, async (t) => {
    const { set } = await goldenSet(t)
    const done: number[] = []
    const measured = await evaluateDetector(knowing(set, input, foundIn), input, set, {
      onImage: (count) => done.push(count),
    })
    assert.ok(measured)
    const byPlace = (a: Detection, b: Detection) =>
      a.image_id - b.image_id || a.bbox![0] - b.bbox![0] || a.score - b.score
    assert.deepEqual(measured.detections.sort(byPlace), golden.detections.sort(byPlace))
    const close = (actual: readonly number[], expected: readonly number[]) => {
      assert.equal(actual.length, 12)
      for (const [i, value] of expected.entries())
        assert.ok(Math.abs(actual[i] - value) < 1e-12, `figure ${i}`)
    }
    close(measured.stats, golden.stats)
    assert.deepEqual(
      measured.perCategory.map(({ id, name }) => ({ id, name })),
      golden.categories,
    )
    for (const [i, { stats }] of measured.perCategory.entries()) close(stats, golden.perCategory[i])
    assert.equal(measured.table.length, 12)
    assert.ok(measured.table[0].endsWith(`= ${golden.stats[0].toFixed(3)}`))
    assert.equal(measured.images, 16)
    assert.deepEqual(
      done,
      Array.from({ length: 16 }, (_, i) => i + 1),
    )
  })

test('who answers the truth has an AP of 1, and who cuts an eighth of each box passes the lower thresholds', async (t) => {
  const { set } = await goldenSet(t)
  const [input] = inputs
  const truth =
    (shift: number) =>
    (id: number): Detection[] =>
      golden.annotations
        .filter(({ image_id, iscrowd }) => image_id === id && !iscrowd)
        .map(({ image_id, category_id, bbox: [x, y, w, h] }) => ({
          ...{ image_id, category_id, score: 0.5 },
          bbox: [x, y, w * (1 - shift), h],
        }))
  const perfect = await evaluateDetector(knowing(set, input, truth(0)), input, set)
  assert.equal(perfect?.stats[0], 1)
  assert.equal(perfect.stats[8], 1)
  // An IoU of 0.88: 8 of the 10 thresholds, up to 0.85.
  const shifted = await evaluateDetector(knowing(set, input, truth(0.12)), input, set)
  assert.ok(Math.abs(shifted!.stats[0] - 0.8) < 1e-12)
  assert.equal(shifted!.stats[1], 1)
})

test('images that cannot be read are named and left out of the metrics', async (t) => {
  const { set, images } = await goldenSet(t)
  await writeFile(join(images, '0.png'), 'not a picture')
  await truncate(join(images, '1.png'), 90)
  const [input] = inputs
  const measured = await evaluateDetector(knowing(set, input, foundIn), input, set)
  assert.ok(measured)
  assert.equal(measured.images, 14)
  assert.equal(measured.unreadable.count, 2)
  assert.match(measured.unreadable.first[0], /0\.png" cannot be read: .*; replace or remove it\.$/)
  assert.match(measured.unreadable.first[1], /1\.png" cannot be read/)
  for (const [i, value] of golden.withoutFirstTwo.entries())
    assert.ok(Math.abs(measured.stats[i] - value) < 1e-12, `figure ${i}`)
  for (const { file_name } of golden.images) await writeFile(join(images, file_name), '')
  await assert.rejects(evaluateDetector(knowing(set, input, foundIn), input, set), {
    name: 'UserError',
    message: /^None of the 16 images of annotations can be used\. .*0\.png" cannot be read/,
  })
})

test('it stops when told to, drops what is below a score or beside the image, and hands on a detector’s error', async (t) => {
  const { set } = await goldenSet(t)
  const [input] = inputs
  const controller = new AbortController()
  const done: number[] = []
  const stopped = await evaluateDetector(knowing(set, input, foundIn), input, set, {
    signal: controller.signal,
    onImage(count) {
      done.push(count)
      if (count === 3) controller.abort()
    },
  })
  assert.equal(stopped, null)
  assert.deepEqual(done, [1, 2, 3])

  const sure = await evaluateDetector(knowing(set, input, foundIn), input, set, { minScore: 0.5 })
  assert.deepEqual(
    sure?.detections.length,
    golden.detections.filter(({ score }) => Math.fround(score) >= 0.5).length,
  )

  const beside = (id: number): Detection[] => {
    const { width, height } = golden.images.find((image) => image.id === id)!
    return [
      { image_id: id, category_id: 2, bbox: [width + 3, 4, 20, 10], score: 0.9 },
      { image_id: id, category_id: 2, bbox: [width - 5, height - 6, 20, 10], score: 0.8 },
    ]
  }
  const cut = await evaluateDetector(knowing(set, input, beside), input, set)
  assert.equal(cut?.detections.length, 16)
  for (const { image_id, bbox } of cut.detections) {
    const { width, height } = golden.images.find(({ id }) => id === image_id)!
    assert.deepEqual(bbox, [width - 5, height - 6, 5, 6])
  }
  const nothing = await evaluateDetector(
    knowing(set, input, () => []),
    input,
    set,
  )
  assert.equal(nothing?.stats[0], 0)
  assert.deepEqual(nothing.detections, [])

  const broken: Detector = { run: () => Promise.reject(new Error('out of memory')), async close() {} }
  await assert.rejects(evaluateDetector(broken, input, set), /^Error: out of memory$/)
  await assert.rejects(
    evaluateDetector(broken, input, { ...set, images: [] }),
    /has no images to measure on$/,
  )
})
