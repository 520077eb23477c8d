/** What classifiers get of an image, beside TensorFlow, TF-Slim and timm. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import sharp from 'sharp'
import { resizeBilinear } from '../../src/shared/bilinear.js'
import {
  centralCrop,
  fitClassifierImage,
  PREPROCESSINGS,
  timmFit,
} from '../../src/shared/classifier-input.js'
import { packageRoot } from '../../src/shared/package-root.js'

interface Case {
  from: [width: number, height: number]
  pixels: string
}

const golden = <T>(name: string): T[] =>
  JSON.parse(readFileSync(join(packageRoot(), 'test/shared/golden', name), 'utf8'))
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const sizes = ([width, height]: [number, number]) => ({ width, height })
const image = ({ from, pixels }: Case) => sharp(bytes(pixels), { raw: { ...sizes(from), channels: 3 } })

/** Fails unless each byte is the number rounded, either way at a half. */
function assertRounded(actual: Uint8Array, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length)
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs(actual[i] - value) < 0.5 + 2e-3, `byte ${i} is ${actual[i]}, not ${value}`)
}

describe('TensorFlow 1 and TF-Slim', () => {
  type Scaled = Case & { to: [number, number]; scaled: number[]; evaluated: number[] }
  for (const one of golden<Scaled>('bilinear.json')) {
    const [from, to] = [sizes(one.from), sizes(one.to)]
    it(`scale ${one.from.join(' × ')} to ${one.to.join(' × ')}`, async () => {
      assertRounded(resizeBilinear(bytes(one.pixels), from, to), one.scaled)
      assertRounded(resizeBilinear(bytes(one.pixels), from, to, centralCrop(from)), one.evaluated)
      assertRounded(await fitClassifierImage(image(one), 'slim', from, to), one.evaluated)
    })
  }
})

describe('timm', () => {
  type Prepared = Case & { to: number; prepared: string }
  for (const one of golden<Prepared>('timm_images.json')) {
    const [from, to] = [sizes(one.from), { width: one.to, height: one.to }]
    it(`prepares ${one.from.join(' × ')} for ${one.to} × ${one.to}`, async () => {
      assert.deepEqual(await fitClassifierImage(image(one), 'timm', from, to), bytes(one.prepared))
    })
  }

  it('scales and cuts as torchvision does', () => {
    const input = { width: 331, height: 331 }
    assert.deepEqual(timmFit({ width: 500, height: 375 }, input), {
      scaled: { width: 484, height: 363 },
      // 76.5 is rounded to the even number.
      kept: { left: 76, top: 16, ...input },
    })
    assert.deepEqual(timmFit({ width: 375, height: 500 }, input).kept, { left: 16, top: 76, ...input })
  })
})

it('an image of one pixel, and of one row, fill any input', async () => {
  for (const [width, height] of [
    [1, 1],
    [50, 1],
    [1, 50],
  ])
    for (const preprocessing of PREPROCESSINGS) {
      const grey = sharp(Buffer.alloc(width * height * 3, 77), { raw: { width, height, channels: 3 } })
      const input = { width: 12, height: 9 }
      const pixels = await fitClassifierImage(grey, preprocessing, { width, height }, input)
      assert.deepEqual(new Set(pixels), new Set([77]), `${preprocessing} of ${width} × ${height}`)
      assert.equal(pixels.length, 12 * 9 * 3)
    }
})
