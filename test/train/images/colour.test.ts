import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { random } from '../../../src/shared/random.js'
import { changeColours, drawColourChange } from '../../../src/train/images/colour.js'

const byte = fc.integer({ min: 0, max: 255 })
const colours = fc.tuple(byte, byte, byte).map((bytes) => bytes.map((value) => value / 127.5 - 1))
const luma = ([red, green, blue]: ArrayLike<number> & Iterable<number>) =>
  0.299 * red + 0.587 * green + 0.114 * blue
const close = (a: number, b: number) => Math.abs(a - b) < 1e-5

/** A stream that gives these numbers. */
const stream = (...values: number[]) => {
  let at = 0
  return () => values[at++]
}
const MIDDLE = 0.5

test('strength 0 changes nothing, and so does the middle of every range', () => {
  fc.assert(
    fc.property(colours, fc.nat(), (colour, seed) => {
      for (const change of [
        drawColourChange(0, random(seed).uniform),
        drawColourChange(1, stream(MIDDLE, MIDDLE, MIDDLE, MIDDLE)),
      ]) {
        const image = Float32Array.from(colour)
        changeColours(image, change)
        for (const [i, value] of image.entries()) assert.ok(close(value, colour[i]))
      }
    }),
  )
})

test('hue and saturation leave luma, and grey, as they are', () => {
  // Muted colours, so that none is cut at the ends of the range.
  fc.assert(
    fc.property(
      colours,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (colour, saturation, hue) => {
        const change = drawColourChange(1, stream(MIDDLE, MIDDLE, saturation, hue))
        const muted = colour.map((value) => value / 3)
        const image = Float32Array.from([...muted, 0.3, 0.3, 0.3])
        changeColours(image, change)
        assert.ok(close(luma(image.subarray(0, 3)), luma(muted)))
        assert.ok(image.subarray(3).every((value) => close(value, 0.3)))
      },
    ),
  )
})

test('each part goes as far as it says', () => {
  const changed = (colour: number[], ...draws: number[]) => {
    const image = Float32Array.from(colour)
    changeColours(image, drawColourChange(1, stream(...draws)))
    return [...image]
  }
  const grey = [0.2, 0.2, 0.2]
  assert.ok(
    changed(grey, 1, MIDDLE, MIDDLE, MIDDLE).every((value) => close(value, 0.45)),
    'brighter',
  )
  assert.ok(
    changed(grey, MIDDLE, 0, MIDDLE, MIDDLE).every((value) => close(value, 0.1)),
    'less contrast',
  )
  // B − Y and R − Y of what comes out are those of what goes in, turned by 0.3 and half as long again.
  const colour = [0.3, -0.1, 0.2]
  const out = changed(colour, MIDDLE, MIDDLE, 1, 1)
  const difference = (rgb: number[]) => [rgb[2] - luma(rgb), rgb[0] - luma(rgb)]
  const [u, v] = difference(colour)
  const [cos, sin] = [1.5 * Math.cos(0.3), 1.5 * Math.sin(0.3)]
  assert.ok(difference(out).every((value, i) => close(value, [cos * u - sin * v, sin * u + cos * v][i])))
})

test('numbers outside the range are cut, and only the pixels that are named change', () => {
  const image = Float32Array.from([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9])
  changeColours(image, drawColourChange(1, stream(1, 1, MIDDLE, MIDDLE)), 3, 1)
  assert.deepEqual([...image], [0.9, 0.9, 0.9, 1, 1, 1, 0.9, 0.9, 0.9].map(Math.fround))
})
