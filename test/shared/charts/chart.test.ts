/** Charts with odd data are pictures that can be read: nothing is cut off, no text lies on another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { extentOf } from '../../../src/shared/charts/axis.js'
import { drawChart, type Plot } from '../../../src/shared/charts/chart.js'
import { sample, swatch } from '../../../src/shared/charts/legend.js'
import { line, type Point } from '../../../src/shared/charts/marks.js'
import { stackedAreas } from '../../../src/shared/charts/stacked-areas.js'
import { drawStackedBars } from '../../../src/shared/charts/stacked-bars.js'
import { textWidth } from '../../../src/shared/charts/text.js'
import { html } from '../../../src/shared/html.js'

const points = (count: number, f: (i: number) => number): Point[] =>
  Array.from({ length: count }, (_, i) => ({ x: i + 1, y: f(i) }))
const LONG = `/data/experiments/${'a-name-that-goes-on-'.repeat(12)}end`

function plotOf(own: Point[], title = 'Loss'): Plot {
  return {
    title,
    x: { domain: extentOf(own.map(({ x }) => x)), label: 'steps' },
    y: { domain: extentOf(own.map(({ y }) => y)), nice: true },
    marks: [line(own, { series: 0, style: 'strong', dots: true })],
  }
}

const CASES: Record<string, Point[]> = {
  nothing: [],
  'one point': points(1, () => 3),
  'two points': points(2, (i) => i),
  constant: points(40, () => 0.7),
  zero: points(40, () => 0),
  'ten thousand points': points(10_000, (i) => Math.sin(i / 100) + (i % 7) / 7),
  gaps: points(40, (i) => (i > 10 && i < 20 && i !== 15 ? Number.NaN : i)),
  'not one number': points(5, () => Number.NaN),
  infinity: points(5, (i) => (i === 2 ? Number.POSITIVE_INFINITY : i)),
  huge: points(40, (i) => i * 1e40),
  tiny: points(40, (i) => i * 1e-40),
  negative: points(40, (i) => -1e5 * i),
  'all but equal': points(40, (i) => 1 + i * 1e-15),
}

interface Placed {
  text: string
  left: number
  right: number
  top: number
  bottom: number
}

/** Where each text lies, as wide as it can be. */
function textsOf(svg: string): Placed[] {
  const body = svg.replace(/<style>.*?<\/style>/s, '')
  const found = /<g transform="translate\(([\d.]+) ([\d.]+)\)">|<\/g>|<text([^>]*)>([^<]*)<\/text>/g
  let moved = [0, 0]
  return [...body.matchAll(found)].flatMap(([tag, dx, dy, attributes, content]): Placed[] => {
    if (tag === '</g>') moved = [0, 0]
    if (dx !== undefined) moved = [Number(dx), Number(dy)]
    if (attributes === undefined) return []
    const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(attributes)?.[1]
    const size = Number(attribute('font-size') ?? 13)
    const text = content.replaceAll('&lt;', '<').replaceAll('&amp;', '&')
    const width = textWidth(text, size, attribute('font-weight') === '600')
    const shift = { start: 0, middle: width / 2, end: width }[attribute('text-anchor') ?? 'start']!
    const left = moved[0] + Number(attribute('x')) - shift
    const base = moved[1] + Number(attribute('y'))
    return [{ text, left, right: left + width, top: base - 0.75 * size, bottom: base + 0.2 * size }]
  })
}

function assertReadable(svg: string): void {
  const [, width, height] = /^<svg [^>]*width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number)
  const texts = textsOf(svg)
  for (const [i, a] of texts.entries()) {
    assert.ok(a.left >= 0 && a.right <= width && a.top >= 0 && a.bottom <= height, `"${a.text}" is cut off`)
    for (const b of texts.slice(0, i)) {
      const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
      assert.ok(apart, `"${a.text}" lies on "${b.text}"`)
    }
  }
}

for (const [name, own] of Object.entries(CASES))
  test(`${name}: a picture without text that is cut off or lies on other text`, async () => {
    const legend = [swatch('first', 0), swatch(LONG, 1), sample('mean', 'dashed'), swatch('a < b & "c"', 2)]
    for (const title of ['Loss', `Loss of ${LONG}`, `Accuracy when trained longer, ${LONG}, τ = 0.53`]) {
      const svg = drawChart([plotOf(own, title), plotOf(points(9, (i) => i))], {
        legend,
        note: 'strong: mean',
      })
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/)
      assertReadable(svg)
      assert.equal(
        svg,
        drawChart([plotOf(own, title), plotOf(points(9, (i) => i))], { legend, note: 'strong: mean' }),
      )
      const { width } = await sharp(Buffer.from(svg)).metadata()
      assert.equal(width, 960)
    }
  })

