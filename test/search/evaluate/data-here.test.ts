import assert from 'node:assert/strict'
import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataHere } from '../../../src/search/evaluate/data-here.js'
import type { DataConfig } from '../../../src/train/settings/config.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const data = (name: string, folder: string | null = null): DataConfig => ({
  ...{ name, folder, validation: 8, classes: null, imageSize: null },
  fingerprint: { train: { files: 5, bytes: 1, names: 'names', contents: 'contents' } },
})

test('a worker looks for images in the named place, the same place, and the same place below its folder', async (t) => {
  const before = process.cwd()
  const here = await realpath(await temporaryFolder(t))
  process.chdir(here)
  t.after(() => process.chdir(before))
  await mkdir('data/photos', { recursive: true })
  const found = (name: string, machine = {}) => dataHere(data(name), machine).name
  assert.equal(found('/home/other/data/photos', { imageFolder: 'mine' }), 'mine')
  assert.equal(found(join(here, 'data', 'photos')), join(here, 'data', 'photos'))
  assert.equal(found('/home/other/project/data/photos'), join('data', 'photos'))
  assert.equal(found('/home/other/nothing'), '/home/other/nothing')
  assert.equal(found('embedded', { imageFolder: 'mine' }), 'embedded')
})

test('a worker looks for fetched data in the named place, the same place, and the default one', async (t) => {
  const here = await temporaryFolder(t)
  const before = process.env.TOOLKIT_DATA
  t.after(() => {
    if (before === undefined) delete process.env.TOOLKIT_DATA
    else process.env.TOOLKIT_DATA = before
  })
  process.env.TOOLKIT_DATA = join(here, 'default')
  const found = (folder: string | null, machine = {}) => dataHere(data('cifar10', folder), machine).folder
  await mkdir(join(here, 'same', 'cifar-10-batches-bin'), { recursive: true })
  assert.equal(found('/home/other/.data', { dataFolder: '/mine' }), '/mine')
  assert.equal(found(join(here, 'same')), join(here, 'same'))
  assert.equal(found('/home/other/.data'), '/home/other/.data', 'nothing is better elsewhere')
  await mkdir(join(here, 'default', 'cifar-10-batches-bin'), { recursive: true })
  assert.equal(found('/home/other/.data'), null)
  assert.equal(found(null), null)
})
