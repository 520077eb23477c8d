import assert from 'node:assert/strict'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { holdOutImages, type ImageSource, openImageSources } from '../../../datasets/index.js'
import { random } from '../../../src/shared/random.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** Images of noise, so many of each class; `copies` of the first image are in the last class. */
async function source(t: TestContext, counts: Record<string, number>, copies = 0): Promise<ImageSource> {
  const folder = await temporaryFolder(t)
  const { uniform } = random(1, 'noise')
  for (const [name, count] of Object.entries(counts)) {
    await mkdir(join(folder, name))
    for (let i = 0; i < count; i++) {
      const pixels = Buffer.from(Array.from({ length: 81 }, () => Math.floor(256 * uniform())))
      const image = sharp(pixels, { raw: { width: 9, height: 9, channels: 1 } })
      const path = join(folder, name, `${String(i).padStart(3, '0')}.png`)
      await image.resize(36, 36, { kernel: 'cubic' }).png().toFile(path)
    }
  }
  const [first] = Object.keys(counts)
  for (let i = 0; i < copies; i++)
    await copyFile(join(folder, first, '000.png'), join(folder, first, `copy${i}.png`))
  return (await openImageSources(folder)).train
}

const titles = ({ count, place }: ImageSource): string[] =>
  Array.from({ length: count }, (_, index) => place(index).title)

test('a fifth of each class is held out by itself, and the same with the share that is noted', async (t) => {
  const all = await source(t, { cat: 30, dog: 20, rare: 1 })
  const held = await holdOutImages(all, { fraction: null, seed: 1 })
  assert.deepEqual([held.fraction, held.train.count, held.validation!.count], [0.2, 41, 10])
  const counts = [0, 1, 2].map((label) => held.validation!.labels.filter((own) => own === label).length)
  assert.deepEqual(counts, [6, 4, 0])
  assert.deepEqual([...titles(held.train), ...titles(held.validation!)].sort(), titles(all).sort())
  assert.equal(held.validation!.name, held.train.name.replace(' train', ' validation'))
  assert.match(
    held.notes[0],
    /^10 images of 51, such as .*, are held out for validation; --val-fraction 0 trains/,
  )
  const again = await holdOutImages(all, { fraction: held.fraction, seed: 1 })
  assert.deepEqual(titles(again.validation!), titles(held.validation!))
  const other = await holdOutImages(all, { fraction: held.fraction, seed: 2 })
  assert.notDeepEqual(titles(other.validation!), titles(held.validation!))
})

test('copies of an image stay on one side, and that is said', async (t) => {
  const all = await source(t, { cat: 12, dog: 12 }, 3)
  for (const seed of [1, 2, 3]) {
    const { train, notes } = await holdOutImages(all, { fraction: 0.4, seed })
    const copies = titles(train).filter((title) => /cat.(000|copy\d)\.png$/.test(title))
    assert.ok(copies.length === 0 || copies.length === 4, copies.join())
    assert.match(notes.join(), /4 images look nearly like others and stay on one side/)
  }
})

test('of few images none is held out by itself; a share that cannot be held out is refused', async (t) => {
  const all = await source(t, { cat: 2, dog: 1 })
  const held = await holdOutImages(all, { fraction: null, seed: 1 })
  assert.deepEqual([held.train.count, held.validation, held.fraction], [3, null, 0])
  assert.deepEqual(held.notes, ['3 images are too few to hold some out for validation.'])
  await assert.rejects(holdOutImages(all, { fraction: 0.2, seed: 1 }), /3 images are too few to split/)
  const none = await holdOutImages(all, { fraction: 0, seed: 1 })
  assert.deepEqual([none.train.count, none.validation, none.notes], [3, null, []])
})
