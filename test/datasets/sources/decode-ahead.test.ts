/** Images that are decoded while others are used: their order, bytes of larger files, and images that cannot be read. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import type { ImagePlace, ImageSource } from '../../../datasets/classification/image-source.js'
import {
  type DecodeAheadOptions,
  decodeAhead,
  type UnreadablePlace,
} from '../../../datasets/sources/decode-ahead.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** A PNG in one grey. */
const grey = (value: number): Promise<Buffer> =>
  sharp(Buffer.alloc(300, value), { raw: { width: 10, height: 10, channels: 3 } })
    .png()
    .toBuffer()

/** Greys 0, 1, … one behind another in a file; those in `broken` are cut off. */
async function shard(t: TestContext, count: number, broken: readonly number[] = []) {
  const path = join(await temporaryFolder(t), 'shard')
  const files = await Promise.all(Array.from({ length: count }, (_, i) => grey(i)))
  await writeFile(path, Buffer.concat(files))
  const places: ImagePlace[] = []
  for (const [i, { length }] of files.entries()) {
    const offset = places.reduce((sum, _, at) => sum + files[at].length, 0)
    places.push({ title: `shard: ${i}.png`, path, offset, bytes: broken.includes(i) ? length - 30 : length })
  }
  const source: ImageSource = {
    name: 'greys',
    classes: ['even', 'odd'],
    count,
    labels: Int32Array.from(places, (_, i) => i % 2),
    shards: Uint32Array.of(0),
    place: (i) => places[i],
  }
  return { path, source }
}

/** The greys and labels of all batches, and the sizes of these. */
async function decoded(source: ImageSource, options: Partial<DecodeAheadOptions> = {}) {
  const all = { greys: [] as number[], labels: [] as number[], counts: [] as number[] }
  const usual = { batchSize: 4, size: 2, preprocessing: 'cover' } as const
  for await (const { pixels, labels, count } of decodeAhead(source, { ...usual, ...options })) {
    assert.equal(pixels.length, count * 12)
    all.counts.push(count)
    all.labels.push(...labels)
    for (let i = 0; i < count; i++) all.greys.push(pixels[i * 12])
  }
  return all
}

test('images come in their order, with their labels, the last batch smaller', async (t) => {
  const { source } = await shard(t, 23)
  const { greys, labels, counts } = await decoded(source)
  assert.deepEqual(greys, [...Array(23).keys()])
  assert.deepEqual(
    labels,
    greys.map((grey) => grey % 2),
  )
  assert.deepEqual(counts, [4, 4, 4, 4, 4, 3])
})

test('a damaged image ends the decoding by its name, or is named and left out', async (t) => {
  const { source } = await shard(t, 12, [1, 4, 5, 6, 7, 10])
  await assert.rejects(decoded(source), {
    name: 'DatasetError',
    message: /^shard: 1\.png cannot be read as an image: /,
  })
  const unreadable: UnreadablePlace[] = []
  const { greys, labels, counts } = await decoded(source, {
    onUnreadable: (image) => unreadable.push(image),
  })
  assert.deepEqual(greys, [0, 2, 3, 8, 9, 11])
  assert.deepEqual(labels, [0, 0, 1, 0, 1, 1])
  assert.deepEqual(counts, [3, 3], 'no batch is empty')
  assert.deepEqual(
    unreadable.map(({ title }) => title),
    [1, 4, 5, 6, 7, 10].map((i) => `shard: ${i}.png`),
  )
})

test('a file that has become shorter, or is gone, is such an image', async (t) => {
  const { path, source } = await shard(t, 3)
  const last = source.place(2)
  await writeFile(path, Buffer.alloc(last.offset + 10))
  const titles: string[] = []
  await decoded(
    { ...source, count: 2, place: (i) => (i === 0 ? last : { ...last, path: `${path}-gone` }) },
    { onUnreadable: ({ reason }) => titles.push(reason) },
  )
  assert.match(titles[0], /^the file ends before the image does$/)
  assert.match(titles[1], /ENOENT/)
})

test('no more is decoded than a few batches ahead, and nothing after the last one that is used', async (t) => {
  const { source } = await shard(t, 40)
  let asked = 0
  const counting = {
    ...source,
    place(i: number) {
      asked = Math.max(asked, i + 1)
      return source.place(i)
    },
  }
  for await (const _ of decodeAhead(counting, { batchSize: 4, size: 2, preprocessing: 'cover' })) break
  assert.ok(asked <= 16, `${asked} of 40 images were begun for one batch`)
})
