import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classMetrics, evaluate, measure } from '../../../src/train/classification/evaluate.js'
import { colourSet } from '../../helpers/train/linear-step.js'

test('top-1, top-5, loss and confusion are counted as by hand', () => {
  const rows = [
    [0.5, 0.2, 0.1, 0.1, 0.05, 0.05],
    [0.3, 0.3, 0.1, 0.1, 0.1, 0.1],
    [0.4, 0.2, 0.15, 0.15, 0.1, 0],
  ]
  // Right; second of two equal ones, the lower index counts as first; last of six.
  const metrics = measure(Float32Array.from(rows.flat()), Int32Array.of(0, 1, 5), 6)
  assert.equal(metrics.top1, 1 / 3)
  assert.equal(metrics.top5, 2 / 3)
  const loss = -(Math.log(0.5) + Math.log(0.3) + Math.log(1e-12)) / 3
  assert.ok(Math.abs(metrics.loss - loss) < 1e-6)
  assert.deepEqual(
    metrics.confusion.map((row) => row[0]),
    [1, 1, 0, 0, 0, 1],
  )
})

test('recall and precision of each class', () => {
  const metrics = classMetrics(
    [
      [3, 1, 0],
      [2, 2, 0],
      [0, 0, 0],
    ],
    ['cat', 'dog', 'none'],
  )
  assert.deepEqual(metrics, [
    { label: 'cat', images: 4, recall: 0.75, precision: 0.6 },
    { label: 'dog', images: 4, recall: 0.5, precision: 2 / 3 },
    { label: 'none', images: 0, recall: null, precision: null },
  ])
})

test('a set is run in batches, the last one smaller, and every image is counted once', async () => {
  const set = colourSet(11)
  const counts: number[] = []
  const perfect = {
    async run(images: Uint8Array, count: number) {
      assert.equal(images.length, count * 192)
      const first = counts.reduce((sum, n) => sum + n, 0)
      counts.push(count)
      const rows = new Float32Array(count * 3)
      for (let i = 0; i < count; i++) rows[i * 3 + set.labels[first + i]] = 1
      return rows
    },
    async close() {},
  }
  const metrics = await evaluate(perfect, set, { batchSize: 4 })
  assert.deepEqual(counts, [4, 4, 3])
  assert.equal(metrics?.top1, 1)
  assert.equal(metrics?.images, 11)
  assert.equal(await evaluate(perfect, set, { batchSize: 4, signal: AbortSignal.abort() }), null)
})

test('probabilities that are no numbers are no right answers', () => {
  const { top1, top5, loss } = measure(new Float32Array(12).fill(Number.NaN), Int32Array.of(0, 5), 6)
  assert.deepEqual([top1, top5, loss], [0, 0, Number.NaN])
})

test('images that come batch by batch are measured like a set', async () => {
  const set = colourSet(7)
  const predictor = {
    run: async (images: Uint8Array, count: number) =>
      Float32Array.from({ length: count * 3 }, (_, i) => images[Math.floor(i / 3) * 192 + (i % 3)] / 256),
    close: async () => {},
  }
  async function* batches(batchSize: number) {
    for (let at = 0; at < set.count; at += batchSize) {
      const labels = set.labels.slice(at, at + batchSize)
      yield { pixels: set.pixels.slice(at * 192, (at + labels.length) * 192), labels, count: labels.length }
    }
  }
  const done: number[] = []
  const streamed = await evaluate(
    predictor,
    { classes: set.classes, batches },
    { batchSize: 3, onBatch: (images, soFar) => done.push(images, soFar.images) },
  )
  assert.deepEqual(streamed, await evaluate(predictor, set, { batchSize: 7 }))
  assert.deepEqual(done, [3, 3, 6, 6, 7, 7])
})
