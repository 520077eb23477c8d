/** `toolkit datasets inspect` and `preview` of images with one class each, in folders and in shards. */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { drawClassSheet, sheetParts } from '../../../datasets/class-sheet.js'
import { random } from '../../../src/shared/random.js'
import { inspect } from '../../helpers/commands/inspect.js'
import { writeFiles } from '../../helpers/datasets/shards.js'
import { type Entry, writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const jpeg = (background: string): Promise<Buffer> =>
  sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .jpeg()
    .toBuffer()
const [red, blue] = [await jpeg('#ff0000'), await jpeg('#0000ff')]

/** Lets commands keep indexes in a folder of the test. */
async function folderWithCache(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  const before = process.env.XDG_CACHE_HOME
  process.env.XDG_CACHE_HOME = join(folder, 'cache')
  t.after(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = before
  })
  return folder
}

const sample = (key: string, label: number, content: Buffer): Entry[] => [
  { name: `${key}.cls`, content: String(label) },
  { name: `${key}.jpg`, content },
]

/** Two shards of train, of which one image is cut short and one is none, and one of validation. */
async function shards(t: TestContext): Promise<string> {
  const folder = join(await folderWithCache(t), 'data')
  return writeFiles(folder, {
    'train-0.tar': writeTar([...sample('a', 1, red), ...sample('b', 0, blue)]),
    'train-1.tar': writeTar([
      ...sample('c', 1, red.subarray(0, red.length - 60)),
      ...sample('d', 1, Buffer.from('no image')),
    ]),
    'val-0.tar': writeTar(sample('v', 0, blue)),
    'classes.txt': 'sky\nn01440764\n',
  })
}

test('inspect counts the images of shards by part and class', async (t) => {
  const folder = await shards(t)
  const text = await inspect(t, folder)
  assert.deepEqual(text.trimEnd().split('\n'), [
    folder,
    'part        images  fewest per class  most  shards',
    'train            4                 1     3       2',
    'validation       1                 0     1       1',
    '',
    '2 classes        train  validation',
    'sky                  1           1',
    'n01440764 tench      3           0',
    `note: The validation part of "${folder}" has no images of 1 of the 2 classes: n01440764.`,
    'note: 2 classes have fewer than 20 images to train on (sky 1, n01440764 3): a classifier hardly learns them from random ' +
      'weights; add images, or begin with trained weights (toolkit train-backbone --init)',
  ])
  const json = JSON.parse(await inspect(t, join(folder, 'train-{0..1}.tar'), '--json'))
  assert.deepEqual(json.classes, ['sky', 'n01440764'])
  assert.deepEqual(json.parts, [{ part: 'train', images: 4, perClass: [1, 3], shards: 2, unreadable: null }])
})

