import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { changeOfFiles, fileFingerprint, filesFingerprint } from '../../../datasets/files/fingerprint.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const files = [
  { name: 'cat/caf\u00e9.jpg', bytes: 10 },
  { name: 'dog/2.jpg', bytes: 20 },
  { name: 'dog/3.jpg', bytes: 30 },
]
const before = filesFingerprint(files)

/** The files with another one in a place. */
const replaced = (place: number, file: (typeof files)[number]) =>
  files.map((one, at) => (at === place ? file : one))

test('the same files in another order, Unicode form or separator have the same fingerprint', () => {
  assert.equal(before.files, 3)
  assert.equal(before.bytes, 60)
  const copied = files.map(({ name, bytes }) => ({ name: name.normalize('NFD').replace('/', '\\'), bytes }))
  assert.deepEqual(filesFingerprint(copied.reverse()), before)
  assert.equal(changeOfFiles(before, filesFingerprint(files)), null)
})

test('every kind of change is told', () => {
  const change = (now: typeof files) => changeOfFiles(before, filesFingerprint(now))
  assert.equal(change(files.slice(1)), '1 image is missing (2 instead of 3)')
  assert.equal(change([]), '3 images are missing (0 instead of 3)')
  assert.equal(change([...files, { name: 'dog/4.jpg', bytes: 1 }]), 'there is 1 image more (4 instead of 3)')
  const renamed = replaced(1, { name: 'cat/2.jpg', bytes: 20 })
  assert.equal(change(renamed), 'there are as many images as before, but under other names')
  assert.equal(
    change(replaced(1, { name: 'dog/2.jpg', bytes: 21 })),
    'the files of some images have other sizes (61 bytes in all instead of 60)',
  )
  const swapped = [files[0], { name: 'dog/2.jpg', bytes: 30 }, { name: 'dog/3.jpg', bytes: 20 }]
  assert.equal(change(swapped), 'the files of some images have changed')
})

test('one file is known by its contents', async (t) => {
  const path = join(await temporaryFolder(t), 'a.json')
  const text = 'x'.repeat(3_000_000)
  await writeFile(path, text)
  const { bytes, sha256 } = await fileFingerprint(path)
  assert.equal(bytes, 3_000_000)
  assert.ok(createHash('sha256').update(text).digest('hex').startsWith(sha256))
  assert.equal(sha256.length, 32)
})
