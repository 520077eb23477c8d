import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COCO } from '#coco-ts'
import { toDetectionImage } from '../../../datasets/detection/coco-set.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { UserError } from '../../../src/shared/errors.js'
import { assertLearnable, checkTrainingData } from '../../../src/train/detection/learnable.js'
import { tinyDetector } from '../../helpers/train/detection/tiny-detector.js'

type Object_ = { category?: number; bbox?: [number, number, number, number]; crowd?: boolean }

/** A set of one image of 100 × 100 pixels with these objects. */
function setOf(
  objects: Object_[],
  { names = ['cat', 'dog'], leftOut }: { names?: string[]; leftOut?: string[] } = {},
): DetectionSet {
  const coco = new COCO({
    images: [{ id: 1, width: 100, height: 100 }],
    categories: names.map((name, i) => ({ id: i + 1, name })),
    annotations: objects.map(({ category = 1, bbox = [10, 10, 40, 40], crowd }, i) => ({
      ...{ id: i + 1, image_id: 1, category_id: category, bbox, area: bbox[2] * bbox[3] },
      iscrowd: crowd ? 1 : 0,
    })),
  })
  const classOf = new Map(names.map((_, i) => [i + 1, i]))
  return {
    name: 'mine',
    categories: coco.dataset.categories.map(({ id, name }) => ({ id, name })),
    images: [toDetectionImage(coco.dataset.images[0], '1.png', coco.imgToAnns.get(1), classOf)],
    coco,
    source: () => '1.png',
    leftOut,
  }
}

/** Trained at 50 × 50 pixels, scaled by up to 1. */
const config = tinyDetector({
  inputSize: [50, 50],
  multiScale: [],
  resize: 'stretch',
  augmentation: { flip: false, scale: [0.5, 1], minVisible: 0.3, colour: 0 },
})

const refused = (run: () => unknown, message: RegExp): void =>
  assert.throws(run, (error) => error instanceof UserError && message.test(error.message))

test('a set without an object to learn from is refused, with the reasons', () => {
  refused(
    () => assertLearnable(config, setOf([])),
    /^None of the 1 training images of mine has an object to learn from: there are no annotations\./,
  )
  refused(
    () => assertLearnable(config, setOf([], { leftOut: ['3 annotations of other images than the 1 taken'] })),
    /learn from: 3 annotations of other images than the 1 taken\. Annotate/,
  )
  refused(
    () => assertLearnable(config, setOf([{ crowd: true }, { crowd: true }, { bbox: [0, 0, 1.9, 50] }])),
    /learn from: 2 are crowds \(iscrowd 1\), which are not learnt from; 1 are smaller than a pixel at the sizes trained at\./,
  )
  assert.doesNotThrow(() => assertLearnable(config, setOf([{ crowd: true }, { bbox: [0, 0, 2, 50] }])))
  const larger = { ...config, multiScale: [[60, 60]] as [number, number][] }
  assert.doesNotThrow(() => assertLearnable(larger, setOf([{ bbox: [0, 0, 1.9, 50] }])))
})

test('boxes that are parts of the image instead of pixels are refused', () => {
  const part = setOf([{ bbox: [0.1, 0.2, 0.5, 0.5] }, { bbox: [0, 0, 1, 1] }])
  refused(
    () => assertLearnable(config, part),
    /^All 2 boxes of mine lie between 0 and 1, so they are no pixels/,
  )
  refused(
    () => checkTrainingData(config, { train: setOf([{}]), validation: part }),
    /^All 2 boxes of mine lie between 0 and 1/,
  )
  assert.doesNotThrow(() => assertLearnable(config, setOf([{ bbox: [0, 0, 1, 1] }, {}])))
})

test('classes that could not be told apart are refused, those without objects are reported', () => {
  const same = { names: ['cat', ' cat', 'dog'] }
  refused(
    () => checkTrainingData(config, { train: setOf([{}, { category: 2 }], same), validation: null }),
    /^mine has 2 categories of one name: cat \(id 1\), {2}cat \(id 2\)/,
  )
  assert.deepEqual(checkTrainingData(config, { train: setOf([{}], same), validation: null }), [
    '2 of 3 categories have no object in the training images:  cat (id 2), dog (id 3).',
  ])
  assert.deepEqual(checkTrainingData(config, { train: setOf([{}, { category: 2 }]), validation: null }), [])
})

test('validation images that can measure nothing of what is learnt are refused', () => {
  const train = setOf([{}])
  const check = (validation: DetectionSet) => checkTrainingData(config, { train, validation })
  refused(
    () => check(setOf([])),
    /^None of the 1 validation images of mine has an object to find: there are no annotations\. Name other images/,
  )
  refused(() => check(setOf([{ crowd: true }])), /an object to find: 1 are crowds/)
  refused(
    () => check(setOf([{ category: 2 }])),
    /^The validation images of mine show only categories that the training images never show: dog \(id 2\)\./,
  )
  assert.match(
    check(setOf([{}, { category: 2 }])).join('\n'),
    /^1 of the 2 categories of the validation images is never shown by the training images, so not learnt: dog \(id 2\)\.$/m,
  )
})
