import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { type DetectorFigures, detectorCurves } from '../../../src/train/detection/figures.js'
import {
  type CurveAxis,
  type CurveRun,
  classifierCurves,
  drawCurves,
  ticks,
} from '../../../src/train/run/curve.js'
import type { MetricsRow } from '../../../src/train/run/metrics.js'

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

test('detectors are drawn by loss and by average precision; what COCO does not define is left out', () => {
  const evaluation = (epoch: number, ap50: number, ap: number): MetricsRow<DetectorFigures> => {
    const rest = { ap75: 0, apSmall: 0, apMedium: 0, apLarge: 0, ar1: 0, ar10: 0, ar100: 0, arSmall: 0 }
    const figures = { ap, ap50, ...rest, arMedium: 0, arLarge: 0, images: 1 }
    return { kind: 'evaluation', step: epoch, epoch, seconds: 60 * epoch, ...figures }
  }
  const parts = { objectness: 1, anchorBoxes: 1, classification: 1, boxes: 1 }
  const training = (step: number): MetricsRow<DetectorFigures> => ({
    ...{ kind: 'training', step, steps: 1, epoch: step, seconds: 60 * step, loss: 4, ...parts },
    ...{ gradientNorm: 1, learningRate: 0.1, imagesPerSecond: 1, imageSize: [64, 64] },
  })
  const svg = drawCurves(
    [
      {
        name: 'a',
        rows: [
          training(1),
          evaluation(1, -1, -1),
          evaluation(2, 0.5, 0.25),
          training(4),
          evaluation(4, 1, 0.5),
        ],
      },
    ],
    'epoch',
    detectorCurves,
  )
  // Right panel: 502 to 862 wide for epochs 0 to 4, 44 to 254 high for 0 to 100 %.
  assert.match(svg, /<path d="M682\.0 149\.0L862\.0 44\.0" fill="none"[^>]*stroke-width="2"/)
  assert.match(svg, /<path d="M682\.0 201\.5L862\.0 149\.0" fill="none"[^>]*stroke-dasharray/)
  assert.equal(svg.match(/<circle/g)?.length, 2)
  assert.match(svg, /AP50 and AP, %/)
})

test('a run without evaluations has an empty panel, not a broken one', () => {
  const svg = draw([
    {
      name: 'a',
      rows: rows(2)
        .map((row) => (row.kind === 'training' ? { ...row, accuracy: Number.NaN } : row))
        .filter((row) => row.kind === 'training'),
    },
  ])
  assert.doesNotMatch(svg, /NaN|Infinity/)
})
