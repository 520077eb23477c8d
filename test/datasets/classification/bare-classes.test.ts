/** Class folders that lie in a folder without a train folder around them. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readClassFolders } from '../../../datasets/classification/class-folders.js'
import { hasImageSources, openImageSources } from '../../../datasets/index.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

async function layout(t: TestContext, paths: readonly string[]): Promise<string> {
  const folder = join(await temporaryFolder(t), 'photos')
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), '')
  }
  return folder
}

test('all of them are train, and what is no class is named', async (t) => {
  const folder = await layout(t, [
    ...['10/a.jpg', '2/b.jpg', '2/deep/c.png', 'cat/d.jpg'],
    ...['notes/e.txt', 'loose.jpg', 'read.me'],
  ])
  const { classes, parts, notes } = await readClassFolders(folder)
  assert.deepEqual(classes, ['10', '2', 'cat'])
  assert.deepEqual(
    parts.train.files.map(({ name, classId }) => [name, classId]),
    [
      ['10/a.jpg', 0],
      ['2/b.jpg', 1],
      ['2/deep/c.png', 1],
      ['cat/d.jpg', 2],
    ],
  )
  assert.deepEqual([parts.train.place, parts.validation, parts.test], [folder, undefined, undefined])
  assert.match(
    notes.join(),
    /1 image beside the class folders \(loose\.jpg\); 1 folder that is no class \(notes\)/,
  )
  const { train, validation, fingerprint } = await openImageSources(folder)
  assert.deepEqual([train.count, train.classes, validation], [4, classes, undefined])
  assert.equal(fingerprint.train.files, 4)
})

test('a train of people is a class beside others, and the folder of a part otherwise', async (t) => {
  const { classes } = await readClassFolders(await layout(t, ['car/1.jpg', 'train/2.jpg', 'val/3.jpg']))
  assert.deepEqual(classes, ['car', 'train'])
  const parts = await readClassFolders(await layout(t, ['car/1.jpg', 'train/a/2.jpg', 'train/b/2.jpg']))
  assert.deepEqual(parts.classes, ['a', 'b'])
})

test('folders without images directly below, and those that have parts alone, are none', async (t) => {
  for (const paths of [['a/b/1.jpg'], ['train/1.jpg'], ['val/a/1.jpg', 'a/1.jpg'], ['a/1.txt']]) {
    const folder = await layout(t, paths)
    assert.equal(await hasImageSources(folder), false, paths.join())
    await assert.rejects(readClassFolders(folder), /has no class folders in train/, paths.join())
  }
})
