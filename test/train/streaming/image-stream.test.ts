import assert from 'node:assert/strict'
import { readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import { decodeSource } from '../../../datasets/detection/decode.js'
import { loadImageFolder } from '../../../datasets/index.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { type Batch, makeBatches } from '../../../src/train/images/batches.js'
import { distortionOf } from '../../../src/train/images/training-image.js'
import { distortInto } from '../../../src/train/inception/distort.js'
import {
  ImageStream,
  preparedBatches,
  type StreamOptions,
} from '../../../src/train/streaming/image-stream.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { folderSource, writeClassFolders, writeShards } from '../../helpers/train/image-files.js'
import { colourConfig } from '../../helpers/train/linear-step.js'

const COUNT = 41
const SIDE = 8

const config = (changes: Partial<RunConfig> = {}): RunConfig => {
  const base = colourConfig({ augmentation: { crop: 1, flip: true, cutout: 2, colour: 0.5 }, ...changes })
  return { ...base, data: { ...base.data, imageSize: SIDE, shuffleBuffer: 10, ...changes.data } }
}
const inception = { kind: 'inception', crop: 0, flip: true, cutout: 0, colour: 0 } as const

/** The first batches of a stream that begins at `step`. */
async function take(
  run: RunConfig,
  source: ImageSource,
  count: number,
  { step = 0, ...options }: StreamOptions & { step?: number } = {},
): Promise<Batch[]> {
  const stream = new ImageStream(run, source, step, options)
  try {
    const batches: Batch[] = []
    while (batches.length < count) {
      batches.push(await stream.next())
      assert.ok(stream.inPreparation <= 4, `${stream.inPreparation} batches in preparation`)
    }
    return batches
  } finally {
    await stream.close()
  }
}

test('class folders give the batches that they give from memory, bit for bit', async (t) => {
  const folder = await temporaryFolder(t)
  await writeClassFolders(folder, COUNT)
  const { train } = await loadImageFolder(folder, { size: SIDE })
  const source = folderSource(folder, COUNT)
  for (const run of [
    config(),
    config({ resolution: [{ untilEpoch: 1, size: 6 }] }),
    config({ accumulate: 2, batchSize: 4 }),
  ]) {
    const { batch, stepsPerEpoch } = makeBatches(run, train)
    assert.equal(stepsPerEpoch, 5)
    const parts = run.accumulate ?? 1
    const inMemory = Array.from({ length: 11 * parts }, (_, i) => batch(Math.floor(i / parts), i % parts))
    // With images of the first epoch from the cache, with some of them, and without.
    for (const cacheBytes of [2 ** 20, 10 * SIDE * SIDE * 3, 0])
      assert.deepEqual(await take(run, source, 11 * parts, { workers: 2, cacheBytes }), inMemory)
  }
})

for (const [name, augmentation] of [
  ['padded crop', { crop: 1, flip: true, cutout: 2, colour: 0 }],
  ['inception', inception],
] as const)
  test(`batches from shards depend on the step alone: ${name}`, async (t) => {
    const source = await writeShards(await temporaryFolder(t), { count: COUNT, perShard: 7 })
    const run = config({ augmentation, resolution: [{ untilEpoch: 1, size: 6 }] })
    const all = await take(run, source, 12, { workers: 1 })
    assert.deepEqual(
      all.map(({ imageSize }) => imageSize),
      [...Array(5).fill(6), ...Array(7).fill(8)],
    )
    assert.ok(all.every(({ images, imageSize }) => images.length === 8 * imageSize * imageSize * 3))
    assert.deepEqual(await take(run, source, 12, { workers: 3, cacheBytes: 0 }), all)
    for (const step of [3, 8])
      assert.deepEqual(await take(run, source, 4, { step, workers: 2 }), all.slice(step, step + 4))
    // Images of the second epoch are the same in another order, distorted otherwise.
    assert.notDeepEqual(all[5].labels, all[10].labels)
  })

test('the crop of an image is that of its decoded whole', async (t) => {
  const source = await writeShards(await temporaryFolder(t), { count: 8, perShard: 8 })
  const run = config({ augmentation: inception, seed: 3 })
  run.data.shuffleBuffer = 1
  const [{ images, labels }] = await take(run, source, 1)
  for (let image = 0; image < 8; image++) {
    const { path, offset, bytes } = source.place(image)
    const whole = await decodeSource((await readFile(path)).subarray(offset, offset + bytes!))
    const expected = new Float32Array(SIDE * SIDE * 3)
    const distortion = distortionOf(run, whole, { epoch: 0, image })
    distortInto(expected, 0, SIDE, { ...whole, from: 0 }, distortion)
    assert.deepEqual(images.subarray(image * 192, (image + 1) * 192), expected, `image ${image}`)
    assert.equal(labels[image], image % 3)
  }
})

test('four batches are prepared at a time, fewer where they are large', () => {
  assert.deepEqual(
    [1e6, 128 * 2 ** 20, 129 * 2 ** 20, 300 * 2 ** 20, 2 ** 31].map(preparedBatches),
    [4, 4, 3, 1, 1],
  )
})

test('an image that cannot be read fails the step that takes it', async (t) => {
  const source = await writeShards(await temporaryFolder(t), { count: COUNT, perShard: 7, broken: [18] })
  const all = await take(
    config(),
    await writeShards(await temporaryFolder(t), { count: COUNT, perShard: 7 }),
    5,
  )
  const stream = new ImageStream(config(), source, 0, { workers: 2 })
  const batches: Batch[] = []
  await assert.rejects(
    async () => {
      for (;;) batches.push(await stream.next())
    },
    ({ name, message }: Error) =>
      name === 'UserError' &&
      new RegExp(
        `^shard-2\\.tar: 18\\.jpg cannot be read as an image \\(.*unsupported image format.*\\), and step ${batches.length + 1} takes it\\. Pass --skip-unreadable`,
      ).test(message),
  )
  await stream.close()
  assert.deepEqual(batches, all.slice(0, batches.length))
})

test('skipped images are replaced by the next one of the order, always the same', async (t) => {
  const run = config()
  run.data.skipUnreadable = true
  run.augmentation = { crop: 0, flip: false, cutout: 0, colour: 0 }
  const folder = await temporaryFolder(t)
  const whole = await take(run, await writeShards(join(folder, 'whole'), { count: COUNT, perShard: 7 }), 10)
  const broken = [3, 4, 18, 40]
  const source = await writeShards(join(folder, 'broken'), { count: COUNT, perShard: 7, broken })
  const seen: string[] = []
  const onUnreadable = ({ title }: { title: string }) => seen.push(title)
  const skipped = await take(run, source, 10, { workers: 1, onUnreadable })
  assert.deepEqual(seen.sort(), [
    'shard-0.tar: 3.jpg',
    'shard-0.tar: 4.jpg',
    'shard-2.tar: 18.jpg',
    'shard-5.tar: 40.jpg',
  ])
  assert.deepEqual(await take(run, source, 10, { workers: 3 }), skipped)
  assert.deepEqual(await take(run, source, 3, { step: 7, workers: 2 }), skipped.slice(7))
  // Every other image stays where it was.
  const changed = skipped.flatMap(({ images }, step) =>
    Array.from({ length: 8 }, (_, i) => i).filter(
      (i) =>
        !Buffer.from(images.subarray(i * 192, (i + 1) * 192).buffer, i * 768, 768).equals(
          Buffer.from(whole[step].images.buffer, i * 768, 768),
        ),
    ),
  )
  assert.ok(changed.length >= 4 && changed.length <= 8, `${changed.length} images changed`)
})

test('data of which nothing can be read any more stops a run that skips images', async (t) => {
  const folder = await temporaryFolder(t)
  const source = await writeShards(folder, { count: COUNT, perShard: COUNT })
  await truncate(join(folder, 'shard-0.tar'), 10)
  const run = config()
  run.data.skipUnreadable = true
  await assert.rejects(
    take(run, source, 1),
    /^UserError: 41 images of shards in a row cannot be read; the last is shard-0\.tar: .*\.jpg \(the file ends before the image does\)/,
  )
})

test('a thread that ends fails the run', async (t) => {
  const source = await writeShards(await temporaryFolder(t), { count: COUNT, perShard: 7 })
  const dying = "require('node:worker_threads').parentPort.once('message', () => process.exit(3))"
  const throwing =
    "require('node:worker_threads').parentPort.once('message', () => { throw new Error('out of luck') })"
  for (const [code, reason] of [
    [dying, /A thread that prepares the training images ended \(exit code 3\)/],
    [throwing, /A thread that prepares the training images ended \(out of luck\)/],
  ] as const) {
    const stream = new ImageStream(config(), source, 0, {
      workers: 2,
      startDecoder: () => new Worker(code, { eval: true }),
    })
    await assert.rejects(stream.next(), reason)
    await assert.rejects(stream.next(), reason)
    await stream.close()
  }
})

test('a stream of fewer images than a step takes, or smaller ones than asked for, is refused', async (t) => {
  const source = await writeShards(await temporaryFolder(t), { count: 10, perShard: 7 })
  assert.throws(
    () => new ImageStream(config({ accumulate: 2 }), source, 0, {}),
    /shards has 10 images, fewer than the 16 of one step; lower the batch size or how many batches are accumulated/,
  )
  assert.throws(
    () => new ImageStream(config({ resolution: [{ untilEpoch: 1, size: 16 }] }), source, 0, {}),
    /"resolution" asks for 16 pixels/,
  )
})
