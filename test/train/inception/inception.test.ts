import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { random } from '../../../src/shared/random.js'
import { type ColourStep, changeColour, drawColourSteps } from '../../../src/train/inception/colour.js'
import { drawCrop } from '../../../src/train/inception/crop.js'
import { distortInto, drawDistortion } from '../../../src/train/inception/distort.js'
import { type ResizeMethod, resizeInto } from '../../../src/train/inception/resize.js'

interface Golden {
  colours: number[]
  changes: (ColourStep & { result: number[] })[]
  image: { height: number; width: number; pixels: number[] }
  resizes: { method: ResizeMethod; size: number; result: number[] }[]
  crops: Record<'area' | 'aspect' | 'left' | 'top', number[]>[] & { height: number; width: number }[]
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../../test/train/inception/golden/inception.json', import.meta.url), 'utf8'),
)

function assertClose(actual: ArrayLike<number>, expected: number[], tolerance: number): void {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `${i}: ${actual[i]} instead of ${value}`)
}

for (const { kind, amount, result } of golden.changes)
  test(`${kind} by ${amount} is TensorFlow's, outside of [0, 1] too`, () => {
    const values = Float32Array.from([9, ...golden.colours, 9])
    changeColour({ values, start: 1, end: values.length - 1 }, { kind, amount })
    assertClose(values.subarray(1, -1), result, 5e-6)
    assert.deepEqual([values[0], values.at(-1)], [9, 9])
  })

for (const { method, size, result } of golden.resizes)
  test(`the kernel ${method} to ${size} pixels is TensorFlow's, of a part of a larger image and mirrored too`, () => {
    const { width, height, pixels } = golden.image
    // The image lies in the middle of a larger one, which is 255 elsewhere.
    const stride = width + 3
    const larger = new Uint8Array(stride * (height + 2) * 3).fill(255)
    for (let y = 0; y < height; y++)
      larger.set(pixels.slice(y * width * 3, (y + 1) * width * 3), ((y + 1) * stride + 2) * 3)
    const image = { pixels: larger, from: (stride + 2) * 3, stride, width, height }
    const target = new Float32Array(1 + size * size * 3)
    resizeInto(target, 1, size, image, { method, mirrored: false })
    assertClose(target.subarray(1), result, 2e-6)
    resizeInto(target, 1, size, image, { method, mirrored: true })
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        for (let c = 0; c < 3; c++) {
          const at = (y * size + (size - 1 - x)) * 3 + c
          assert.ok(Math.abs(target[1 + (y * size + x) * 3 + c] - result[at]) < 2e-6)
        }
  })

for (const expected of golden.crops)
  test(`crops of ${expected.width} × ${expected.height} pixels are spread as TensorFlow's`, () => {
    const { width, height } = expected
    const crops = Array.from({ length: 20_000 }, (_, i) => drawCrop(width, height, random(1, i).uniform))
    const tenths = (values: number[]): number[] => {
      const sorted = values.sort((a, b) => a - b)
      return Array.from({ length: 11 }, (_, i) => sorted[Math.round((i / 10) * (sorted.length - 1))])
    }
    for (const crop of crops) {
      assert.ok(crop.left >= 0 && crop.left + crop.width <= width)
      assert.ok(crop.top >= 0 && crop.top + crop.height <= height)
    }
    const spread = {
      area: tenths(crops.map((crop) => (crop.width * crop.height) / (width * height))),
      aspect: tenths(crops.map((crop) => crop.width / crop.height)),
      left: tenths(crops.map((crop) => crop.left / width)),
      top: tenths(crops.map((crop) => crop.top / height)),
    }
    // Of 20,000 draws each, tenths differ by about 0.004; the ends are single draws.
    for (const name of ['area', 'aspect', 'left', 'top'] as const)
      assertClose(spread[name].slice(1, -1), expected[name].slice(1, -1), 0.02)
    assert.ok(spread.area[0] >= 0.1 && spread.area[0] < 0.12 && spread.area[10] > 0.86)
  })

test('an image that no crop fits is taken whole', () => {
  assert.deepEqual(drawCrop(1000, 10, random(1).uniform), { left: 0, top: 0, width: 1000, height: 10 })
})

test('amounts of colour fill their ranges, in four orders', () => {
  const drawn = Array.from({ length: 4000 }, (_, i) => drawColourSteps(random(2, i).uniform))
  const ranges = {
    brightness: [-0.1255, 0.1255],
    saturation: [0.5, 1.5],
    hue: [-0.2, 0.2],
    contrast: [0.5, 1.5],
  }
  for (const [kind, [low, high]] of Object.entries(ranges)) {
    const amounts = drawn.flatMap((steps) => steps.filter((step) => step.kind === kind).map((s) => s.amount))
    assert.equal(amounts.length, 4000)
    const reach = high - low
    assert.ok(Math.min(...amounts) >= low && Math.min(...amounts) < low + 0.01 * reach)
    assert.ok(Math.max(...amounts) <= high && Math.max(...amounts) > high - 0.01 * reach)
  }
  const orders = new Set(drawn.map((steps) => steps.map(({ kind }) => kind).join()))
  assert.equal(orders.size, 4)
})

test('distorted images lie in [−1, 1], are mirrored only where that is allowed, and repeat with their draws', () => {
  const { pixels, width, height } = golden.image
  const image = { data: Uint8Array.from(pixels), from: 0, width, height }
  let mirrored = 0
  for (let i = 0; i < 200; i++) {
    const draw = (flip: boolean) => drawDistortion({ flip }, image, random(3, i).uniform)
    assert.equal(draw(false).mirrored, false)
    const distortion = draw(true)
    if (distortion.mirrored) mirrored++
    assert.deepEqual(draw(true), distortion)
    const target = new Float32Array(10 * 10 * 3 + 2).fill(7)
    distortInto(target, 1, 10, image, distortion)
    assert.ok(target.subarray(1, -1).every((value) => value >= -1 && value <= 1))
    assert.deepEqual([target[0], target.at(-1)], [7, 7])
  }
  assert.ok(mirrored > 70 && mirrored < 130, `${mirrored} of 200`)
})
