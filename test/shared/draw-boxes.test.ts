import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boxesSvg, type DrawnBox } from '../../src/shared/draw-boxes.js'
import { random } from '../../src/shared/random.js'

const image = { width: 640, height: 480 }

/** The grounds of the labels in a drawing, [x, y, width, height], and their texts. */
function labelsOf(svg: string): { ground: number[]; text: string }[] {
  const pattern = /<rect ([^>]*fill-opacity="0\.85"[^>]*)\/><text[^>]*>([^<]*)</g
  return [...svg.matchAll(pattern)].map(([, attributes, text]) => {
    const of = (name: string) => Number(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)![1])
    return { ground: [of('x'), of('y'), of('width'), of('height')], text }
  })
}

/** As many boxes as a shelf of books, or a crowd, has. */
function crowd(seed: number, count: number, largest: number): DrawnBox[] {
  const { uniform } = random(seed, 'crowd')
  return Array.from({ length: count }, (_, i) => {
    const [width, height] = [8 + largest * uniform(), 8 + largest * uniform()]
    const bbox = [uniform() * (image.width - width), uniform() * (image.height - height), width, height]
    return {
      bbox: bbox as [number, number, number, number],
      label: `thing ${i}`,
      score: 0.9,
      colour: '#56b4e9',
    }
  })
}

for (const [count, largest, least] of [
  [20, 150, 20],
  [60, 60, 50],
  [150, 80, 75],
])
  test(`of ${count} boxes no label covers another, and all lie inside`, () => {
    for (const seed of [1, 2, 3]) {
      const boxes = crowd(seed, count, largest)
      const labels = labelsOf(boxesSvg(image, boxes))
      assert.ok(labels.length >= least, `${labels.length} labels`)
      assert.ok(labels.some(({ text }) => text === 'thing 0 0.90'))
      // Numbers in a drawing have two decimals.
      const rounding = 0.02
      for (const [
        i,
        {
          ground: [x, y, width, height],
        },
      ] of labels.entries()) {
        assert.ok(
          x >= 0 && y >= 0 && x + width <= image.width + rounding && y + height <= image.height + rounding,
        )
        for (const { ground: other } of labels.slice(0, i)) {
          const along = Math.min(x + width, other[0] + other[2]) - Math.max(x, other[0])
          const down = Math.min(y + height, other[1] + other[3]) - Math.max(y, other[1])
          assert.ok(
            along <= rounding || down <= rounding,
            `${labels[i].text} is covered by ${along} × ${down}`,
          )
        }
      }
    }
  })

test('a box in a corner has its label inside the image, and without a free place none', () => {
  const box = { bbox: [630, 470, 10, 10] as const, label: 'cat', colour: '#000000' }
  const [{ ground }] = labelsOf(boxesSvg(image, [box]))
  assert.ok(ground[0] + ground[2] <= 640 && ground[1] + ground[3] <= 480)
  const same = Array.from({ length: 40 }, () => box)
  const count = labelsOf(boxesSvg(image, same)).length
  assert.ok(count > 1 && count < 10, `${count}`)
})
