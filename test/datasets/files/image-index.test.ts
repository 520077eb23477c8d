import assert from 'node:assert/strict'
import { link, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findImages } from '../../../datasets/files/image-index.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const NFC = 'caf\u00e9.jpg'
const NFD = 'cafe\u0301.jpg'

/** A folder `img` with these files, each as large as its path is long; beside it, `outside.jpg`. */
async function folderOf(t: TestContext, files: readonly string[]): Promise<string> {
  const above = await temporaryFolder(t)
  const folder = join(above, 'img')
  await mkdir(folder)
  await writeFile(join(above, 'outside.jpg'), '')
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), file)
  }
  return folder
}

/** What a name alone leads to: a path in the folder, `null` for none, a list for several. */
async function lookUp(folder: string, name: string | undefined): Promise<string | null | string[]> {
  const [lookup] = await findImages(folder, [name])
  if (lookup.kind === 'ambiguous') return lookup.candidates
  return lookup.kind === 'missing' ? null : lookup.path.slice(folder.length + 1)
}

const files = [
  ...['p1.jpg', 'sub/p1.jpg', 'a b.jpg', NFD, 'sub/deep/Only.JPG', '100%25.jpg', '50%_a b.jpg', 'a#1.jpg'],
  ...['train/x.jpg', 'val/x.jpg', 'v1/train/y.jpg', 'v2/val/y.jpg', '__MACOSX/p7.jpg', '.thumbs/p8.jpg'],
]

const cases: [what: string, name: string | undefined, expected: string | null | string[]][] = [
  ['as it is', 'sub/p1.jpg', 'sub/p1.jpg'],
  ['in a hidden folder, as it is', '.thumbs/p8.jpg', '.thumbs/p8.jpg'],
  ['Windows separators', 'sub\\p1.jpg', 'sub/p1.jpg'],
  ['percent-encoded', 'a%20b.jpg', 'a b.jpg'],
  ['percent-encoded twice', 'a%2520b.jpg', 'a b.jpg'],
  ['percent-encoded separators', 'sub%2Fp1.jpg', 'sub/p1.jpg'],
  ['a percent sign that encodes nothing', '50%_a%20b.jpg', '50%_a b.jpg'],
  ['a file whose name looks encoded', '100%25.jpg', '100%25.jpg'],
  ['the other Unicode form', NFC, NFD],
  ['the other Unicode form, percent-encoded', encodeURIComponent(NFC), NFD],
  ["the folder's own name in front", 'img/p1.jpg', 'p1.jpg'],
  ["the folder's own name and one more", 'data/img/sub/p1.jpg', 'sub/p1.jpg'],
  ['a leading ./', './p1.jpg', 'p1.jpg'],
  ['a leading /', '/sub/p1.jpg', 'sub/p1.jpg'],
  ['an absolute path of another machine', '/home/me/proj/images/sub/p1.jpg', 'sub/p1.jpg'],
  ['an absolute path of Windows', 'C:\\data\\images\\sub\\p1.jpg', 'sub/p1.jpg'],
  ['an address', 'https://host/x/sub/p1.jpg?size=1&y#z', 'sub/p1.jpg'],
  ['an address that names the file in its query', '/data/local-files/?d=Only.JPG', 'sub/deep/Only.JPG'],
  ['a number sign of the name itself', 'images/a#1.jpg', 'a#1.jpg'],
  ['another case', 'SUB/Deep/only.jpg', 'sub/deep/Only.JPG'],
  ['several at once', `D:\\IMG\\A%20B.JPG`, 'a b.jpg'],
  ['its last part alone', 'Only.JPG', 'sub/deep/Only.JPG'],
  ['most of the last parts', 'other/train/y.jpg', 'v1/train/y.jpg'],
  ['two that fit equally', 'x.jpg', ['train/x.jpg', 'val/x.jpg']],
  ['two that fit equally, in other folders', 'other/x.jpg', ['train/x.jpg', 'val/x.jpg']],
  ['a path that leads out', '../outside.jpg', null],
  ['a path that leads out, encoded', '..%2Foutside.jpg', null],
  ['a path that leads out by Windows separators', '..\\outside.jpg', null],
  ['a path that leads out and back', '../img/p1.jpg', 'p1.jpg'],
  ['what system folders hold', 'p7.jpg', null],
  ['another name', 'p2.jpg', null],
  ['the beginning of a name', 'p1', null],
  ['a folder', 'sub', null],
  ['nothing', '', null],
  ['dots alone', '..', null],
  ['no name', undefined, null],
  ['a zero byte', 'p1.jpg\0', null],
  ['a very long name', `${'x'.repeat(5000)}.jpg`, null],
]

test('an image is found under the names that other tools and machines give it, and no other is', async (t) => {
  const folder = await folderOf(t, files)
  for (const [what, name, expected] of cases) assert.deepEqual(await lookUp(folder, name), expected, what)
  const [exact, respelt] = await findImages(folder, ['p1.jpg', 'a%20b.jpg'])
  assert.deepEqual(exact, { kind: 'found', respelt: false, path: join(folder, 'p1.jpg'), bytes: 6 })
  assert.deepEqual(respelt, { kind: 'found', respelt: true, path: join(folder, 'a b.jpg'), bytes: 7 })
})

test('files that differ in case alone are told apart by it, and no guess is made where a name fits neither', async (t) => {
  const folder = await folderOf(t, ['a.jpg', 'A.jpg'])
  if ((await lookUp(folder, 'x/a.jpg')) === 'A.jpg') return t.skip('this file system does not know case')
  assert.equal(await lookUp(folder, 'img/a.jpg'), 'a.jpg')
  assert.equal(await lookUp(folder, 'img/A.jpg'), 'A.jpg')
  assert.deepEqual(await lookUp(folder, 'a.JPG'), ['A.jpg', 'a.jpg'])
})

test('two names are not taken for one file', async (t) => {
  const folder = await folderOf(t, ['p1.jpg', 'p2.jpg'])
  const kinds = async (...names: string[]) => (await findImages(folder, names)).map(({ kind }) => kind)
  assert.deepEqual(await kinds('train/p1.jpg', 'val/p1.jpg', 'val/p2.jpg'), [
    'ambiguous',
    'ambiguous',
    'found',
  ])
  assert.deepEqual(await kinds('p1.jpg', 'val/p1.jpg'), ['found', 'ambiguous'])
  assert.deepEqual(await kinds('train/p1.jpg', 'train/p1.jpg'), ['found', 'found'], 'one name twice')
})

test('links are followed without going in circles, and copies by links are one file', async (t) => {
  const folder = await folderOf(t, ['real/p1.jpg', 'real/p2.jpg'])
  await symlink('..', join(folder, 'real', 'up'))
  await symlink('real', join(folder, 'also'))
  await mkdir(join(folder, 'more'))
  await link(join(folder, 'real', 'p2.jpg'), join(folder, 'more', 'p2.jpg'))
  await symlink(join(folder, '..', 'outside.jpg'), join(folder, 'linked.jpg'))
  await symlink('nowhere', join(folder, 'gone.jpg'))
  assert.equal(await lookUp(folder, 'x/p1.jpg'), 'real/p1.jpg')
  assert.equal(await lookUp(folder, 'x/p2.jpg'), 'more/p2.jpg')
  assert.equal(await lookUp(folder, 'also/p1.jpg'), 'also/p1.jpg')
  assert.equal(await lookUp(folder, 'LINKED.jpg'), 'linked.jpg')
  assert.equal(await lookUp(folder, 'gone.jpg'), null)
})
