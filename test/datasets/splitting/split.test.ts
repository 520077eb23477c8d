import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import sharp from 'sharp'
import { lackingNotes } from '../../../datasets/splitting/category-counts.js'
import { type SplitOptions, splitImages } from '../../../datasets/splitting/split.js'
import { random } from '../../../src/shared/random.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const options: SplitOptions = { val: 0.25, test: 0, seed: 1, nearDuplicates: null }

const inputOf = (names: string[], folder = '') => ({
  names,
  images: names.map((name) => join(folder, name)),
  categories: names.map((_, i) => [i % 2]),
})

describe('splitImages', () => {
  it('keeps groups by name on one side', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `clip${Math.floor(i / 5)}_${i}.jpg`)
    const { parts, notes } = await splitImages(inputOf([...names, 'other.jpg']), {
      ...options,
      groupBy: /^(clip\d+)_/,
    })
    for (let i = 0; i < 40; i += 5) assert.equal(new Set(parts.slice(i, i + 5)).size, 1)
    assert.equal(parts.filter((part) => part === 'val').length, 10)
    assert.match(
      notes.join('\n'),
      /images form 8 groups .*\n1 image does not fit --group-by and is on their own: other\.jpg/,
    )
  })

  it('keeps near-duplicates on one side, whatever the seed', async (t) => {
    const folder = await temporaryFolder(t)
    const { uniform } = random(1, 'noise')
    const names = Array.from({ length: 8 }, (_, i) => `${i}.png`)
    for (const name of names) {
      const pixels = Buffer.from(Array.from({ length: 81 }, () => Math.floor(256 * uniform())))
      const image = sharp(pixels, { raw: { width: 9, height: 9, channels: 1 } })
      await image.resize(90, 90, { kernel: 'cubic' }).png().toFile(join(folder, name))
    }
    await copyFile(join(folder, '0.png'), join(folder, 'copy.png'))
    const input = inputOf([...names, 'copy.png'], folder)
    for (const seed of [1, 2, 3, 4]) {
      const { parts, notes } = await splitImages(input, { ...options, seed, nearDuplicates: 7 })
      assert.equal(parts[0], parts[8])
      assert.deepEqual(notes, [
        '2 images look nearly like others and stay on one side with them: 0.png and copy.png.',
      ])
    }
  })

  it('refuses too few images, one group, a part without images, and a pattern that fits none', async () => {
    const three = inputOf(['a.jpg', 'b.jpg', 'c.jpg'])
    await assert.rejects(
      splitImages(three, options),
      /3 images are too few to split: val would get 0\.25 .*at least 4 are needed/,
    )
    await assert.rejects(splitImages(three, { ...options, val: 0.9 }), /train would get 0\.1 /)
    const names = Array.from({ length: 20 }, (_, i) => `a_${i}.jpg`)
    await assert.rejects(
      splitImages(inputOf(names), { ...options, groupBy: /^a/ }),
      /All 20 images must stay together in 1 group/,
    )
    const uneven = ['b_0.jpg', ...names]
    await assert.rejects(
      splitImages(inputOf(uneven), { ...options, val: 0.05, test: 0.05, groupBy: /^./ }),
      /2 groups, which cannot be split into 3 parts/,
    )
    await assert.rejects(
      splitImages(inputOf(names), { ...options, groupBy: /zzz/ }),
      /--group-by zzz fits no name of an image, such as a_0\.jpg/,
    )
  })
})

it('categories that a part lacks are named', () => {
  const part = (train: number, val: number) => ({
    train: { images: train, objects: train },
    val: { images: val, objects: val },
  })
  const counts = [
    { name: 'cat', parts: part(3, 1) },
    { name: 'dog', parts: part(2, 0) },
    { name: 'owl', parts: part(0, 1) },
    { name: 'yak', parts: part(0, 0) },
  ]
  assert.deepEqual(lackingNotes(counts), [
    'train has no object of a category, which cannot be learnt: owl.',
    'val has no object of a category, which cannot be measured there: dog.',
    'A category has no object at all: yak.',
  ])
})
