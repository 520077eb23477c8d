import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { absolutePlace, isHere, refuseMoved } from '../../../src/train/images/data-place.js'
import type { DataConfig } from '../../../src/train/settings/config.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const files = { files: 1, bytes: 1, names: 'a', contents: 'b' }
const data = (name: string, folder: string | null): DataConfig => ({
  ...{ name, folder, validation: 0, classes: null, imageSize: null },
  fingerprint: { train: files },
})

test('ImageNet lies below the folder of fetched data, and is missed there', async (t) => {
  const folder = await temporaryFolder(t)
  assert.deepEqual(absolutePlace({ name: 'imagenet', folder }), { name: 'imagenet', folder })
  assert.equal(isHere(data('imagenet', folder)), false)
  assert.throws(() => refuseMoved(data('imagenet', folder)), /no longer in .*name its folder with --data-dir/)
  await mkdir(join(folder, 'imagenet'))
  assert.equal(isHere(data('imagenet', folder)), true)
  refuseMoved(data('imagenet', folder))
})

test('a pattern of shards is looked for in its folder', async (t) => {
  const folder = await temporaryFolder(t)
  const pattern = join(folder, 'shards', 'train-{000..146}.tar')
  assert.equal(absolutePlace({ name: pattern, folder: null }).name, pattern)
  assert.throws(() => refuseMoved(data(pattern, null)), /no longer in .*name its folder with --data$/)
  await mkdir(join(folder, 'shards'))
  refuseMoved(data(pattern, null))
  refuseMoved(data(join(folder, '{shards,more}', 'a.tar'), null))
})
