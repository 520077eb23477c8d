import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import { COCO } from '#coco-ts'
import { decodeImage, decodeSource, type Pixels } from '../../../datasets/detection/decode.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

type Colour = [number, number, number]
const [red, blue, grey]: Colour[] = [
  [200, 30, 30],
  [30, 30, 200],
  [90, 90, 90],
]

/** 40 × 20 pixels, `left` and `right` halves. */
function halves(left: Colour, right: Colour): Sharp {
  const pixels = Buffer.alloc(40 * 20 * 3)
  for (let i = 0; i < 40 * 20; i++) pixels.set(i % 40 < 20 ? left : right, i * 3)
  return sharp(pixels, { raw: { width: 40, height: 20, channels: 3 } })
}

/** A set of one image, which its annotations say is `width` × `height`. */
function setOf(source: string | Buffer, width = 40, height = 20, fileName = 'one.jpg'): DetectionSet {
  const nothing = { boxes: new Float32Array(), labels: new Int32Array(), crowd: new Uint8Array() }
  return {
    name: 'one',
    categories: [],
    images: [{ id: 1, fileName, width, height, ...nothing }],
    coco: new COCO(),
    source: () => source,
  }
}

const at = ({ data, width }: Pixels, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]

function assertNear(actual: number[], expected: number[], tolerance: number, what: string): void {
  for (let c = 0; c < 3; c++)
    assert.ok(Math.abs(actual[c] - expected[c]) <= tolerance, `${what}: ${actual} instead of ${expected}`)
}

test('every kind of image becomes 8-bit sRGB', async () => {
  const sixteen = Buffer.from(new Uint16Array(40 * 20 * 3).fill(90 * 257).buffer)
  const clear = { width: 40, height: 20, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } }
  const kinds: [string, Promise<Buffer>, Colour, number][] = [
    ['PNG', halves(red, red).png().toBuffer(), red, 0],
    ['JPEG', halves(red, red).jpeg({ quality: 95 }).toBuffer(), red, 4],
    ['palette', halves(red, red).png({ palette: true }).toBuffer(), red, 2],
    ['WebP', halves(red, red).webp({ lossless: true }).toBuffer(), red, 1],
    ['grey', halves(grey, grey).toColourspace('b-w').jpeg({ quality: 95 }).toBuffer(), grey, 2],
    ['CMYK', halves(grey, grey).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(), grey, 16],
    [
      '16-bit',
      sharp(sixteen, { raw: { width: 40, height: 20, channels: 3, depth: 'ushort' } as never })
        .toColourspace('rgb16')
        .png()
        .toBuffer(),
      grey,
      1,
    ],
    ['16-bit grey', halves(grey, grey).toColourspace('grey16').png().toBuffer(), grey, 1],
    ['transparent', sharp({ create: clear }).png().toBuffer(), [255, 255, 255], 0],
  ]
  for (const [kind, file, colour, tolerance] of kinds) {
    const pixels = await decodeImage(setOf(await file), 0)
    assert.deepEqual([pixels.width, pixels.height, pixels.data.length], [40, 20, 2400], kind)
    assertNear(at(pixels, 5, 5), colour, tolerance, kind)
    assert.deepEqual(await decodeSource(await file), pixels, kind)
  }
  for (const [file, want] of [
    [kinds[4][1], [1, 'b-w', 'uchar']],
    [kinds[5][1], [4, 'cmyk', 'uchar']],
    [kinds[6][1], [3, 'rgb16', 'ushort']],
    [kinds[7][1], [1, 'grey16', 'ushort']],
  ] as const) {
    const { channels, space, depth } = await sharp(await file).metadata()
    assert.deepEqual([channels, space, depth], want, 'the files are what they are meant to be')
  }
})

test('EXIF orientation is applied where the annotations are for the turned image, and only there', async () => {
  // Orientation 6: what is stored as the left is seen at the top.
  const turned = await halves(red, blue).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer()
  const seen = await decodeImage(setOf(turned, 20, 40), 0)
  assert.deepEqual([seen.width, seen.height], [20, 40])
  assertNear(at(seen, 10, 5), red, 6, 'top')
  assertNear(at(seen, 10, 35), blue, 6, 'bottom')
  const stored = await decodeImage(setOf(turned, 40, 20), 0)
  assertNear(at(stored, 5, 10), red, 6, 'left')
  assertNear(at(stored, 35, 10), blue, 6, 'right')
  assert.deepEqual(await decodeSource(turned), seen)
  // Orientation 3, upside down, keeps the size.
  const over = await halves(red, blue).withMetadata({ orientation: 3 }).jpeg({ quality: 95 }).toBuffer()
  assertNear(at(await decodeImage(setOf(over), 0), 5, 10), blue, 6, 'left')
})

test('files that are missing, broken, cut short or of another size are named', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'photo.jpg')
  const refused = (promise: Promise<unknown>, message: RegExp) =>
    assert.rejects(promise, (error) => error instanceof DatasetError && message.test(error.message))
  await refused(decodeImage(setOf(path, 40, 20, path), 0), /^".*photo\.jpg" cannot be read: .*missing/)
  const noise = Buffer.from(Array.from({ length: 200 * 200 * 3 }, (_, i) => (i * 7919) % 251))
  const jpeg = await sharp(noise, { raw: { width: 200, height: 200, channels: 3 } })
    .jpeg()
    .toBuffer()
  await writeFile(path, jpeg.subarray(0, jpeg.length * 0.6))
  await refused(
    decodeImage(setOf(path, 200, 200, path), 0),
    /^".*photo\.jpg" cannot be read: .*premature end/,
  )
  await refused(decodeSource(path), /photo\.jpg" cannot be read/)
  const png = await sharp(noise, { raw: { width: 200, height: 200, channels: 3 } })
    .png()
    .toBuffer()
  await refused(decodeSource(png.subarray(0, png.length * 0.6)), /^The image cannot be read: /)
  await refused(decodeSource(Buffer.from('hello')), /^The image cannot be read: .*unsupported image format/)
  await writeFile(path, jpeg)
  await refused(
    decodeImage(setOf(path, 100, 300, path), 0),
    /photo\.jpg" is 200 × 200 pixels, but its annotations are for 100 × 300/,
  )
})