test('of ten thousand points, as many are drawn as can be seen, and the highest and lowest among them', () => {
  const spike = points(10_000, (i) => (i === 4321 ? 9 : i === 6543 ? -9 : Math.sin(i)))
  const svg = drawChart([plotOf(spike)])
  const path = /<path [^>]*stroke-linejoin[^>]* d="([^"]+)"/.exec(svg)![1]
  const heights = path
    .slice(1)
    .split('L')
    .map((point) => Number(point.split(',')[1]))
  assert.ok(heights.length < 4 * 480, `${heights.length} points`)
  const [top, bottom] = [...svg.matchAll(/class="grid" d="M[\d.]+ ([\d.]+)H/g)]
    .map(([, y]) => Number(y))
    .sort((a, b) => a - b)
    .filter((_, i, all) => i === 0 || i === all.length - 1)
  assert.ok(Math.min(...heights) < top + 20 && Math.max(...heights) > bottom - 20)
})

test('a point alone between gaps is seen', async () => {
  const alone = points(21, (i) => (i === 10 ? 1 : Number.NaN))
  const plot = { ...plotOf(alone), x: { domain: [1, 21] as const }, y: { domain: [0, 2] as const } }
  const { data, info } = await sharp(Buffer.from(drawChart([plot])))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  let blue = 0
  for (let i = 0; i < info.width * info.height; i++) if (data[3 * i + 2] - data[3 * i] > 100) blue++
  assert.ok(blue >= 4, `${blue} blue pixels`)
})

test('renderers of PNGs keep to white paper; dark colours wait for a reader on a dark screen', async () => {
  const svg = drawChart([plotOf(points(3, (i) => i))])
  const { data } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([...data.subarray(0, 3)], [255, 255, 255])
  const dark = svg.replace(/@media[^{]*\{(.*)\}<\/style>/, '$1</style>')
  assert.notEqual(dark, svg)
  const shown = await sharp(Buffer.from(dark)).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  assert.ok(Math.max(...shown.data.subarray(0, 3)) < 40)
})

test('a screen reader has a title to say, and a name cannot break the picture', () => {
  const svg = drawChart(
    [
      plotOf(
        points(3, (i) => i),
        '</title><script>',
      ),
    ],
    { legend: [swatch('"><b>', 0)] },
  )
  assert.match(svg, /^<svg [^>]*role="img"[^>]*>\n<title>&lt;\/title&gt;&lt;script&gt;<\/title>/)
  assert.doesNotMatch(svg, /<script|<b>/)
})

test('stacked areas reach from bottom to top, and their labels stand apart', () => {
  const names = Array.from({ length: 13 }, (_, i) => `area ${i}`)
  const areas = names.map((label, i) => ({
    values: [1 / 13, i === 0 ? 1 : 0],
    colour: '#123456',
    label,
    title: `${label} & more`,
  }))
  const scales = {
    x: (x: number) => 100 * x,
    y: (y: number) => 200 - 200 * y,
    left: 0,
    right: 100,
    top: 0,
    bottom: 200,
  }
  const drawn = String(html`${stackedAreas([0, 1], areas)(scales)}`)
  const paths = [...drawn.matchAll(/class="area"[^>]* d="([^"]+)"/g)].map(([, d]) =>
    d.match(/-?[\d.]+/g)!.map(Number),
  )
  assert.equal(paths.length, 13)
  // Each begins where the one below ends: heights at x = 0.
  assert.ok(Math.abs(paths[0].at(-1)! - 200) < 0.1 && Math.abs(paths.at(-1)![1]) < 0.1)
  const ys = [...drawn.matchAll(/<text [^>]*y="([\d.-]+)"/g)].map(([, y]) => Number(y))
  for (const [i, y] of ys.entries()) if (i > 0) assert.ok(ys[i - 1] - y >= 14.9)
})

test('stacked bars: parts side by side in the order given, as long as their shares', () => {
  const svg = drawStackedBars(
    'Where the time went',
    [LONG, 'b'].map((name) => ({
      name,
      parts: [
        { series: 0, share: 0.25, title: 'a' },
        { series: 1, share: 0.75, title: 'b' },
      ],
    })),
    [{ text: 'a', series: 0 }],
  )
  assertReadable(svg)
  const bars = [...svg.matchAll(/<rect class="fill-\d"[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"/g)].map(
    ([, x, width]) => [Number(x), Number(width)],
  )
  assert.deepEqual(bars, [
    [14, 113],
    [127, 339],
    [14, 113],
    [127, 339],
  ])
})
