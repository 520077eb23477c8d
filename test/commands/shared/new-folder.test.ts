import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { freeFolder, freeRunFolder } from '../../../src/commands/shared/new-folder.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('a folder that exists gets a number', async (t) => {
  const path = join(await temporaryFolder(t), 'run')
  for (const name of [path, `${path}-2`, `${path}-3`]) {
    assert.equal(freeFolder(path), name)
    await mkdir(name)
  }
})

test('a run is named by its data and its network, in characters that any file system takes', () => {
  const network = { name: 'nasnet-a', cells: 2, filters: 32 }
  assert.equal(freeRunFolder('cifar10', network), 'runs/cifar10-nasnet-a-2x32')
  assert.equal(freeRunFolder('/data/my photos', { ...network, name: 'ä:b' }), 'runs/my_photos-_b-2x32')
})
