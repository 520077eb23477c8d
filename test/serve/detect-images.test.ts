/** Detection in images of all sizes, orientations and colour spaces: boxes must lie where the scenes have their things. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { decodeImage } from '../../serve/image.js'
import { RESIZE_MODES } from '../../src/shared/detector-input.js'
import { fitPixels } from '../../src/train/detection/fit-pixels.js'
import { assertBox, type Box, detectorServer, scene, scenePixels, VIEW } from '../helpers/serve/scenes.js'
import { storedAs } from '../helpers/serve/support.js'

const [viewHeight, viewWidth] = VIEW

describe('detecting in images of every kind', () => {
  const suite = detectorServer()
  const { ask } = suite

  for (const model of ['detector', 'stretching'])
    it(`finds boxes in images of any size and proportions: ${model}`, async () => {
      const side = fc.integer({ min: 12, max: 300 })
      const part = fc.double({ min: 0, max: 1, noNaN: true })
      const property = fc.asyncProperty(side, side, part, part, async (width, height, across, down) => {
        // Half of the image along each axis, anywhere.
        const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)]
        const box: Box = [Math.floor(across * (width - w)), Math.floor(down * (height - h)), w, h]
        const image = await scene(width, height, [{ channel: 0, brightness: 255, box }])
          .png()
          .toBuffer()
        const answer = await ask({ model }, image)
        assert.deepEqual([answer.width, answer.height, answer.detections.length], [width, height, 1])
        // The detector sees whole pixels of its input, which are so large in the image; enlarging blurs edges too.
        const stretched = [width / viewWidth, height / viewHeight]
        // Two and a half pixels of the input may be made two.
        const letterboxed = 1.25 * Math.max(...stretched)
        const [x, y] = model === 'stretching' ? stretched : [letterboxed, letterboxed]
        const [found] = answer.detections
        assertBox(found.bbox, box, [x + 0.5, y + 0.5])
        assert.ok(found.bbox[0] >= 0 && found.bbox[0] + found.bbox[2] <= width)
        assert.ok(found.bbox[1] >= 0 && found.bbox[1] + found.bbox[3] <= height)
      })
      await fc.assert(property, { numRuns: 60 })
    })

  for (let orientation = 1; orientation <= 8; orientation++)
    it(`tells boxes of a photo of EXIF orientation ${orientation} as people see it`, async () => {
      const box: Box = [20, 100, 50, 40]
      const pixels = scenePixels(320, 200, [{ channel: 2, brightness: 255, box }])
      const photo = await storedAs(orientation, pixels, 320, 200)
        .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
        .toBuffer()
      assert.equal((await sharp(photo).metadata()).orientation, orientation)
      for (const model of ['detector', 'stretching']) {
        const { width, height, detections } = await ask({ model }, photo, 'image/jpeg')
        assert.deepEqual([width, height, detections.length], [320, 200, 1])
        assertBox(detections[0].bbox, box, [5, 5])
      }
    })

  it('brings CMYK, 16-bit, grey, palette and transparent images to RGB', async () => {
    const box: Box = [160, 120, 320, 240]
    const photo = scene(640, 480, [{ channel: 0, brightness: 230, box }])
    const kinds: [string, Buffer, string][] = [
      ['cmyk', await photo.clone().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(), 'image/jpeg'],
      ['rgb16', await photo.clone().toColourspace('rgb16').png().toBuffer(), 'image/png'],
      ['srgb', await photo.clone().png({ palette: true }).toBuffer(), 'image/png'],
      ['srgb', await photo.clone().webp({ lossless: true }).toBuffer(), 'image/webp'],
      ['srgb', await photo.clone().gif().toBuffer(), 'image/gif'],
    ]
    for (const [space, bytes, type] of kinds) {
      assert.equal((await sharp(bytes).metadata()).space, space)
      const { detections } = await ask({}, bytes, type)
      assert.deepEqual(
        detections.map(({ label }) => label),
        ['red'],
        space,
      )
      assertBox(detections[0].bbox, box, [10, 10])
    }
    const grey = await photo.clone().toColourspace('grey16').png().toBuffer()
    assert.equal((await sharp(grey).metadata()).depth, 'ushort')
    assert.deepEqual((await ask({}, grey)).detections, [])
    // A hole through which white is seen is no longer red.
    const hole = { create: { width: 640, height: 240, channels: 4 as const, background: '#000' } }
    const holed = photo.clone().composite([{ input: hole, left: 0, top: 240, blend: 'dest-out' }])
    const [found] = (await ask({}, await holed.png().toBuffer())).detections
    assertBox(found.bbox, [160, 120, 320, 120], [10, 10])
  })

  it('takes an image of one pixel, and large ones', async () => {
    for (const model of ['detector', 'stretching']) {
      const one = await scene(1, 1, [{ channel: 1, brightness: 220, box: [0, 0, 1, 1] }])
        .png()
        .toBuffer()
      const answer = await ask({ model }, one)
      assert.deepEqual([answer.width, answer.height], [1, 1])
      assert.deepEqual(answer.detections[0].bbox, [0, 0, 1, 1])
    }
    const background = { r: 30, g: 30, b: 30 }
    const thing = { create: { width: 1500, height: 900, channels: 3 as const, background: '#0000ff' } }
    const large = await sharp({ create: { width: 7000, height: 5000, channels: 3, background } })
      .composite([{ input: thing, left: 4000, top: 3000 }])
      .jpeg()
      .toBuffer()
    const answer = await ask({}, large, 'image/jpeg')
    assert.deepEqual([answer.width, answer.height], [7000, 5000])
    assertBox(answer.detections[0].bbox, [4000, 3000, 1500, 900], [110, 110])
    // A line: 3000 pixels wide and one high.
    const line = await scene(3000, 1, [{ channel: 0, brightness: 255, box: [0, 0, 1500, 1] }])
      .png()
      .toBuffer()
    assertBox((await ask({}, line)).detections[0].bbox, [0, 0, 1500, 1], [47, 0])
  })
})

describe('what a detector is shown', () => {
  it('is what it was trained and measured on, grey beside the image included', async () => {
    const side = fc.integer({ min: 1, max: 150 })
    const property = fc.asyncProperty(
      side,
      side,
      fc.constantFrom(...RESIZE_MODES),
      async (width, height, resize) => {
        const data = scenePixels(width, height, [
          { channel: 1, brightness: 255, box: [0, 0, Math.ceil(width / 3), Math.ceil(height / 2)] },
        ])
        const { pixels: trained } = await fitPixels({ data, width, height }, { inputSize: VIEW, resize })
        const png = await sharp(data, { raw: { width, height, channels: 3 } })
          .png()
          .toBuffer()
        const size: [number, number] = [viewHeight, viewWidth]
        const served = await decodeImage(png, { size, resize, maxPixels: 1e6 })
        assert.deepEqual([...served.pixels], [...trained])
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })
})
