/** A detector's tensors: what is refused, and what becomes of the rest. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { detectionDefaults, readDetections } from '../../serve/detections.js'
import { outputReaders } from '../../serve/outputs.js'
import type { Tensor } from '../../src/runtime/session.js'
import type { DetectorCard } from '../../src/shared/model-card.js'

const card: DetectorCard = {
  task: 'detection',
  name: 'two',
  labels: ['cat', 'dog'],
  categoryIds: [17, 4],
  inputSize: [100, 200],
  resize: 'letterbox',
  about: {},
}

/** Rows of [score, class, x1, y1, x2, y2]. */
function outputs(rows: number[][]) {
  return {
    scores: Float32Array.from(rows, ([score]) => score),
    classes: Int32Array.from(rows, ([, kind]) => kind),
    boxes: Float32Array.from(rows.flatMap((row) => row.slice(2))),
  }
}

describe('readDetections', () => {
  // An image of 400 × 100 pixels lies on the upper half of the input, at half its size.
  const image = { width: 400, height: 100 }
  const read = (rows: number[][], options = {}) =>
    readDetections(outputs(rows), card, image, { ...detectionDefaults, ...options })

  it('sorts by score, equal ones as they come, and takes boxes back to the image', () => {
    const found = read([
      [0.5, 0, 10, 5, 20, 30],
      [0.9, 1, 0, 0, 200, 50],
      [0.5, 1, 100.004, 1.25, 150, 2.3],
      [0, 9, Number.NaN, 0, 0, 0],
    ])
    assert.deepEqual(found, [
      { categoryId: 4, label: 'dog', score: 0.9, bbox: [0, 0, 400, 100] },
      { categoryId: 17, label: 'cat', score: 0.5, bbox: [20, 10, 20, 50] },
      { categoryId: 4, label: 'dog', score: 0.5, bbox: [200.01, 2.5, 99.99, 2.1] },
    ])
  })

  it('cuts boxes at the edges of the image, and drops what lies outside before it counts', () => {
    const rows = [
      [0.9, 0, -30, -4, 500, 20],
      [0.8, 0, 20, 60, 90, 95], // on the grey below the image
      [0.7, 0, 30, 30, 30, 40], // no width
      [0.6, 0, 40, 40, 30, 45], // inside out
      [0.5, 1, 190, 40, 220, 70],
    ]
    const boxes = read(rows, { max: 2 }).map(({ bbox }) => bbox)
    assert.deepEqual(boxes, [
      [0, 0, 400, 40],
      [380, 80, 20, 20],
    ])
  })

  it('keeps a score that is minScore as far as 32 bits can say', () => {
    const rows = [0.7, 0.69999].map((score) => [score, 0, 0, 0, 9, 9])
    assert.deepEqual(
      read(rows, { minScore: 0.7 }).map(({ score }) => score),
      [0.7],
    )
    assert.equal(read(rows, { minScore: 0 }).length, 2)
    assert.equal(read([[0, 0, 0, 0, 9, 9]], { minScore: 0 }).length, 0, 'a row of score 0 means nothing')
  })
})

/** ONNX Runtime has more types than those that models are expected to use. */
const tensor = (type: string, data: ArrayBufferView, shape: number[]) => ({ type, shape, data }) as Tensor

describe('outputReaders', () => {
  const tensors = (rows: number[][]) => {
    const { scores, classes, boxes } = outputs(rows)
    return {
      scores: tensor('float32', scores, [1, rows.length]),
      classes: tensor('int32', classes, [1, rows.length]),
      boxes: tensor('float32', boxes, [1, rows.length, 4]),
    }
  }
  const good = [0.5, 1, 0, 0, 9, 9]
  const { detection, classification } = outputReaders

  it("take what a detector's card promises", () => {
    const read = detection.read(tensors([[1.0005, 1, 1, 2, 3, 4], good, [0, 7, Number.NaN, 0, 0, 0]]), 2)
    assert.deepEqual([...read.scores], [1, 0.5, 0])
    assert.deepEqual([...read.classes.subarray(0, 2)], [1, 1])
    assert.deepEqual([...read.boxes.subarray(0, 4)], [1, 2, 3, 4])
    assert.equal(detection.read(tensors([]), 2).scores.length, 0)
  })

  it('refuse other types and shapes', () => {
    const other = (changes: Record<string, Tensor>) => () =>
      detection.read({ ...tensors([good, good]), ...changes }, 2)
    const floats = (shape: number[]) => tensor('float32', new Float32Array(8), shape)
    assert.throws(
      other({ boxes: floats([2, 4]) }),
      /"boxes" is float32 \[2, 4\], not float32 \[1, 2, 4\] as a detector's must be/,
    )
    assert.throws(other({ boxes: floats([1, 4, 2]) }), /"boxes" is float32 \[1, 4, 2\]/)
    assert.throws(other({ scores: floats([8]) }), /"scores" is float32 \[8\], not float32 \[1, 8\]/)
    assert.throws(other({ scores: floats([1, 1, 8]) }), /"scores" is float32 \[1, 1, 8\]/)
    const long = tensor('int64', new BigInt64Array(2), [1, 2])
    assert.throws(other({ classes: long }), /"classes" is int64 \[1, 2\], not int32 \[1, 2\]/)
    const double = tensor('float64', new Float64Array(2), [1, 2])
    assert.throws(other({ scores: double }), /"scores" is float64/)
  })

  it('refuse scores, classes and corners that mean nothing', () => {
    const read = (row: number[]) => () => detection.read(tensors([good, row]), 2)
    assert.throws(read([Number.NaN, 0, 0, 0, 1, 1]), /the score NaN, which is not from 0 to 1/)
    assert.throws(read([1.2, 0, 0, 0, 1, 1]), /the score 1\.2/)
    assert.throws(read([-0.5, 0, 0, 0, 1, 1]), /the score -0\.5/)
    assert.throws(read([0.5, 2, 0, 0, 1, 1]), /the class 2, but its card has 2 labels \(from 0\)/)
    assert.throws(read([0.5, -1, 0, 0, 1, 1]), /the class -1/)
    assert.throws(read([0.5, 0, 0, Number.NaN, 1, 1]), /corners are not finite numbers/)
    assert.throws(read([0.5, 0, 0, 0, Number.POSITIVE_INFINITY, 1]), /corners are not finite numbers/)
  })

  it('refuse probabilities that are none', () => {
    const read = (values: number[]) => () =>
      classification.read(
        { probabilities: tensor('float32', Float32Array.from(values), [1, values.length]) },
        3,
      )
    assert.deepEqual([...read([0.25, 0.5, 0.25])().probabilities], [0.25, 0.5, 0.25])
    assert.throws(read([0, Number.NaN, 0]), /a probability that is not a finite number/)
    assert.throws(read([0.5, 0.5]), /float32 \[1, 2\], not float32 \[1, 3\] as its labels say/)
  })
})
