import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import { random } from '../../../models/index.js'
import { firstImages, scaledDown } from '../../../src/search/evaluate/image-subsets.js'
import { colourSet } from '../../helpers/train/linear-step.js'

function noise(count: number, side: number): ImageSet {
  const { uniform } = random(side, 'noise')
  return {
    name: 'noise',
    pixels: Uint8Array.from({ length: count * side * side * 3 }, () => Math.floor(256 * uniform())),
    labels: Int32Array.from({ length: count }, (_, image) => image % 2),
    count,
    height: side,
    width: side,
    classes: ['a', 'b'],
  }
}

test('the first images with their labels; all for null, and where there are fewer', () => {
  const set = colourSet(7)
  const first = firstImages(set, 3)
  assert.equal(first.count, 3)
  assert.deepEqual([...first.labels], [...set.labels.slice(0, 3)])
  assert.deepEqual([...first.pixels], [...set.pixels.slice(0, 3 * 8 * 8 * 3)])
  assert.deepEqual(first.classes, set.classes)
  for (const all of [null, 7, 8]) assert.equal(firstImages(set, all), set)
})

/** The mean over the area that a new pixel covers, counted on a grid that is fine enough for both. */
function meanOfArea({ pixels, height }: ImageSet, to: number, [image, y, x, channel]: number[]): number {
  let sum = 0
  for (let dy = 0; dy < height; dy++)
    for (let dx = 0; dx < height; dx++) {
      // On a grid of height · to, a new pixel is `height` long and an old one `to`.
      const oldY = Math.floor((y * height + dy) / to)
      const oldX = Math.floor((x * height + dx) / to)
      sum += pixels[((image * height + oldY) * height + oldX) * 3 + channel]
    }
  return sum / height ** 2
}

for (const [from, to] of [
  [8, 4],
  [9, 3],
  [10, 7],
  [5, 4],
])
  test(`${from} × ${from} pixels scaled down to ${to} × ${to} are means of the areas that they cover`, () => {
    const set = noise(3, from)
    const small = scaledDown(set, to)
    assert.deepEqual([small.count, small.height, small.width], [3, to, to])
    assert.equal(small.labels, set.labels)
    assert.equal(small.pixels.length, 3 * to * to * 3)
    let at = 0
    for (let image = 0; image < 3; image++)
      for (let y = 0; y < to; y++)
        for (let x = 0; x < to; x++)
          for (let channel = 0; channel < 3; channel++, at++) {
            const mean = meanOfArea(set, to, [image, y, x, channel])
            // Rounded to the nearest byte; float32 may tip a mean that lies halfway between two.
            assert.ok(Math.abs(small.pixels[at] - mean) <= 0.5 + 1e-4, `${small.pixels[at]} for ${mean}`)
          }
  })

test('black and white stay so, and images that are no larger are left alone', () => {
  const set = noise(1, 6)
  const flat = (byte: number) => scaledDown({ ...set, pixels: new Uint8Array(108).fill(byte) }, 4).pixels
  for (const byte of [0, 128, 255]) assert.deepEqual([...flat(byte)], new Array(48).fill(byte))
  for (const size of [6, 7]) assert.equal(scaledDown(set, size), set)
})
