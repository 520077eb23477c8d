/**
 * The detector with all settings as released, its weights taken by the names of the released program, against that
 * program itself: the TensorFlow Object Detection API's `faster_rcnn_nas`, made tiny.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import type { DetectorSettings } from '../../models/faster-rcnn-config.js'
import { detect } from '../../models/index.js'
import { blockSize } from '../../src/engine/index.js'
import { packageRoot } from '../../src/shared/package-root.js'
import { detectorOf } from '../../src/train/detection/network.js'
import { detectorPresets } from '../../src/train/detection/presets.js'
import { contextOver } from '../../src/train/step/contexts.js'
import { COCO_IDS } from '../../src/weights/names/coco-categories.js'
import { takeColumns } from '../../src/weights/names/columns.js'
import { detectorVariable, isSecondStage, releasedColumns } from '../../src/weights/names/faster-rcnn.js'
import { compiled, type Given, type Results } from '../helpers/engine/compare.js'
import { drawnByName } from '../helpers/models/drawn-weights.js'
import { putColumns } from '../helpers/weights/put-columns.js'
import { detectorParts, releasedAnchors, turned } from '../helpers/weights/released-detector.js'

interface Sampled {
  shape: number[]
  step: number
  values: number[]
}

interface Golden {
  imageSize: [number, number]
  classes: number
  filters: number
  crop: number
  /** The variables of the detector's own: their shapes by name. */
  variables: Record<string, number[]>
  features: Sampled
  objectness: Sampled
  encodings: Sampled
  anchors: Sampled
  proposals: { found: number; boxes: number[][] }
  crops: Sampled
  logits: number[][]
  refined: number[][]
  detections: { boxes: number[][]; scores: number[]; classes: number[] }
}

const golden: Golden = JSON.parse(
  readFileSync(join(packageRoot(), 'test/weights/golden/faster_rcnn_nas.json'), 'utf8'),
)
const [height, width] = golden.imageSize
const preset = detectorPresets['faster-rcnn-nas-coco']
const CELLS = preset.backbone.cells
const SCALES = preset.detector.anchors.scales.length
const RATIOS = preset.detector.anchors.ratios.length
const columns = { scales: SCALES, ratios: RATIOS, categoryIds: [1, 2, 3, 4, 5] }

/** The settings of the preset, with the golden's sizes. */
const settings: DetectorSettings = {
  ...preset.detector,
  anchors: { ...preset.detector.anchors, base: 64 },
  proposals: { ...preset.detector.proposals, filters: 12, postNmsTopN: 20 },
  roiHeads: { ...preset.detector.roiHeads, crop: golden.crop },
  output: { ...preset.detector.output, count: 60 },
}

/** How much larger than usual the golden's weights are. */
const GAINS: Record<string, number> = {
  'Conv/weights': 12,
  'FirstStageBoxPredictor/ClassPredictor/weights': 1,
  'FirstStageBoxPredictor/BoxEncodingPredictor/weights': 3,
  'SecondStageBoxPredictor/ClassPredictor/weights': 6,
  'SecondStageBoxPredictor/BoxEncodingPredictor/weights': 6,
}

/** The numbers that make_faster_rcnn_nas.py gives the variable, or the backbone's parameter, of this name. */
function numbersOf(name: string, shape: readonly number[]): Float32Array {
  const drawn = drawnByName(name, tf.util.sizeFromShape([...shape]))
  if (name.endsWith('/gamma')) return Float32Array.from(drawn, (x) => 1 + 0.25 * x)
  if (name.endsWith('/moving_variance')) return Float32Array.from(drawn, (x) => 1 + 0.5 * x)
  if (shape.length === 1) return Float32Array.from(drawn, (x) => 0.25 * x)
  const inputs = tf.util.sizeFromShape(name.endsWith('/depthwise') ? shape.slice(0, 2) : shape.slice(0, -1))
  return Float32Array.from(drawn, (x) => ((GAINS[name] ?? 1.5) / Math.sqrt(inputs)) * x)
}

const used = new Set<string>()
const ctx = contextOver({
  training: false,
  progress: tf.scalar(1),
  parameter: ({ path, shape }) => {
    const variable = detectorVariable(path, CELLS, (name) => name)
    if (variable.includes('FeatureExtractor/')) return tf.tensor(numbersOf(path, shape), shape)
    used.add(variable)
    const stored = golden.variables[variable]
    const order = releasedColumns(path, columns)
    const numbers = numbersOf(variable, stored)
    const taken = order ? takeColumns(numbers, stored[stored.length - 1], order) : numbers
    return tf.tensor(taken, shape)
  },
  uniform: () => assert.fail('noise in inference'),
  update() {},
})

/** Blocks of 16 pixels of one colour. */
function picture(): tf.Tensor4D {
  const [rows, places] = [height / 16, width / 16]
  const blocks = drawnByName('picture', rows * places * 3).map((x) => Math.floor((x + 1) * 128))
  const pixels = Float32Array.from({ length: height * width * 3 }, (_, i) => {
    const [y, x] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width]
    return (blocks[(Math.floor(y / 16) * places + Math.floor(x / 16)) * 3 + (i % 3)] * 2) / 255 - 1
  })
  return tf.tensor4d(pixels, [1, height, width, 3])
}

async function given(): Promise<Record<string, Given>> {
  await tf.setBackend('cpu')
  const images = picture()
  return { images: { shape: images.shape, data: images.dataSync() } }
}

/** Everything that the golden file has, in the order of the toolkit. */
const partsOf = (settings: DetectorSettings) => {
  const backbone = { ...preset.backbone, filters: golden.filters, stemFilters: 8 }
  const detector = detectorOf({ backbone, detector: settings }, golden.classes)
  return ({ images }: Record<string, tf.Tensor>) => {
    const [{ boxes, scores, classes }] = detect(detector, ctx, images as tf.Tensor4D)
    return { ...detectorParts(detector, ctx, images as tf.Tensor4D), boxes, scores, classes }
  }
}

