import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { isImageFolder, readClassFolders } from '../../../datasets/classification/class-folders.js'
import { loadImageFolder } from '../../../datasets/classification/image-folder.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** A folder with these files, or folders where the path ends in a slash. */
async function layout(t: TestContext, paths: readonly string[]): Promise<string> {
  const folder = join(await temporaryFolder(t), 'data')
  for (const path of paths) {
    const whole = join(folder, path)
    await mkdir(path.endsWith('/') ? whole : dirname(whole), { recursive: true })
    if (!path.endsWith('/')) await writeFile(whole, '')
  }
  return folder
}

const namesIn = (part: { files: { name: string }[] } | undefined) => part?.files.map(({ name }) => name)

const good = ['train/cat/1.jpg', 'train/dog/1.jpg']

test('links to folders and files, sub-folders and all formats are read', async (t) => {
  const folder = await layout(t, [
    ...['train/cat/1.JPG', 'train/cat/more/2.jpeg', 'train/cat/more/deep/3.png', 'train/dog/a.webp'],
    ...['train/dog/b.GIF', 'train/dog/c.avif', 'train/dog/d.tif', 'train/dog/e.TIFF', 'train/dog/f.jfif'],
    ...['elsewhere/4.jpg', 'elsewhere/5.jpg'],
  ])
  await symlink(join(folder, 'elsewhere'), join(folder, 'train', 'bird'))
  await symlink('../../elsewhere/5.jpg', join(folder, 'train', 'cat', '5.jpg'))
  const { classes, parts } = await readClassFolders(folder)
  assert.deepEqual(classes, ['bird', 'cat', 'dog'])
  assert.deepEqual(namesIn(parts.train), [
    ...['bird/4.jpg', 'bird/5.jpg'],
    ...['cat/1.JPG', 'cat/5.jpg', 'cat/more/2.jpeg', 'cat/more/deep/3.png'],
    ...['dog/a.webp', 'dog/b.GIF', 'dog/c.avif', 'dog/d.tif', 'dog/e.TIFF', 'dog/f.jfif'],
  ])
  assert.deepEqual(
    parts.train.files.map(({ classId }) => classId),
    [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2],
  )
})

