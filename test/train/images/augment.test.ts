import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { random } from '../../../src/shared/random.js'
import {
  augmentImage,
  boxDownscale,
  drawAugmentation,
  noAugmentation,
} from '../../../src/train/images/augment.js'

const side = 6
const pixels = Uint8Array.from({ length: 2 * side * side * 3 }, (_, i) => (i * 37) % 256)
const from = side * side * 3
/** The second image's value at (x, y, channel), scaled; grey outside. */
const at = (x: number, y: number, channel: number): number =>
  x < 0 || y < 0 || x >= side || y >= side
    ? 0
    : Math.fround(pixels[from + (y * side + x) * 3 + channel] / 127.5 - 1)

test('bytes 0 and 255 become −1 and 1', () => {
  const target = new Float32Array(12)
  augmentImage(Uint8Array.of(0, 255, 51, 0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 2, noAugmentation, target)
  assert.deepEqual([...target.slice(0, 3)], [-1, 1, Math.fround(-0.6)])
})

test('shifting, mirroring and cutting out follow their definitions pixel by pixel', () => {
  const target = new Float32Array(side * side * 3)
  const shift = fc.integer({ min: -3, max: 3 })
  const edge = fc.integer({ min: 0, max: side })
  fc.assert(
    fc.property(
      shift,
      shift,
      fc.boolean(),
      edge,
      edge,
      edge,
      edge,
      (dx, dy, mirrored, left, right, top, bottom) => {
        augmentImage(pixels, from, side, { dx, dy, mirrored, cutout: { left, right, top, bottom } }, target)
        for (let y = 0; y < side; y++)
          for (let x = 0; x < side; x++)
            for (let channel = 0; channel < 3; channel++) {
              const cut = x >= left && x < right && y >= top && y < bottom
              const sourceX = x - dx
              const column = mirrored ? side - 1 - sourceX : sourceX
              const expected = cut ? 0 : at(column, y - dy, channel)
              assert.equal(target[(y * side + x) * 3 + channel], expected)
            }
      },
    ),
  )
})

test('drawn augmentations stay in range, use all of it, and can be switched off', () => {
  const { uniform } = random(1, 'test')
  const draws = Array.from({ length: 2000 }, () =>
    drawAugmentation({ crop: 4, flip: true, cutout: 16, colour: 0 }, 32, uniform),
  )
  assert.deepEqual(
    [...new Set(draws.map(({ dx }) => dx))].sort((a, b) => a - b),
    [-4, -3, -2, -1, 0, 1, 2, 3, 4],
  )
  const mirrored = draws.filter((draw) => draw.mirrored).length
  assert.ok(mirrored > 900 && mirrored < 1100)
  const widths = draws.map(({ cutout }) => cutout.right - cutout.left)
  assert.ok(Math.max(...widths) === 16 && Math.min(...widths) >= 8)
  assert.deepEqual([...new Set(draws.map(({ dy }) => dy))].length, 9)
  const off = drawAugmentation({ crop: 0, flip: false, cutout: 0, colour: 0 }, 32, uniform)
  assert.deepEqual([off.dx, off.dy, off.mirrored], [0, 0, false])
  assert.equal(off.cutout.right - off.cutout.left, 0)
})

test('downscaling by a whole factor is the mean of each box', () => {
  const bytes = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 89) % 256)
  const target = new Float32Array(5 + 16 * 16 * 3)
  boxDownscale(32, 16)(Float32Array.from(bytes), target, 5)
  for (let y = 0; y < 16; y++)
    for (let x = 0; x < 16; x++)
      for (let c = 0; c < 3; c++) {
        const pixel = (dy: number, dx: number) => bytes[((2 * y + dy) * 32 + 2 * x + dx) * 3 + c]
        const mean = (pixel(0, 0) + pixel(0, 1) + pixel(1, 0) + pixel(1, 1)) / 4
        assert.ok(Math.abs(target[5 + (y * 16 + x) * 3 + c] - mean) < 1e-3)
      }
})

test('downscaling by any factor keeps the mean and takes parts of pixels as parts', () => {
  const ramp = Float32Array.from({ length: 3 * 3 * 3 }, (_, i) => Math.floor(i / 3) % 3)
  const two = new Float32Array(2 * 2 * 3)
  boxDownscale(3, 2)(ramp, two, 0)
  // Columns 0, 1, 2 into two halves: (0 + 1/2)/1.5 and (1/2 + 2)/1.5.
  assert.ok(Math.abs(two[0] - 1 / 3) < 1e-6 && Math.abs(two[3] - 5 / 3) < 1e-6)
  for (const to of [4, 7, 20, 24, 31, 32]) {
    const source = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => Math.sin(i))
    const target = new Float32Array(to * to * 3)
    boxDownscale(32, to)(source, target, 0)
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
    assert.ok(Math.abs(mean(source) - mean(target)) < 1e-5)
  }
})
