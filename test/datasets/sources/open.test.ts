/** What `openImageSources` finds by looking, and what it refuses. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { imageNetClasses } from '../../../datasets/classification/imagenet-classes.js'
import {
  hasImageSources,
  type ImageSource,
  type OpenProgress,
  openImageSources,
  surveyDataset,
} from '../../../datasets/index.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { shardOf, writeFiles } from '../../helpers/datasets/shards.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** Files in a new folder, and how to open it with a cache of its own. */
async function data(t: TestContext, files: Record<string, string | Uint8Array>) {
  const top = await temporaryFolder(t)
  const folder = await writeFiles(join(top, 'data'), files)
  const cacheDir = join(top, 'cache')
  const open = (place = folder) => openImageSources(place, { cacheDir, dataDir: top })
  return { top, folder, open }
}

/** The bytes of all images, read where the source says that they lie, as text. */
async function contents(source: ImageSource | undefined): Promise<string[]> {
  return Promise.all(
    Array.from({ length: source!.count }, async (_, i) => {
      const { path, offset, bytes } = source!.place(i)
      const file = await readFile(path)
      return file.subarray(offset, bytes === null ? file.length : offset + bytes).toString()
    }),
  )
}

const refused = (promise: Promise<unknown>, words: RegExp) =>
  assert.rejects(promise, (error: Error) => {
    assert.equal(error.name, 'DatasetError')
    assert.match(error.message, words)
    return true
  })

test('class folders are opened as they were loaded before: classes, order and fingerprint', async (t) => {
  const { folder, open } = await data(t, {
    ...{
      'train/10/b.jpg': 'ten b',
      'train/10/a.jpg': 'ten a',
      'train/2/x/c.png': 'two',
      'train/1/d.jpg': 'one',
    },
    ...{ 'val/2/e.jpg': 'val two', 'notes.txt': '' },
  })
  const { train, validation, test: none, classes, fingerprint, warnings } = await open()
  assert.deepEqual(classes, ['1', '10', '2'], 'by text, not by number')
  assert.deepEqual(await contents(train), ['one', 'ten a', 'ten b', 'two'])
  assert.deepEqual([...train.labels], [0, 1, 1, 2])
  assert.deepEqual(await contents(validation), ['val two'])
  assert.deepEqual([train.shards, none, train.name], [null, undefined, `${folder} train`])
  assert.deepEqual(train.place(3), {
    ...{ path: join(folder, 'train/2/x/c.png'), title: join(folder, 'train/2/x/c.png') },
    ...{ offset: 0, bytes: null },
  })
  const survey = await surveyDataset(folder)
  assert.deepEqual(fingerprint, survey.fingerprint)
  assert.deepEqual(warnings, survey.warnings)
})

test('shards are sorted into parts by their names or folders, and patterns are expanded', async (t) => {
  const shards = {
    'imagenet1k-train-0000.tar': shardOf([1, 0], 'a'),
    'imagenet1k-train-0001.tar': shardOf([2], 'b'),
    'imagenet1k-validation-00.tar': shardOf([0, 2], 'v'),
  }
  const { folder, open } = await data(t, { ...shards, 'classes.txt': 'cat\nsmall dog\r\nbird\n' })
  const { train, validation, classes, fingerprint, warnings } = await open()
  assert.deepEqual(classes, ['cat', 'small dog', 'bird'])
  assert.deepEqual(await contents(train), ['image a0', 'image a1', 'image b0'])
  assert.deepEqual(
    [[...train.labels], [...train.shards!]],
    [
      [1, 0, 2],
      [0, 2],
    ],
  )
  assert.equal(train.place(2).title, `${join(folder, 'imagenet1k-train-0001.tar')}: b0.jpg`)
  assert.deepEqual(await contents(validation), ['image v0', 'image v1'])
  assert.deepEqual([fingerprint.train.files, fingerprint.validation?.files], [2, 1])
  assert.match(
    warnings.join(),
    /^The validation part of ".*" has no images of 1 of the 3 classes: small dog\.$/,
  )

  const one = await open(join(folder, 'imagenet1k-train-{0000..0001}.tar'))
  assert.deepEqual(await contents(one.train), await contents(train))
  assert.deepEqual(one.fingerprint.train, fingerprint.train)
  const both = await open(join(folder, 'imagenet1k-{train-000{1,0},validation-00}.tar')).catch(() => null)
  assert.equal(both, null, 'braces in braces are not known')
  const listed = await open(join(folder, 'imagenet1k-{train-0001,validation-00}.tar'))
  assert.deepEqual([listed.train.count, listed.validation?.count], [1, 2])
  const file = await open(join(folder, 'imagenet1k-validation-00.tar'))
  assert.deepEqual([file.train.count, file.validation], [2, undefined])

  const inFolders = await data(t, {
    ...{ 'train/0.tar': shardOf([1]), 'train/1.tar': shardOf([0]), 'test/0.tar': shardOf([1]) },
    'classnames.txt': 'a\nb',
  })
  const found = await inFolders.open()
  assert.deepEqual([found.classes, found.train.count, found.test?.count], [['a', 'b'], 2, 1])
  const unnamed = await data(t, {
    '00000.tar': shardOf([0, 1]),
    '00001.tar': shardOf([1]),
    '00000.parquet': '',
  })
  assert.equal((await unnamed.open()).train.count, 3)
})

