import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { fitImage } from '../../../src/shared/detector-input.js'
import { drawTrainingSheet } from '../../../src/train/detection/preview.js'
import { redConfig, redScenes, redSet } from '../../helpers/train/detection/red-scenes.js'

const GAP = 6
const TILE = { width: 360, height: 300 }

test('draws each image once for an epoch, with the outline of its object around what is red', async () => {
  const off = { flip: false, scale: [1, 1] as [number, number], minVisible: 0.3, colour: 0 }
  const config = redConfig({ augmentation: off, resize: 'letterbox' })
  const [scene] = redScenes(1, 5)
  const png = await drawTrainingSheet(config, await redSet(1, 5))
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([info.width, info.height], [GAP + 3 * (TILE.width + GAP), TILE.height + 2 * GAP])

  const [height, width] = config.inputSize
  const fit = fitImage('letterbox', config.inputSize, scene.width, scene.height)
  const scale = Math.min(TILE.width / width, TILE.height / height)
  const [x, y, w, h] = scene.bbox
  for (let epoch = 0; epoch < 3; epoch++) {
    const left = GAP + epoch * (TILE.width + GAP) + (TILE.width - width * scale) / 2
    const top = GAP + (TILE.height - height * scale) / 2
    const at = (column: number, row: number) => {
      const sheetX = Math.round(left + column * fit.scaleX * scale)
      const sheetY = Math.round(top + row * fit.scaleY * scale)
      return [...data.subarray((sheetY * info.width + sheetX) * 3, (sheetY * info.width + sheetX) * 3 + 3)]
    }
    const [red, green, blue] = at(x + w / 2, y + h / 2)
    assert.ok(red > 240 && green < 15 && blue < 15, 'the object is red inside')
    for (const [column, row] of [
      [x, y + h / 2],
      [x + w, y + h / 2],
      [x + w / 2, y],
      [x + w / 2, y + h],
    ]) {
      // The category's colour lies between red and the dark ground, and is neither.
      const edge = at(column, row)
      assert.ok(Math.max(edge[1], edge[2]) > 90, `an edge at ${column}, ${row} is ${edge}`)
    }
  }
})
