import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageInput, readImage } from '../../../datasets/sources/read-image.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('an image is read from its place, and a file that has become shorter is refused', async (t) => {
  const path = join(await temporaryFolder(t), 'x.tar')
  await writeFile(path, '0123456789')
  const part = { title: 'x.tar: a.jpg', path, offset: 2, bytes: 5 }
  const rest = { title: path, path, offset: 7, bytes: null }
  assert.equal((await readImage(part)).toString(), '23456')
  assert.equal((await readImage(rest)).toString(), '789')
  assert.equal(String(await imageInput(part)), '23456')
  assert.equal(await imageInput({ ...rest, offset: 0 }), path)
  await truncate(path, 4)
  await assert.rejects(readImage(part), /^Error: the file ends before the image does$/)
})
