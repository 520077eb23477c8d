/** Mosaics: boxes against the pixels that are drawn, and when there are any. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { random } from '../../../src/shared/random.js'
import { makeDetectionBatches } from '../../../src/train/detection/batches.js'
import { decodedImages } from '../../../src/train/detection/decoded.js'
import { drawMosaic } from '../../../src/train/detection/mosaic.js'
import { drawSample, objectsOf, writeTiles } from '../../../src/train/detection/sample.js'
import { findRed, redConfig, redSet } from '../../helpers/train/detection/red-scenes.js'

const always = { probability: 1, until: 1 }
const plain = { flip: true, scale: [1, 1] as [number, number], minVisible: 0, colour: 0 }

test('the tiles of a mosaic cover the input, each pixel once, and no image is out of range', () => {
  const sides = fc.integer({ min: 32, max: 300 })
  fc.assert(
    fc.property(sides, sides, fc.nat(), (height, width, seed) => {
      const { uniform } = random(seed, 'mosaic')
      const mosaic = drawMosaic(
        { mosaic: always },
        { progress: 0, count: 7, inputSize: [height, width] },
        uniform,
      )
      assert.ok(mosaic)
      const times = new Uint8Array(height * width)
      for (const { left, top, width: w, height: h } of mosaic.tiles)
        for (let y = top; y < top + h; y++) for (let x = left; x < left + w; x++) times[y * width + x]++
      assert.ok(times.every((count) => count === 1))
      for (const { width: w, height: h } of mosaic.tiles)
        assert.ok(w >= Math.floor(0.3 * width) && h >= Math.floor(0.3 * height))
      assert.equal(mosaic.partners.length, 3)
      assert.ok(mosaic.partners.every((image) => Number.isInteger(image) && image >= 0 && image < 7))
    }),
  )
})

test('boxes of a mosaic lie where the red pixels of its tiles are', async () => {
  const set = await redSet(6)
  const decode = decodedImages(set, { warn: assert.fail })
  const inputSize: [number, number] = [128, 160]
  let seen = 0
  for (let image = 0; image < 24; image++) {
    const config = redConfig({ augmentation: { ...plain, mosaic: always } })
    const place = { epoch: 0, image, count: 6, progress: 0.5, inputSize }
    const tiles = await drawSample(config, decode, place)
    assert.equal(tiles.length, 4)
    assert.equal(tiles[0].index, image % 6)
    const input = new Float32Array(128 * 160 * 3)
    writeTiles(input, 0, tiles, inputSize)
    const { boxes, labels } = objectsOf(tiles, set, { minVisible: 0, most: 8 })
    const found: number[][] = []
    for (const { tile } of tiles) {
      // The tile alone: all else black.
      const alone = input.map((value, i) => {
        const [x, y] = [Math.floor(i / 3) % 160, Math.floor(i / 3 / 160)]
        const isInside =
          x >= tile.left && x < tile.left + tile.width && y >= tile.top && y < tile.top + tile.height
        return isInside ? value : -1
      })
      const red = findRed(alone, 160, 0.3)
      // A rim of less than two pixels is blurred away or not.
      if (red !== null && Math.min(red[2] - red[0], red[3] - red[1]) > 2) found.push(red)
    }
    for (const red of found) {
      const nearest = Array.from(labels, (label, i) => ({
        label,
        box: [...boxes.subarray(4 * i, 4 * i + 4)],
      }))
        .filter(({ label }) => label === 0)
        .map(({ box }) => Math.max(...box.map((side, i) => Math.abs(side - red[i]))))
      assert.ok(Math.min(...nearest) <= 1.5, `image ${image}: red at ${red}, boxes ${boxes}`)
    }
    const visible = Array.from(labels, (_, i) => boxes.subarray(4 * i, 4 * i + 4)).filter(
      ([x1, y1, x2, y2]) => Math.min(x2 - x1, y2 - y1) > 5,
    )
    assert.ok(found.length >= visible.length, `image ${image}: ${visible.length} boxes, ${found.length} seen`)
    seen += found.length
  }
  assert.ok(seen > 40, `${seen} objects were compared`)
})

test('of the objects of all tiles the largest are kept, and what is hardly left is not learnt', async () => {
  const set = await redSet(6)
  const decode = decodedImages(set, { warn: assert.fail })
  const config = redConfig({ augmentation: { ...plain, mosaic: always } })
  const place = { epoch: 0, image: 2, count: 6, progress: 0, inputSize: [128, 128] as [number, number] }
  const tiles = await drawSample(config, decode, place)
  const areas = (most: number) => {
    const { boxes } = objectsOf(tiles, set, { minVisible: 0, most })
    return Array.from({ length: boxes.length / 4 }, (_, i) => {
      const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4)
      return (x2 - x1) * (y2 - y1)
    }).sort((a, b) => b - a)
  }
  const all = areas(8)
  assert.ok(all.length > 2)
  assert.deepEqual(areas(2), all.slice(0, 2))
  const strict = objectsOf(tiles, set, { minVisible: 1.01, most: 8 })
  assert.ok(strict.labels.length === all.length && strict.labels.every((label) => label < 0))
})

test('mosaics come as often as their probability says, and end where the run says', async () => {
  const draw = (probability: number, progress: number, key: number) =>
    drawMosaic(
      { mosaic: { probability, until: 0.8 } },
      { progress, count: 5, inputSize: [64, 64] },
      random(1, key).uniform,
    )
  const share = Array.from({ length: 2000 }, (_, key) => draw(0.3, 0.79, key)).filter(Boolean).length / 2000
  assert.ok(Math.abs(share - 0.3) < 0.03, `${share}`)
  for (let key = 0; key < 50; key++) assert.equal(draw(1, 0.8, key), null)

  const set = await redSet(8)
  const augmentation = {
    ...plain,
    scale: [0.7, 1.4] as [number, number],
    mosaic: { probability: 1, until: 0.5 },
  }
  const [mixed, none] = [
    makeDetectionBatches(redConfig({ augmentation }), set),
    makeDetectionBatches(redConfig({ augmentation: { ...augmentation, mosaic: null } }), set),
  ]
  assert.deepEqual(await mixed.batch(3, 0.5), await none.batch(3, 0.5))
  assert.notDeepEqual(await mixed.batch(3, 0.49), await none.batch(3, 0.49))
  // What was asked for before makes no difference.
  assert.deepEqual(
    await makeDetectionBatches(redConfig({ augmentation }), set).batch(3, 0.49),
    await mixed.batch(3, 0.49),
  )
})
