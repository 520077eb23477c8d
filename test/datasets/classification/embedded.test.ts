import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { divideArtwork, embeddedClasses, loadEmbedded } from '../../../datasets/classification/embedded.js'
import { artists } from '../../../datasets/emoji/artists.js'
import { type Artwork, loadArtwork, loadDrawings } from '../../../datasets/emoji/artwork.js'
import { type Canvas, drawArtwork } from '../../../datasets/emoji/compose.js'

const small = { trainCount: 60, testCount: 40, validationCount: 30, size: 16 }

describe('the embedded data set', () => {
  it('is the same for a seed, however many images are asked for, and another for another seed', async () => {
    const first = await loadEmbedded({ ...small, seed: 5 })
    const again = await loadEmbedded({ ...small, seed: 5, trainCount: 15 })
    assert.deepEqual([again.validation, again.test], [first.validation, first.test])
    assert.deepEqual(again.train.pixels, first.train.pixels.subarray(0, 15 * 16 * 16 * 3))
    const other = await loadEmbedded({ ...small, seed: 6, validationCount: 0 })
    assert.equal(other.validation, undefined)
    for (const part of ['train', 'test'] as const) assert.notDeepEqual(other[part].pixels, first[part].pixels)
    for (const [set, count] of [
      [first.train, 60],
      [first.validation!, 30],
      [first.test, 40],
    ] as const) {
      assert.deepEqual([set.count, set.height, set.width], [count, 16, 16])
      assert.equal(set.pixels.length, count * 16 * 16 * 3)
      assert.deepEqual(set.classes, embeddedClasses)
      for (let c = 0; c < 10; c++) assert.equal(set.labels.filter((label) => label === c).length, count / 10)
    }
  })

  it('tests on an artist that training never sees, and validates on drawings that it never sees', async () => {
    const drawings = await loadDrawings()
    for (const validation of [true, false]) {
      const { shown, heldOut, unseen } = divideArtwork(drawings, { seed: 3, validation })
      const by = (part: { artist: string }[]) => new Set(part.map(({ artist }) => artist))
      assert.deepEqual([...by(unseen)], ['fluent-emoji-flat'])
      assert.ok(!by(shown).has('fluent-emoji-flat') && !by(heldOut).has('fluent-emoji-flat'))
      assert.equal(by(shown).size, 4)
      assert.equal(new Set([...shown, ...heldOut, ...unseen]).size, drawings.length)
      assert.equal(shown.length + heldOut.length + unseen.length, drawings.length)
      for (let c = 0; c < 10; c++) {
        assert.ok(unseen.filter(({ classId }) => classId === c).length >= 15)
        assert.equal(
          heldOut.some(({ classId }) => classId === c),
          validation,
        )
      }
    }
    const bodies = new Map<string, string>()
    for (const { artist, name, body } of drawings) {
      const other = bodies.get(body)
      assert.equal(other, undefined, `${artist} ${name} is the same drawing as ${other}`)
      bodies.set(body, `${artist} ${name}`)
    }
    assert.deepEqual(new Set(artists.map(({ id }) => id)), new Set(drawings.map(({ artist }) => artist)))
  })

  it('refuses sizes and counts out of range', async () => {
    await assert.rejects(loadEmbedded({ size: 4 }), /DatasetError: .* 8 to 512 pixels a side, not 4/)
    await assert.rejects(loadEmbedded({ trainCount: -1 }), /DatasetError: .* cannot have -1 images/)
  })
})

describe('artwork', () => {
  it('fills its box with visible pixels and leaves the rest clear', async () => {
    const artwork = await loadArtwork({ size: 32 })
    assert.equal(artwork.length, (await loadDrawings()).length)
    for (const { rgba, box, artist, name } of artwork) {
      const [left, top, right, bottom] = box
      assert.ok(right - left >= 8 || bottom - top >= 8, `${artist} ${name} is only ${box}`)
      let outside = 0
      for (let i = 0; i < 32 * 32; i++) {
        const [x, y] = [i % 32, i >> 5]
        const within = x >= left && x < right && y >= top && y < bottom
        if (!within && rgba[i * 4 + 3] >= 32) outside++
      }
      assert.equal(outside, 0, `${artist} ${name} shows outside its box`)
    }
  })
})

describe('drawArtwork', () => {
  /** Left half red, right half blue, lower half of both see-through; a clear border of 4 around 8 × 8. */
  const artwork: Artwork = {
    classId: 0,
    artist: '',
    name: '',
    size: 16,
    rgba: new Uint8Array(16 * 16 * 4),
    box: [4, 4, 12, 12],
  }
  for (let y = 4; y < 12; y++) {
    for (let x = 4; x < 12; x++)
      artwork.rgba.set([x < 8 ? 255 : 0, 0, x < 8 ? 0 : 255, y < 8 ? 255 : 0], (y * 16 + x) * 4)
  }
  const draw = (placement: Partial<Parameters<typeof drawArtwork>[2]>) => {
    const canvas: Canvas = { size: 20, rgb: new Float32Array(20 * 20 * 3).fill(100) }
    drawArtwork(canvas, artwork, { x: 10, y: 10, extent: 16, angle: 0, mirrored: false, ...placement })
    return (x: number, y: number) =>
      [...canvas.rgb.subarray((y * 20 + x) * 3, (y * 20 + x) * 3 + 3)].map(Math.round)
  }
  const [red, blue, ground] = [
    [255, 0, 0],
    [0, 0, 255],
    [100, 100, 100],
  ]

  it('scales the box to its extent around the given centre', () => {
    const at = draw({})
    assert.deepEqual([at(2, 2), at(9, 9), at(17, 2), at(10, 9)], [red, red, blue, blue])
    assert.deepEqual([at(1, 1), at(18, 2), at(9, 10), at(2, 17)], [ground, ground, ground, ground])
  })

  it('mirrors left and right', () => {
    const at = draw({ mirrored: true })
    assert.deepEqual([at(2, 2), at(17, 2), at(2, 17)], [blue, red, ground])
  })

  it('turns clockwise: after a quarter the left upper quarter is the right upper one', () => {
    const at = draw({ angle: Math.PI / 2 })
    assert.deepEqual([at(15, 5), at(15, 15), at(5, 5)], [red, blue, ground])
  })

  it('blends by coverage and cuts at the edge', () => {
    const half = draw({ x: 10.5, extent: 8 })
    assert.deepEqual(half(5, 8), ground)
    const [edge] = [half(6, 8)]
    assert.ok(edge[0] > 100 && edge[0] < 255 && edge[1] > 0 && edge[1] < 100, `${edge}`)
    const cut = draw({ x: 0, y: 0 })
    assert.deepEqual([cut(0, 0), cut(4, 4)], [ground, ground])
    const lower = draw({ x: 0, y: 8 })
    assert.deepEqual([lower(0, 0), lower(7, 7), lower(9, 0)], [blue, blue, ground])
  })
})
