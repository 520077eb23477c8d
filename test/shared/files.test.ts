import assert from 'node:assert/strict'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../../src/shared/files.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

test('a folder is made with those above it, and one that is there is left alone', async (t) => {
  const folder = join(await temporaryFolder(t), 'a', 'b', 'c')
  await makeFolder(folder)
  writeFileSync(join(folder, 'kept'), '')
  await makeFolder(folder)
  assert.ok(statSync(join(folder, 'kept')).isFile())
})

test('a folder that cannot be made is refused by name', async (t) => {
  const file = join(await temporaryFolder(t), 'file')
  writeFileSync(file, '')
  await assert.rejects(makeFolder(file), {
    message: new RegExp(`^Cannot create ${file}: a file of that name`),
  })
  await assert.rejects(makeFolder(join(file, 'x', 'y')), {
    message: /: a part of the path is a file, not a folder$/,
  })
  // Linux's own folder, in which nothing can be made: Node's recursive mkdir tries for ever.
  if (existsSync('/proc/self'))
    await assert.rejects(makeFolder('/proc/none/such'), { message: /^Cannot create \/proc\/none\/such: / })
})