test("classes without names are numbers, or ImageNet's where there are 1,000", async (t) => {
  const few = await data(t, { 'train-0.tar': shardOf([2, 0]) })
  const opened = await few.open()
  assert.deepEqual(opened.classes, ['0', '1', '2'])
  assert.match(opened.warnings.join(), /The train part of .* has no images of 1 of the 3 classes: 1\./)
  const many = await data(t, { 'train-0.tar': shardOf([999, 0]) })
  const { classes, warnings } = await many.open()
  assert.deepEqual(classes, imageNetClasses().synsets)
  assert.match(
    warnings.join('\n'),
    /There is no classes\.txt beside the shards in ".*": their 1,000 classes are taken/,
  )
})

test('shards sorted by class are to be read in any order, shuffled ones from front to back', async (t) => {
  const sorted = Array.from({ length: 2000 }, (_, i) => Math.floor(i / 500))
  const mixed = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 4)
  const { open, folder } = await data(t, { 'sorted.tar': shardOf(sorted), 'mixed.tar': shardOf(mixed) })
  assert.equal((await open(join(folder, 'sorted.tar'))).train.shards, null)
  assert.deepEqual([...(await open(join(folder, 'mixed.tar'))).train.shards!], [0])
})

test('labels beyond the classes and files of class names that are wrong are refused', async (t) => {
  const named = (classes: string) => data(t, { 'train-0.tar': shardOf([0, 5]), 'classes.txt': classes })
  await refused(
    (await named('a\nb')).open(),
    /train-0\.tar: the label of "s1\.jpg" is 5, but the highest class is 1 \(.*classes\.txt\)/,
  )
  await refused((await named('\n')).open(), /classes\.txt is empty; write the names/)
  await refused((await named('a\n\nb')).open(), /classes\.txt has no name in line 2/)
  await refused((await named('a\nb\na')).open(), /classes\.txt has the name "a" twice/)
  const more = await data(t, { 'train-0.tar': shardOf([0, 1]), 'val-0.tar': shardOf([1, 2]) })
  await refused(
    more.open(),
    /val-0\.tar: the label of "s1\.jpg" is 2, but the highest class is 1 \(the highest label in train is 1\)/,
  )
})

test('files are counted while class folders are opened', async (t) => {
  const { folder } = await data(t, { 'train/a/1.jpg': '', 'train/a/2.jpg': '', 'val/a/1.jpg': '' })
  const states: string[] = []
  const onProgress = ({ unit, done, total }: OpenProgress) => states.push(`${done}/${total} ${unit}`)
  await openImageSources(folder, { onProgress })
  assert.deepEqual(states, ['1/3 files', '2/3 files', '3/3 files'])
  const signal = AbortSignal.abort(new Error('enough'))
  await assert.rejects(openImageSources(folder, { signal }), /^Error: enough$/)
})

test('braces in the name of a file that is there are no pattern', async (t) => {
  const { folder, open } = await data(t, { 'a{1,2}.tar': shardOf([0]) })
  assert.equal((await open(join(folder, 'a{1,2}.tar'))).train.count, 1)
})