test('inspect --verify names the images that do not decode, in shards and in folders', async (t) => {
  const folder = await shards(t)
  const text = await inspect(t, folder, '--verify')
  assert.match(text, /^images of train that do not decode: 2$/m)
  assert.match(text, /^ {2}.*train-1\.tar: c\.jpg \(.*(premature end of JPEG|cut short)/m)
  assert.match(text, /^ {2}.*train-1\.tar: d\.jpg \(.*unsupported image format/m)
  assert.match(text, /^no images of validation that do not decode$/m)
  const files = await writeFiles(join(folder, 'files'), {
    'train/a/1.jpg': red,
    'train/b/1.jpg': 'no image',
  })
  const { parts } = JSON.parse(await inspect(t, files, '--verify', '--json'))
  assert.deepEqual(
    parts.map(({ unreadable }: { unreadable: { path: string }[] }) => unreadable.map(({ path }) => path)),
    [[join(files, 'train/b/1.jpg')]],
  )
})

test('inspect tells of one class alone, and of classes that are much larger than others', async (t) => {
  const folder = await folderWithCache(t)
  const write = (classes: Record<string, number>) =>
    writeFiles(
      folder,
      Object.fromEntries(
        Object.entries(classes).flatMap(([name, count]) =>
          Array.from({ length: count }, (_, i) => [`${name}/${i}.jpg`, red] as const),
        ),
      ),
    )
  const notes = async (): Promise<string[]> => JSON.parse(await inspect(t, folder, '--json')).training
  await write({ cat: 20 })
  assert.deepEqual(await notes(), [
    'all images are of one class, cat; a classifier needs two or more, each a folder of its images',
  ])
  await write({ dog: 199 })
  assert.deepEqual(await notes(), [])
  await write({ dog: 200 })
  assert.match((await notes()).join('\n'), /^dog has 10 times as many images as cat: [^\n]*--balance$/)
})

test('inspect --verify finds images that training and validation share', async (t) => {
  const folder = await folderWithCache(t)
  const { uniform } = random(1, 'shared')
  const noise = Buffer.from(Array.from({ length: 48 * 48 }, () => Math.floor(256 * uniform())))
  const coarse = sharp(noise, { raw: { width: 48, height: 48, channels: 1 } }).blur(4)
  const [large, small] = [
    await coarse.clone().resize(200, 200).jpeg().toBuffer(),
    await coarse.clone().resize(90, 90).png().toBuffer(),
  ]
  await writeFiles(folder, {
    'train/a/1.jpg': large,
    'train/b/1.jpg': red,
    'val/a/2.png': small,
    'val/b/2.jpg': blue,
  })
  assert.equal(JSON.parse(await inspect(t, folder, '--json')).leaks, null)
  const text = await inspect(t, folder, '--verify')
  assert.match(
    text,
    /^note: 1 image of validation looks nearly as one of train \(.*val\/a\/2\.png and .*train\/a\/1\.jpg\)/m,
  )
})

test('inspect shows the first of many classes', async (t) => {
  const folder = await folderWithCache(t)
  const entries = Array.from({ length: 120 }, (_, i) => sample(`${i}`, i, red)).flat()
  await writeFile(join(folder, 'train.tar'), writeTar(entries))
  const text = await inspect(t, join(folder, 'train.tar'))
  assert.match(text, /^99 +1\n… and 20 more \(--json has all\)$/m)
})

test('inspect refuses flags of the other kind of data, and data that is not there', async (t) => {
  const folder = await shards(t)
  const coco = join(folder, 'a.json')
  await writeFile(coco, '{"images": [], "annotations": [], "categories": []}')
  await assert.rejects(inspect(t, folder, '--images', folder), /^UserError: --images is for COCO files/)
  await assert.rejects(
    inspect(t, folder, '--draw', 'x.png'),
    /^UserError: --draw is for COCO files; "toolkit/,
  )
  await assert.rejects(inspect(t, coco, '--verify'), /^UserError: --verify is for folders/)
  await assert.rejects(inspect(t, join(folder, 'x.tar')), /^DatasetError: No file fits ".*x\.tar"/)
  await assert.rejects(
    inspect(t, 'imagenet', '--data-dir', folder),
    /^DatasetError: ImageNet is not in ".*imagenet"; it needs an account/,
  )
})

test('a sheet shows the first images of each class of shards, and names those that do not decode', async (t) => {
  const folder = await shards(t)
  const { parts, warnings } = await sheetParts(folder, { columns: 2 })
  assert.deepEqual(
    parts.map(({ title, set, columns }) => [title, set.count, columns]),
    [
      ['train', 2, 2],
      ['validation', 1, 1],
    ],
  )
  assert.match(warnings.join('\n'), /train-1\.tar: c\.jpg cannot be read: /)
  const { png, rows } = await drawClassSheet(parts, 1)
  assert.equal(rows, 2)
  const first = sharp(png).extract({ left: 9 * 8 + 16 + 10, top: 26 + 66 + 10, width: 40, height: 40 })
  const { dominant } = await sharp(await first.png().toBuffer()).stats()
  assert.ok(dominant.r > 200 && dominant.b < 50, 'class 1 is red')
  await rm(join(folder, 'train-0.tar'))
  await rm(join(folder, 'train-1.tar'))
  await assert.rejects(sheetParts(folder), /^DatasetError: ".*" has no shards of train/)
})
