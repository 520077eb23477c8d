import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boxInImage, RESIZE_MODES } from '../../../src/shared/detector-input.js'
import { fitPixels } from '../../../src/train/detection/fit-pixels.js'

/** Red on the left half, blue on the right. */
function halves(width: number, height: number): { data: Uint8Array; width: number; height: number } {
  const data = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) data[3 * i + (i % width < width / 2 ? 0 : 2)] = 255
  return { data, width, height }
}

const at = (pixels: Uint8Array, width: number, x: number, y: number): number[] =>
  Array.from(pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3))

test('a letterboxed image lies at the upper left with grey beside it, a stretched one fills the input', async () => {
  const image = halves(80, 40)
  const boxed = await fitPixels(image, { inputSize: [60, 40], resize: 'letterbox' })
  assert.equal(boxed.pixels.length, 60 * 40 * 3)
  assert.deepEqual(boxed.fit, { width: 40, height: 20, scaleX: 0.5, scaleY: 0.5 })
  assert.deepEqual(at(boxed.pixels, 40, 2, 2), [255, 0, 0])
  assert.deepEqual(at(boxed.pixels, 40, 37, 19), [0, 0, 255])
  for (const y of [20, 40, 59]) assert.deepEqual(at(boxed.pixels, 40, 5, y), [128, 128, 128])

  const upright = await fitPixels(halves(20, 40), { inputSize: [20, 30], resize: 'letterbox' })
  assert.deepEqual(at(upright.pixels, 30, 9, 19), [0, 0, 255])
  assert.deepEqual(at(upright.pixels, 30, 10, 0), [128, 128, 128])

  const full = await fitPixels(image, { inputSize: [60, 40], resize: 'stretch' })
  assert.deepEqual(full.fit, { width: 40, height: 60, scaleX: 0.5, scaleY: 1.5 })
  assert.deepEqual(at(full.pixels, 40, 15, 59), [255, 0, 0])
  assert.deepEqual(at(full.pixels, 40, 25, 0), [0, 0, 255])
})

test('TensorFlow 1’s way counts from the corners of pixels, and skips some instead of averaging', async () => {
  const grey = (values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]))
  const scaled = async (values: number[], width: number) => {
    const image = { data: grey(values), width: values.length, height: 1 }
    const { pixels, fit } = await fitPixels(image, { inputSize: [1, width], resize: 'stretch-tf1' })
    assert.deepEqual(fit, { width, height: 1, scaleX: width / values.length, scaleY: 1 })
    return pixels
  }
  assert.deepEqual(await scaled([0, 100], 4), grey([0, 50, 100, 100]))
  assert.deepEqual(await scaled([10, 200, 30, 200, 50, 200], 3), grey([10, 30, 50]))
})

test('pixels come in a buffer of their own, which can be given away', async () => {
  const { pixels } = await fitPixels(halves(8, 8), { inputSize: [8, 8], resize: 'stretch' })
  assert.equal(pixels.buffer.byteLength, pixels.length)
  assert.deepEqual(at(pixels, 8, 0, 0), [255, 0, 0])
})

test('a coloured rectangle is found on the input where its box says, and goes back to where it was', async () => {
  const side = fc.integer({ min: 20, max: 300 })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...RESIZE_MODES),
      fc.tuple(side, side),
      fc.tuple(fc.integer({ min: 64, max: 200 }), fc.integer({ min: 64, max: 200 })),
      async (resize, [width, height], inputSize) => {
        const box = [width >> 2, height >> 2, (3 * width) >> 2, (3 * height) >> 2]
        const data = new Uint8Array(width * height * 3)
        for (let y = box[1]; y < box[3]; y++)
          data.fill(255, 3 * (y * width + box[0]), 3 * (y * width + box[2]))
        const { pixels, fit } = await fitPixels({ data, width, height }, { inputSize, resize })
        const seen = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0]
        for (let y = 0; y < inputSize[0]; y++)
          for (let x = 0; x < inputSize[1]; x++)
            // Brighter than the grey beside the image.
            if (pixels[3 * (y * inputSize[1] + x)] > 150) {
              seen[0] = Math.min(seen[0], x)
              seen[1] = Math.min(seen[1], y)
              seen[2] = Math.max(seen[2], x + 1)
              seen[3] = Math.max(seen[3], y + 1)
            }
        const back = boxInImage(seen, fit, width, height)
        const expected = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
        const pixel = [1 / fit.scaleX, 1 / fit.scaleY]
        for (const [i, value] of expected.entries())
          assert.ok(Math.abs(back[i] - value) <= 1 + 2 * pixel[i % 2], `${back} for ${expected}`)
      },
    ),
    { numRuns: 60 },
  )
})