test('what cannot be told apart or is not there is refused', async (t) => {
  const shard = shardOf([0])
  const { top, folder, open } = await data(t, { 'train-0.tar': shard, 'train-2.tar': shard, 'x.txt': '' })
  const at = (name: string) => open(join(folder, name))
  await refused(at('train-{0..2}.tar'), /^1 of the 3 shards of ".*" are missing: .*train-1\.tar; fetch them/)
  await refused(
    at('val-{00..11}.tar'),
    /^No file fits ".*val-\{00\.\.11\}\.tar": there is no .*val-00\.tar, .*, …;/,
  )
  await refused(at('train-{0..999999}.tar'), /stands for more than 100000 files/)
  await refused(at('{0..999}{0..999}.tar'), /stands for more than 100000 files/)
  await refused(at('none.tar'), /^No file fits ".*none\.tar"/)
  await refused(
    at('none'),
    /^There is no data set ".*none": it is neither a folder nor a tar file that exists/,
  )
  await refused(at('x.txt'), /^".*x\.txt" is no data set of images/)
  await refused(open('imagenet'), /^ImageNet is not in ".*imagenet"; it needs an account at image-net\.org/)
  await mkdir(join(top, 'empty'))
  await refused(
    open(join(top, 'empty')),
    /^The folder ".*empty" is empty; it needs <class>\/\*\.jpg or train\/<class>/,
  )
  const failing = async (files: Record<string, string | Uint8Array>, words: RegExp) =>
    refused((await data(t, files)).open(), words)
  await failing({ 'a.txt': '' }, /holds no images that can be opened; it needs <class>/)
  await failing({ 'val-0.tar': shard }, /^".*data" has no shards of train; name them/)
  await failing(
    { 'train-0.tar': shard, 'x.tar': shard },
    /^It is not clear to which part of ".*" the shard x\.tar belongs/,
  )
  await failing(
    { 'train-0.tar': shard, 'train/0.tar': shard },
    /has shards of its train part in several folders: .* and /,
  )
  await failing(
    { 'train-0.tar.gz': gzipSync(shard), 'val-0.tgz': gzipSync(shard) },
    /train-0\.tar\.gz is compressed by gzip/,
  )
  const cut = await data(t, { 'train-0.tar': shardOf([0, 1, 0]) })
  await truncate(join(cut.folder, 'train-0.tar'), 3000)
  await refused(cut.open(), /train-0\.tar ends early, behind its member/)
})

test('it is known beforehand whether there is something to open', async (t) => {
  const { top, folder } = await data(t, { 'shards/train-0.tar': shardOf([0]), 'folders/train/a/1.jpg': '' })
  const has = (place: string) => hasImageSources(place, { dataDir: top })
  for (const [place, expected] of [
    ...[
      ['embedded', false],
      ['cifar10', false],
      [join(folder, 'nothing'), false],
      [top, false],
    ],
    ...[
      [join(folder, 'shards'), true],
      [join(folder, 'folders'), true],
    ],
    ...[[join(folder, 'shards', 'train-{0..0}.tar'), true]],
  ] as [string, boolean][])
    assert.equal(await has(place), expected, place)
})

const meta = readFileSync(join(packageRoot(), 'test/datasets/golden/meta.mat'))
const [tench, goldfish] = imageNetClasses().synsets
const image = (number: number) => `ILSVRC2012_val_0000000${number}.JPEG`
const kaggle = `ImageId,PredictionString\n${[goldfish, tench, 'n99999999']
  .map((synset, i) => `ILSVRC2012_val_0000000${i + 1},${synset} 1 2 3 4 ${synset} 1 2 3 4 `)
  .join('\n')}\n`
const inFolders = {
  [`train/${tench}/${tench}_1.JPEG`]: 'a tench',
  [`train/${goldfish}/1.JPEG`]: 'a goldfish',
}
const flat = { [`val/${image(1)}`]: 'first', [`val/${image(2)}`]: 'second' }

/** ILSVRC's tar of train: a tar of each class. */
const tarOfTars = writeTar(
  [goldfish, tench].map((synset, c) => ({
    name: `${synset}.tar`,
    content: writeTar(
      [0, 1].slice(c).map((i) => ({ name: `${synset}_${i}.JPEG`, content: `${synset} ${i}` })),
    ),
  })),
)

test("ILSVRC's flat validation images get their labels from Kaggle's, TF-Slim's or image-net.org's files", async (t) => {
  const nested = (files: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [`ILSVRC/Data/CLS-LOC/${name}`, content]),
    )
  const lists: Record<string, string | Uint8Array>[] = [
    {
      ...{ ...inFolders, ...flat, 'ILSVRC2012_devkit_t12/data/meta.mat': meta },
      'ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt': '2\n300\n',
    },
    { ...inFolders, ...flat, 'LOC_val_solution.csv': kaggle },
    { ...inFolders, ...flat, 'imagenet_2012_validation_synset_labels.txt': `${goldfish}\n${tench}\n` },
    { ...nested({ ...inFolders, ...flat, 'test/x.JPEG': '' }), 'LOC_val_solution.csv': kaggle },
  ]
  for (const files of lists) {
    const { train, validation, classes, fingerprint } = await (await data(t, files)).open()
    assert.deepEqual(classes, [tench, goldfish])
    assert.deepEqual(await contents(train), ['a tench', 'a goldfish'])
    assert.deepEqual(
      [await contents(validation), [...validation!.labels]],
      [
        ['first', 'second'],
        [1, 0],
      ],
    )
    assert.deepEqual([fingerprint.validation?.files, fingerprint.validation?.bytes], [2, 11])
  }
})

