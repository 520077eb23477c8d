import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Hdf5Thread } from '../../../src/weights/keras/hdf5-thread.js'
import { MOST_IDLE_LOOKS, stallDetector } from '../../../src/weights/keras/stall-detector.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { kerasFile } from '../../helpers/weights/keras-files.js'

test('a damaged file with which the HDF5 library comes to no end is refused', async (t) => {
  const path = join(await temporaryFolder(t), 'a.weights.h5')
  const bytes = readFileSync(kerasFile('model.weights.h5'))
  bytes[2136] = 0xff
  await writeFile(path, bytes)
  const file = await open(path)
  t.after(() => file.close())
  const thread = new Hdf5Thread(path, { lookEvery: 50 })
  t.after(() => thread.close())
  const endless = { message: `Cannot read ${path}: it is damaged: reading it comes to no end` }
  await assert.rejects(thread.request('read', 'open', { fd: file.fd, config: undefined }), endless)
  await assert.rejects(thread.request('read', 'open', { fd: file.fd, config: undefined }), endless)
})

test('a thread that waits for the disk, reads or answers does not count as stalled, one that computes does', () => {
  const accesses = (at: (look: number) => number, answers: (look: number) => number = () => 0) => {
    const isStalled = stallDetector()
    return Array.from({ length: 100 }, (_, look) => isStalled(at(look), answers(look))).indexOf(true)
  }
  assert.equal(
    accesses(() => 7),
    -1,
  )
  assert.equal(
    accesses((look) => 2 * Math.floor(look / 5)),
    -1,
  )
  assert.equal(
    accesses(
      () => 4,
      (look) => Math.floor(look / 5),
    ),
    -1,
  )
  assert.equal(
    accesses(() => 4),
    MOST_IDLE_LOOKS,
  )
  assert.equal(
    accesses((look) => Math.min(look, 50)),
    50 + MOST_IDLE_LOOKS,
  )
})

test('a thread that stops fails its requests, and does not stop the process', async (t) => {
  const thread = new Hdf5Thread('a.h5', {
    script: new URL('data:text/javascript,throw new Error(`unreachable`)'),
  })
  t.after(() => thread.close())
  await assert.rejects(thread.request('read', 'open', { fd: 0, config: undefined }), {
    name: 'UserError',
    message: 'Cannot read a.h5: it is damaged (unreachable)',
  })
})

test('an error of the file system is said as such', async (t) => {
  const path = join(await temporaryFolder(t), 'a.h5')
  await writeFile(path, '')
  const file = await open(path, 'r')
  t.after(() => file.close())
  const thread = new Hdf5Thread(path)
  t.after(() => thread.close())
  await assert.rejects(thread.request('write', 'create', { fd: file.fd }), (error: Error) => {
    assert.equal(error.name, 'UserError')
    assert.match(error.message, /^Cannot write .*a\.h5: E(BADF|INVAL|PERM)/)
    return true
  })
})

test('requests after the end of a thread fail', async () => {
  const thread = new Hdf5Thread('a.h5')
  await thread.close()
  await assert.rejects(thread.request('read', 'open', { fd: 0, config: undefined }), {
    message: 'Cannot read a.h5: it is closed',
  })
})
