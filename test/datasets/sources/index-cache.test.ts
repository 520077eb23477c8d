import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openImageSources } from '../../../datasets/index.js'
import { cachedIndex, defaultCacheDir } from '../../../datasets/sources/index-cache.js'
import { indexShard } from '../../../datasets/sources/shard-index.js'
import type { TarIndex } from '../../../datasets/sources/tar-images.js'
import { shardOf } from '../../helpers/datasets/shards.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

async function shard(t: TestContext) {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'train-0.tar')
  await writeFile(path, shardOf([1, 0, 2]))
  const cacheDir = join(folder, 'cache')
  let made = 0
  const index = (kind = 'webdataset'): Promise<TarIndex> =>
    cachedIndex(cacheDir, kind, path, () => {
      made++
      return indexShard(path)
    })
  return { folder, path, cacheDir, index, made: () => made }
}

test('an index is made once for a file, and again when the file is another', async (t) => {
  const { path, index, made } = await shard(t)
  const first = await index()
  const second = await index()
  assert.equal(made(), 1)
  assert.deepEqual(second, { ...first, parts: second.parts })
  for (const name of ['offsets', 'bytes', 'labels'] as const)
    assert.deepEqual(second.parts[0].images[name], first.parts[0].images[name])
  assert.deepEqual(Buffer.from(second.parts[0].images.names.text), first.parts[0].images.names.text)
  await index('another kind')
  assert.equal(made(), 2)
  await utimes(path, 1, 1)
  await index()
  assert.equal(made(), 3)
  await writeFile(path, shardOf([1]))
  await utimes(path, 1, 1)
  assert.equal((await index()).parts[0].images.labels.length, 1)
})

test('a damaged cache is made again, whatever byte is wrong', async (t) => {
  const { cacheDir, index, made } = await shard(t)
  await index()
  const [name] = await readdir(join(cacheDir, 'indexes'))
  const file = join(cacheDir, 'indexes', name)
  const whole = await readFile(file)
  const damaged = [Buffer.alloc(0), Buffer.from('x\n'), whole.subarray(0, 80), whole.subarray(0, -1)]
  for (const at of [3, 70, whole.length - 1]) {
    const copy = Buffer.from(whole)
    copy[at] ^= 1
    damaged.push(copy)
  }
  for (const [i, content] of damaged.entries()) {
    await writeFile(file, content)
    assert.deepEqual([...(await index()).parts[0].images.labels], [1, 0, 2])
    assert.equal(made(), i + 2)
    assert.deepEqual(await readFile(file), whole)
  }
})

test('where nothing can be kept, and where data is read-only, shards are opened all the same', async (t) => {
  const { folder, path, cacheDir } = await shard(t)
  await writeFile(cacheDir, 'a file in the way')
  assert.equal((await openImageSources(path, { cacheDir })).train.count, 3)
  const data = join(folder, 'data')
  await mkdir(data)
  await writeFile(join(data, 'train-0.tar'), shardOf([0]))
  await chmod(data, 0o555)
  assert.equal((await openImageSources(data, { cacheDir: join(folder, 'other') })).train.count, 1)
  assert.deepEqual(await readdir(data), ['train-0.tar'])
})

test('progress is told in bytes, and an aborted call rejects with its reason and keeps nothing', async (t) => {
  const { path, cacheDir } = await shard(t)
  const controller = new AbortController()
  const reason = new Error('enough')
  const opening = openImageSources(path, {
    cacheDir,
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  })
  await assert.rejects(opening, reason)
  await assert.rejects(readdir(cacheDir), /ENOENT/)
  const states: number[] = []
  const { size } = await stat(path)
  await openImageSources(path, {
    cacheDir,
    onProgress({ unit, done, total }) {
      assert.deepEqual([unit, total], ['bytes', size])
      states.push(done)
    },
  })
  assert.deepEqual(
    states,
    [...states].sort((a, b) => a - b),
  )
  assert.equal(states.at(-1), size)
})

test('indexes lie in the folder for caches', (t) => {
  const before = process.env.XDG_CACHE_HOME
  t.after(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = before
  })
  process.env.XDG_CACHE_HOME = '/caches'
  assert.equal(defaultCacheDir(), '/caches/nasnet-toolkit')
  delete process.env.XDG_CACHE_HOME
  assert.match(defaultCacheDir(), /nasnet-toolkit/)
})