test("ILSVRC's own tars are opened as they are, a tar of tars by its classes", async (t) => {
  const validation = writeTar([1, 3, 2].map((i) => ({ name: image(i), content: `val ${i}` })))
  const { open, folder } = await data(t, {
    ...{ 'ILSVRC2012_img_train.tar': tarOfTars, 'ILSVRC2012_img_val.tar': validation },
    'LOC_val_solution.csv': kaggle,
  })
  const found = await open()
  assert.deepEqual(found.classes, [tench, goldfish])
  assert.deepEqual(await contents(found.train), [`${goldfish} 0`, `${goldfish} 1`, `${tench} 1`])
  assert.deepEqual([...found.train.labels], [1, 1, 0])
  const path = join(folder, 'ILSVRC2012_img_train.tar')
  assert.equal(found.train.place(2).title, `${path}: ${tench}_1.JPEG`)
  assert.deepEqual(
    [await contents(found.validation), [...found.validation!.labels]],
    [
      ['val 1', 'val 2'],
      [1, 0],
    ],
  )
  assert.match(
    found.warnings.join(),
    /^1 validation image of classes that train does not have are left out\.$/,
  )
  const mixed = await data(t, {
    'ILSVRC2012_img_train.tar': tarOfTars,
    ...flat,
    'LOC_val_solution.csv': kaggle,
  })
  assert.equal((await mixed.open()).validation?.count, 2)
})

test('ILSVRC without the labels of its validation images, or damaged, is refused', async (t) => {
  const failing = async (files: Record<string, string | Uint8Array>, words: RegExp) =>
    refused((await data(t, files)).open(), words)
  const images = { ...inFolders, ...flat }
  await failing(
    images,
    /^The labels of the images in ".*val" are missing\. Put LOC_val_solution\.csv \(Kaggle's\)/,
  )
  const devkit = (truth: string, meta?: Uint8Array | string) => ({
    ...images,
    'ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt': truth,
    ...(meta !== undefined && { 'ILSVRC2012_devkit_t12/data/meta.mat': meta }),
  })
  await failing(
    devkit('1\n2\n'),
    /ground_truth\.txt is of no use without the development kit's meta\.mat beside it\. Put LOC/,
  )
  await failing(
    devkit('2\n0\n', meta),
    /^Line 2 of .*ground_truth\.txt is not such as "490, the number of a class/,
  )
  await failing(devkit('2\n1\n', 'text'), /meta\.mat is damaged, or no MATLAB file of version 5/)
  await failing(
    devkit('2\n1\n', meta.subarray(0, 1000)),
    /meta\.mat is damaged, or no MATLAB file of version 5/,
  )
  await failing(devkit('2\n1\n', meta.subarray(0, 128)), /meta\.mat has no classes under "synsets"/)
  const csv = (content: string) => ({ ...images, 'LOC_val_solution.csv': content })
  await failing(
    csv(kaggle.split('\n').slice(0, 2).join('\n')),
    /LOC_val_solution\.csv has no label for .*val_00000002\.JPEG/,
  )
  await failing(
    csv(kaggle.replace(',n0', ';n0')),
    /^Line 2 of .*LOC_val_solution\.csv is not such as "ILSVRC2012_val/,
  )
  await failing(
    csv(kaggle.replace(goldfish, 'n99999999').replace(tench, 'n99999998')),
    /^None of the validation images is of a class of train/,
  )
  await failing(
    { ...images, 'imagenet_2012_validation_synset_labels.txt': '449\n' },
    /^Line 1 of .*_labels\.txt is not such as "n01751748"/,
  )
  const tars = (train: Uint8Array) => ({ 'ILSVRC2012_img_train.tar': train })
  await failing(
    tars(writeTar([{ name: 'x.txt', content: 'x' }])),
    /img_train\.tar holds "x\.txt", where a tar of one class such as/,
  )
  await failing(tars(writeTar([])), /img_train\.tar holds no classes/)
  await failing(
    tars(writeTar([{ name: `${tench}.tar`, content: writeTar([]) }])),
    /img_train\.tar: n01440764\.tar holds no images/,
  )
  await failing(
    tars(writeTar([{ name: `${tench}.tar`, content: writeTar([{ name: 'a.JPEG' }]) }])),
    /n01440764\.tar: "a\.JPEG" is empty/,
  )
  const inner = writeTar([{ name: 'a.JPEG', content: 'x'.repeat(2000) }]).subarray(0, 1024)
  await failing(
    tars(writeTar([{ name: `${tench}.tar`, content: inner }])),
    /img_train\.tar: n01440764\.tar ends early: its member "a\.JPEG" has 2,000 bytes, of which 512 are there/,
  )
})

test('other validation images without class folders are left out as before', async (t) => {
  const { open } = await data(t, { ...inFolders, 'val/1.jpg': '' })
  const { validation, warnings } = await open()
  assert.equal(validation, undefined)
  assert.match(warnings.join('\n'), /has images, but no class folders: it is not used/)
})
