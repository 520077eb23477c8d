/** What the cards of both tasks say about a network. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StridedPools } from '../../models/index.js'
import { classifierCard } from '../../src/train/classification/card.js'
import { presets } from '../../src/train/classification/presets.js'
import { detectorCard } from '../../src/train/detection/card.js'
import { tinyDetector } from '../helpers/train/detection/tiny-detector.js'

/** The cards of a classifier and of a detector with these pools. */
function cards(stridedPools?: StridedPools) {
  const { embedded } = presets
  const data = { ...embedded.data, classes: ['cat', 'dog'], imageSize: 32 }
  const classifier = { ...embedded, data, model: { ...embedded.model, stridedPools } }
  const detector = tinyDetector()
  return [
    classifierCard(classifier, 1, []),
    detectorCard({ ...detector, backbone: { ...detector.backbone, stridedPools } }, 1),
  ]
}

test('a card names the pools of its network where they are not those of training', () => {
  for (const { about } of cards('keras')) {
    assert.equal(about.stridedPools, 'keras')
    assert.equal(Object.hasOwn(about.network as object, 'stridedPools'), false)
  }
  for (const pools of [undefined, 'slim'] as const)
    for (const { about } of cards(pools))
      for (const part of [about, about.network as object])
        assert.equal(Object.hasOwn(part, 'stridedPools'), false)
})