test('every format that is read by its name can be decoded', async (t) => {
  const folder = await layout(t, ['train/a/'])
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#3060c0' } })
  const formats = ['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const
  for (const format of formats) {
    const name = format === 'tiff' ? 'x.tif' : `x.${format}`
    await image
      .clone()
      .toFormat(format)
      .toFile(join(folder, 'train', 'a', name))
  }
  const { train, unreadable } = await loadImageFolder(folder, { size: 4 })
  assert.deepEqual(unreadable, [])
  assert.equal(train.count, formats.length)
  for (let i = 0; i < train.count; i++)
    for (const [c, value] of [0x30, 0x60, 0xc0].entries())
      assert.ok(Math.abs(train.pixels[i * 48 + c] - value) < 12, `image ${i}`)
})

test('links in circles end, and broken ones are named', async (t) => {
  const folder = await layout(t, good)
  await symlink('..', join(folder, 'train', 'up'))
  await symlink('../..', join(folder, 'train', 'cat', 'top'))
  await symlink('.', join(folder, 'train', 'cat', 'same'))
  await symlink('nowhere', join(folder, 'train', 'gone'))
  await symlink('itself.jpg', join(folder, 'train', 'dog', 'itself.jpg'))
  const { classes, parts, notes } = await readClassFolders(folder)
  assert.deepEqual(classes, ['cat', 'dog'])
  assert.deepEqual(namesIn(parts.train), ['cat/1.jpg', 'dog/1.jpg'])
  assert.match(notes[0], /2 broken links \(train\/gone, train\/dog\/itself\.jpg\)/)
  assert.match(
    notes[0],
    /3 links to folders that were read already \(train\/cat\/same, train\/cat\/top, train\/up\)/,
  )
})

test('what systems and programs leave is no class and no image, and all that is left out is named', async (t) => {
  const folder = await layout(t, [
    ...good,
    ...['train/.ipynb_checkpoints/1-checkpoint.jpg', 'train/__MACOSX/cat/1.jpg', 'train/@eaDir/1.jpg'],
    ...['train/cat/.DS_Store', 'train/cat/Thumbs.db', 'train/cat/._1.jpg', 'train/cat/.hidden/2.jpg'],
    ...['train/dog/notes.txt', 'train/dog/photo.heic', 'train/loose.jpg', 'val/cat/2.jpg', 'val/dog/'],
    ...['README.md', 'annotations/a.json'],
  ])
  const { classes, parts, notes } = await readClassFolders(folder)
  assert.deepEqual(classes, ['cat', 'dog'])
  assert.deepEqual(namesIn(parts.train), ['cat/1.jpg', 'dog/1.jpg'])
  assert.equal(notes.length, 2)
  for (const expected of [
    /^Left out of ".*data": 3 files that are not JPEG, .* \(README\.md, train\/dog\/notes\.txt, train\/dog\/photo\.heic\)/,
    /1 image beside the class folders \(train\/loose\.jpg\)/,
    /1 class folder without images \(val\/dog\)/,
    /1 folder beside train, val and test \(annotations\)/,
    /7 hidden or system names \(train\/\.ipynb_checkpoints, train\/@eaDir, train\/__MACOSX, …\)/,
  ])
    assert.match(notes[0], expected)
  assert.match(notes[1], /^".*val" has no images of 1 of the 2 classes: dog\.$/)
  assert.deepEqual((await readClassFolders(await layout(t, good))).notes, [])
})

test('validation images are found under three names, and two of them at once are refused', async (t) => {
  for (const name of ['val', 'valid', 'validation', 'Val']) {
    const { parts } = await readClassFolders(await layout(t, [...good, `${name}/dog/2.jpg`]))
    assert.deepEqual(
      parts.validation?.files.map(({ name, classId }) => [name, classId]),
      [['dog/2.jpg', 1]],
    )
  }
  const both = await layout(t, [...good, 'val/dog/2.jpg', 'valid/dog/2.jpg'])
  await assert.rejects(
    readClassFolders(both),
    /several folders that may be its validation part: .*val and .*valid;/,
  )
  const empty = await layout(t, [...good, 'val/dog/', 'valid/dog/2.jpg'])
  assert.deepEqual(namesIn((await readClassFolders(empty)).parts.validation), ['dog/2.jpg'])
})

test('a class or a part without images, and a class that training lacks, are refused by name', async (t) => {
  const refused = async (paths: string[], expected: RegExp) =>
    assert.rejects(readClassFolders(await layout(t, paths)), (error: Error) => {
      assert.equal(error.name, 'DatasetError')
      assert.match(error.message, expected)
      return true
    })
  await refused(
    [...good, 'train/empty/'],
    /^The class "empty" has no image in .*train.empty; add some, or remove/,
  )
  await refused(
    [...good, 'train/bmp/1.bmp', 'train/none/.x.jpg'],
    /^The classes "bmp", "none" have no images in .*train \(only files such as 1\.bmp, which are not JPEG/,
  )
  await refused([...good, 'val/'], /^".*val" has no images; put some/)
  await refused([...good, 'test/cat/', 'test/dog/'], /^".*test" has no images; put some/)
  await refused(
    [...good, 'val/cow/1.jpg', 'val/pig/1.jpg', 'val/cat/1.jpg'],
    /val.cow is a class that .*train does not have, and so is pig; add images of it to train, or remove the folder/,
  )
  await refused([...good, 'val/Cat/1.jpg'], /val.Cat is a class that .* does not have; rename it to cat/)
})

test('images without classes to measure on are not used, and that is said', async (t) => {
  const { parts, notes } = await readClassFolders(await layout(t, [...good, 'test/1.jpg', 'test/2.jpg']))
  assert.equal(parts.test, undefined)
  assert.match(notes.join('\n'), /2 images beside the class folders \(test\/1\.jpg, test\/2\.jpg\)/)
  assert.match(notes.join('\n'), /^".*test" has images, but no class folders: it is not used\.$/m)
})

test('classes that people may take for the same are reported; Unicode forms of one name are one class', async (t) => {
  const [nfc, nfd] = ['caf\u00e9', 'cafe\u0301']
  const { parts } = await readClassFolders(
    await layout(t, [...good, `train/${nfc}/1.jpg`, `val/${nfd}/1.jpg`]),
  )
  assert.deepEqual(
    parts.validation?.files.map(({ classId }) => classId),
    [0],
  )
  const alike = await layout(t, [
    `train/${nfc}/1.jpg`,
    `train/${nfd}/1.jpg`,
    'train/Dog/1.jpg',
    'train/dog/1.jpg',
  ])
  const { classes, notes } = await readClassFolders(alike)
  if (classes.length < 4) return t.skip('this file system takes such names for the same')
  assert.equal(notes.length, 2)
  assert.match(
    notes[0],
    /^2 classes in ".*train" have names that differ only in case or Unicode form: Dog, dog; /,
  )
  assert.match(notes[1], /differ only in case or Unicode form: cafe\u0301, caf\u00e9; /)
  const linked = await layout(t, good)
  await symlink('cat', join(linked, 'train', 'cats'))
  assert.match(
    (await readClassFolders(linked)).notes.join(),
    /The classes cat, cats in ".*" are the same folder by links/,
  )
})

test('classes that are numbers keep their names and their order as texts', async (t) => {
  const { classes } = await readClassFolders(
    await layout(t, ['train/10/1.jpg', 'train/2/1.jpg', 'train/1/1.jpg']),
  )
  assert.deepEqual(classes, ['1', '10', '2'])
})

test('a folder of images has class folders in train', async (t) => {
  assert.equal(await isImageFolder(await layout(t, good)), true)
  assert.equal(await isImageFolder(await layout(t, ['train/1.jpg'])), false)
  assert.equal(await isImageFolder(await layout(t, ['train/__MACOSX/1.jpg'])), false)
  const file = join(await layout(t, ['a.txt']), 'a.txt')
  assert.equal(await isImageFolder(file), false)
})
