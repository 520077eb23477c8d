import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { classifierCurves } from '../../../src/train/classification/metrics.js'
import { type DetectorMetrics, detectorCurves } from '../../../src/train/detection/metrics.js'
import { type CurveAxis, drawCurves } from '../../../src/train/run/curve.js'
import type { CurveRun, MetricsRow } from '../../../src/train/tasks.js'

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

/** The values along a path or at the dots of a panel (0 the left one), read off by the ticks beside it. */
function readOff(svg: string, panel: number): { lines: number[][][]; dots: number[][] } {
  const ticks = [
    ...svg.matchAll(/<text class="soft" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)"[^>]*>([\d.,]+)</g),
  ]
    .map(([, x, y, anchor, text]) => ({
      x: Number(x),
      y: Number(y),
      anchor,
      value: Number(text.replace(',', '')),
    }))
    .filter(({ x }) => Math.floor(x / 480) === panel)
  const axis = (anchor: string, place: 'x' | 'y') => {
    const found = ticks.filter((tick) => tick.anchor === anchor)
    const [first, last] = [found[0], found[found.length - 2]]
    return (pixel: number) =>
      first.value + ((pixel - first[place]) / (last[place] - first[place])) * (last.value - first.value)
  }
  const [xOf, yOf] = [axis('middle', 'x'), axis('end', 'y')]
  // Labels of the y axis stand a little lower than their lines.
  const drop = 0.35 * 13
  const value = ([x, y]: number[]) => [xOf(x), yOf(y + drop)].map((found) => Number(found.toFixed(1)))
  const within = (points: number[][]) => points.some(([x]) => Math.floor(x / 480) === panel)
  const lines = [...svg.matchAll(/<path [^>]*stroke-linejoin[^>]* d="([^"Z]+)"/g)]
    .map(([, d]) =>
      d
        .slice(1)
        .split('L')
        .map((point) => point.split(',').map(Number)),
    )
    .filter(within)
  const dots = [...svg.matchAll(/<circle [^>]*cx="([\d.]+)" cy="([\d.]+)"/g)]
    .map(([, x, y]) => [Number(x), Number(y)])
    .filter((dot) => within([dot]))
  return { lines: lines.map((points) => points.map(value)), dots: dots.map(value) }
}

test('points lie where the axes say', () => {
  const svg = draw([{ name: 'a', rows: rows(2) }])
  assert.deepEqual(readOff(svg, 0), {
    lines: [
      [
        [0.5, 2],
        [1, 1],
        [1.5, 0.7],
        [2, 0.5],
      ],
    ],
    dots: [[2, 0.4]],
  })
  const minutes = draw([{ name: 'a', rows: rows(2) }], 'minutes')
  assert.match(minutes, />minutes</)
  assert.deepEqual(readOff(minutes, 1).dots, [[4, 75]])
})

test('several runs have a colour and a legend each, and names cannot break the file', async () => {
  const svg = draw([
    { name: 'plain', rows: rows(2) },
    { name: '<script> & co', rows: rows(3) },
  ])
  assert.match(svg, /&lt;script&gt; &amp; co/)
  assert.equal(new Set(svg.match(/stroke="#(0072b2|d55e00)"/g)).size, 2)
  const { width, height } = await sharp(Buffer.from(svg)).metadata()
  assert.deepEqual(
    [String(width), String(height)],
    /^<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg)?.slice(1),
  )
})

test('a run without metrics is named', () => {
  assert.throws(() => draw([{ name: 'runs/new', rows: [] }]), /runs\/new has no metrics to draw yet/)
})

test('detectors are drawn by loss and by average precision; what COCO does not define is left out', () => {
  const evaluation = (
    epoch: number,
    ap50: number,
    ap: number,
    kind: 'evaluation' | 'check' = 'evaluation',
  ): MetricsRow<DetectorMetrics> => {
    const rest = { ap75: 0, apSmall: 0, apMedium: 0, apLarge: 0, ar1: 0, ar10: 0, ar100: 0, arSmall: 0 }
    const figures = { ap, ap50, ...rest, arMedium: 0, arLarge: 0, images: 1 }
    return { kind, step: epoch, epoch, seconds: 60 * epoch, ...figures }
  }
  const parts = { objectness: 1, anchorBoxes: 1, classification: 1, boxes: 1 }
  const training = (step: number): MetricsRow<DetectorMetrics> => ({
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
          evaluation(1.5, 0.25, 0.1, 'check'),
          evaluation(2, 0.5, 0.25),
          evaluation(3, 0.75, 0.1, 'check'),
          training(4),
          evaluation(4, 1, 0.5),
        ],
      },
    ],
    'epoch',
    detectorCurves,
  )
  const { lines, dots } = readOff(svg, 1)
  assert.deepEqual(lines, [
    [
      [2, 50],
      [4, 100],
    ],
    [
      [2, 25],
      [4, 50],
    ],
    // AP50 of the quick looks.
    [
      [1.5, 25],
      [3, 75],
    ],
  ])
  assert.deepEqual(dots, lines[0])
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
