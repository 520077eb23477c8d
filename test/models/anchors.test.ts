import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorsOf, anchorsPerCell } from '../../models/index.js'
import { golden } from '../helpers/models/torchvision.js'

for (const { stride, feature, anchors, ...settings } of golden.anchors) {
  const { scales, ratios } = settings
  test(`anchors of scales ${scales} and ratios ${ratios} equal torchvision’s, in its order`, () => {
    const made = anchorsOf({ ...settings, offset: 0 }, stride, feature)
    assert.deepEqual([...made], anchors.flat())
  })

  test(`an offset moves the anchors of scales ${scales} and ratios ${ratios}, whole`, () => {
    const made = anchorsOf({ ...settings, offset: stride / 2 }, stride, feature)
    assert.deepEqual(
      [...made],
      anchors.flat().map((side) => side + stride / 2),
    )
  })
}

test('the anchors of a released detector: 12 in each cell, of one area for each scale, twice as high as wide and back', () => {
  const settings = { base: 256, scales: [0.25, 0.5, 1, 2], ratios: [0.5, 1, 2], offset: 0 }
  assert.equal(anchorsPerCell(settings), 12)
  const made = anchorsOf(settings, 16, [1, 1])
  assert.equal(made.length, 12 * 4)
  for (let i = 0; i < 12; i++) {
    const [x1, y1, x2, y2] = made.subarray(4 * i, 4 * i + 4)
    const side = 256 * settings.scales[i % 4]
    const ratio = settings.ratios[Math.floor(i / 4)]
    assert.ok(Math.abs((x2 - x1) * (y2 - y1) - side ** 2) < 1e-3 * side ** 2)
    assert.ok(Math.abs((y2 - y1) / (x2 - x1) - ratio) < 1e-5)
    assert.deepEqual([x1, y1], [-x2, -y2])
  }
})
