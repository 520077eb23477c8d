import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import sharp, { type Sharp } from 'sharp'
import {
  FARTHEST,
  hashDistance,
  type ImageHash,
  imageHash,
  nearPairs,
} from '../../../datasets/splitting/near-duplicates.js'
import { random } from '../../../src/shared/random.js'

/** A picture of smooth random hills. */
function hills(seed: number): Sharp {
  const { uniform } = random(seed, 'hills')
  const coarse = Buffer.from(Array.from({ length: 12 * 12 }, () => Math.floor(256 * uniform())))
  return sharp(coarse, { raw: { width: 12, height: 12, channels: 1 } }).resize(300, 240, {
    fit: 'fill',
    kernel: 'cubic',
  })
}

describe('image hashes', () => {
  it('are near for the same picture in another size, quality and brightness, and far for others', async () => {
    const pictures = await Promise.all([1, 2, 3, 4].map((seed) => hills(seed).png().toBuffer()))
    const hashes = (await Promise.all(pictures.map(imageHash))) as ImageHash[]
    for (const change of [
      (image: Sharp) => image.jpeg({ quality: 30 }),
      (image: Sharp) => image.resize(100, 80).png(),
      (image: Sharp) => image.linear(0.8, 20).png(),
    ]) {
      const changed = (await imageHash(await change(sharp(pictures[0])).toBuffer()))!
      assert.ok(hashDistance(hashes[0], changed) <= FARTHEST)
      for (const other of hashes.slice(1)) assert.ok(hashDistance(other, changed) > 10)
    }
  })

  it('are missing for plain images and for files that are none', async () => {
    const plain = sharp({ create: { width: 50, height: 50, channels: 3, background: '#335577' } })
    assert.equal(await imageHash(await plain.png().toBuffer()), undefined)
    assert.equal(await imageHash(Buffer.from('no image')), undefined)
    assert.equal(await imageHash('/nowhere/a.jpg'), undefined)
  })
})

describe('nearPairs', () => {
  it('finds the pairs that comparing all with all finds, each once', () => {
    const { bits, uniform } = random(1, 'hashes')
    const hashes: ImageHash[] = []
    for (let i = 0; i < 60; i++) {
      const hash = { high: bits(), low: bits() }
      hashes.push(hash)
      const near = { ...hash }
      for (let flips = i % 10; flips > 0; flips--) {
        const word = uniform() < 0.5 ? 'high' : 'low'
        near[word] = (near[word] ^ (1 << Math.floor(32 * uniform()))) >>> 0
      }
      hashes.push(near)
    }
    for (const most of [0, 3, FARTHEST]) {
      const all: string[] = []
      for (const [j, b] of hashes.entries())
        for (const [i, a] of hashes.slice(0, j).entries()) {
          const differing =
            (BigInt(a.high ^ b.high) & 0xffffffffn).toString(2) +
            (BigInt(a.low ^ b.low) & 0xffffffffn).toString(2)
          if (differing.replaceAll('0', '').length <= most) all.push(`${i} ${j}`)
        }
      assert.ok(all.length > 5)
      assert.deepEqual([...nearPairs(hashes, most)].map((pair) => pair.join(' ')).sort(), all.sort())
    }
  })

  it('passes over images without a hash', () => {
    assert.deepEqual([...nearPairs([undefined, { high: 1, low: 2 }, undefined], 0)], [])
  })
})
