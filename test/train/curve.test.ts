import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { type CurveAxis, type CurveRun, classifierCurves, drawCurves, ticks } from '../../src/train/curve.js'
import type { MetricsRow } from '../../src/train/metrics.js'

const draw = (runs: CurveRun[], axis: CurveAxis = 'epoch') => drawCurves(runs, axis, classifierCurves)

const rows = (scale: number): MetricsRow[] => [
  ...[1, 2, 3, 4].map(
    (step): MetricsRow => ({
      kind: 'training',
      step,
      steps: 1,
      epoch: step / 2,
      seconds: step * 60,
      loss: scale / step,
      accuracy: step / 5,
      gradientNorm: 1,
      learningRate: 0.1,
      imagesPerSecond: 10,
      imageSize: 32,
    }),
  ),
  { kind: 'evaluation', step: 4, epoch: 2, seconds: 240, loss: scale / 5, top1: 0.75, top5: 1, images: 10 },
  { kind: 'change', step: 4, settings: {} },
]

test('ticks are few, round, evenly spaced and cover the range', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (high) => {
      const found = ticks(0, high)
      const step = found[1] - found[0]
      assert.equal(found[0], 0)
      assert.ok(found.at(-1)! >= high * 0.999 && found.length >= 2 && found.length <= 8)
      const leading = step / 10 ** Math.floor(Math.log10(step) + 1e-9)
      assert.ok(
        [1, 2, 5].some((digit) => Math.abs(leading - digit) < 1e-6),
        `step ${step}`,
      )
    }),
  )
  assert.deepEqual(ticks(0, 0.6), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
})

test('points lie where the axes say', () => {
  const svg = draw([{ name: 'a', rows: rows(2) }])
  // Panel: 62 to 422 wide for epochs 0 to 2, 44 to 254 high for losses 0 to 2.
  assert.match(svg, /<path d="M152\.0 44\.0L242\.0 149\.0L332\.0 184\.0L422\.0 201\.5" fill="none"/)
  assert.match(svg, /<circle cx="422\.0" cy="212\.0"/)
  const minutes = draw([{ name: 'a', rows: rows(2) }], 'minutes')
  assert.match(minutes, />Minutes</)
  assert.match(minutes, /<circle cx="422\.0" cy="212\.0"/)
})

test('several runs have a colour and a legend each, and names cannot break the file', async () => {
  const svg = draw([
    { name: 'plain', rows: rows(2) },
    { name: '<script> & co', rows: rows(3) },
  ])
  assert.match(svg, /&lt;script&gt; &amp; co/)
  assert.equal(new Set(svg.match(/stroke="#(0072b2|d55e00)"/g)).size, 2)
  const { width, height } = await sharp(Buffer.from(svg)).metadata()
  assert.deepEqual([width, height], [880, 374])
})

test('a run without metrics is named', () => {
  assert.throws(() => draw([{ name: 'runs/new', rows: [] }]), /runs\/new has no metrics to draw yet/)
})