function near(name: string, actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length, name)
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(actual[i] - value)
    assert.ok(difference <= tolerance, `${name}[${i}] is ${actual[i]}, not ${value}`)
  }
}

const sampleOf = (data: readonly number[], { step }: Sampled) => data.filter((_, i) => i % step === 0)

function assertReleased(results: Results, what: string): void {
  near(`${what}: features`, sampleOf(results.features.data, golden.features), golden.features.values, 2e-5)
  const objectness = releasedAnchors(results.objectness.data, [0, 1], columns)
  near(`${what}: objectness`, sampleOf(objectness, golden.objectness), golden.objectness.values, 1e-4)
  const encodings = releasedAnchors(results.encodings.data, [1, 0, 3, 2], columns)
  near(`${what}: encodings`, sampleOf(encodings, golden.encodings), golden.encodings.values, 1e-4)
  assert.equal(
    results.valid.data.reduce((sum, one) => sum + one, 0),
    golden.proposals.found,
  )
  near(`${what}: proposals`, turned(results.proposals.data), golden.proposals.boxes.flat(), 1e-3)
  near(`${what}: crops`, sampleOf(results.crops.data, golden.crops), golden.crops.values, 1e-4)
  near(`${what}: logits`, results.logits.data, golden.logits.flat(), 1e-4)
  near(`${what}: refined`, turned(results.refined.data), golden.refined.flat(), 1e-4)
  near(`${what}: scores`, results.scores.data, golden.detections.scores, 1e-5)
  assert.deepEqual(results.classes.data, golden.detections.classes, `${what}: classes`)
  near(`${what}: boxes`, results.boxes.data, golden.detections.boxes.flat(), 2e-3)
}

test('features, proposals, crops and detections are those of the released program', async () => {
  for (const block of new Set([0, await blockSize()]))
    assertReleased(await compiled(partsOf(settings), await given(), block), `block ${block}`)
  assert.deepEqual([...used].sort(), Object.keys(golden.variables).sort())
})

const { clipAnchors, ...proposals } = settings.proposals
const UNDONE: Record<string, [Partial<DetectorSettings>, differs: RegExp]> = {
  stemPadding: [{ stemPadding: undefined }, /features/],
  rpnActivation: [{ rpnActivation: undefined }, /objectness/],
  clipAnchors: [{ proposals }, /proposals/],
  cropping: [{ roiHeads: { ...settings.roiHeads, cropping: undefined } }, /logits/],
  clipBoxes: [{ clipBoxes: undefined }, /proposals|scores|boxes/],
}
for (const [setting, [change, differs]] of Object.entries(UNDONE))
  test(`without ${setting} the detector is another`, async () => {
    const results = await compiled(partsOf({ ...settings, ...change }), await given(), 0)
    assert.throws(() => assertReleased(results, setting), differs)
  })

test('moving columns there and back changes nothing, and leaves unused classes alone', () => {
  const settings = { scales: 4, ratios: 3, categoryIds: COCO_IDS }
  for (const [path, length] of [
    ['rpn/objectness/kernel', 24],
    ['rpn/boxes/bias', 48],
    ['regions/classes/kernel', 91],
    ['regions/boxes/kernel', 360],
  ] as const) {
    const order = releasedColumns(path, settings)!
    const released = Float32Array.from({ length: 3 * length }, (_, i) => i + 1)
    const own = takeColumns(released, length, order)
    assert.equal(own.length, 3 * order.length)
    assert.equal(new Set(own).size, own.length)
    assert.deepEqual(putColumns(own, order, released), released, path)
    const alone = putColumns(own, order, new Float32Array(released.length))
    assert.equal(alone.filter((x) => x === 0).length, released.length - own.length)
  }
  assert.equal(releasedColumns('rpn/convolution/kernel', settings), undefined)
  assert.equal(releasedColumns('cell_3/current/kernel', settings), undefined)
})

test('columns of COCO’s categories: person is 1, tooth brush the last with 90; boxes have y before x', () => {
  assert.equal(COCO_IDS.length, 80)
  const settings = { scales: 4, ratios: 3, categoryIds: COCO_IDS }
  const classes = releasedColumns('regions/classes/bias', settings)!
  assert.deepEqual([classes[0], classes[1], classes[12], classes[80]], [0, 1, 13, 90])
  const boxes = releasedColumns('regions/boxes/bias', settings)!
  assert.deepEqual(boxes.slice(0, 8), [1, 0, 3, 2, 5, 4, 7, 6])
  assert.deepEqual(boxes.slice(-4), [357, 356, 359, 358])
  const objectness = releasedColumns('rpn/objectness/bias', settings)!
  assert.deepEqual(objectness.slice(0, 4), [16, 17, 18, 19])
})

test('variables are found in the stage that their cells run in', () => {
  const name = (path: string) => detectorVariable(path, 6, (own) => `slim of ${own}`)
  assert.equal(name('stem/kernel'), 'FirstStageFeatureExtractor/slim of stem/kernel')
  assert.equal(name('cell_11/current/kernel'), 'FirstStageFeatureExtractor/slim of cell_11/current/kernel')
  assert.equal(name('cell_12/previous/kernel'), 'SecondStageFeatureExtractor/slim of cell_12/previous/kernel')
  assert.equal(name('rpn/convolution/bias'), 'Conv/biases')
  assert.equal(isSecondStage('reduction_0/current/kernel', 6), false)
  assert.equal(isSecondStage('reduction_1/current/kernel', 6), true)
})
