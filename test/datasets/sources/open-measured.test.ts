/** Images to measure a model on, without a train part. */
import assert from 'node:assert/strict'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { imageNetClasses } from '../../../datasets/classification/imagenet-classes.js'
import { openMeasuredSources } from '../../../datasets/index.js'
import { shardOf, writeFiles } from '../../helpers/datasets/shards.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const { labels, synsets } = imageNetClasses()
const CLASSES = ['cat', 'dog']

async function open(
  t: TestContext,
  files: Record<string, string | Uint8Array>,
  classes = CLASSES,
  place = '',
) {
  const top = await temporaryFolder(t)
  const folder = await writeFiles(join(top, 'data'), files)
  return openMeasuredSources(join(folder, place), classes, { cacheDir: join(top, 'cache') })
}

type Opened = Awaited<ReturnType<typeof open>>

/** Names and labels of a part's images. */
const images = (opened: Opened, part: 'validation' | 'test') => {
  const source = opened?.[part]
  return source && Array.from(source.labels, (label, i) => [basename(source.place(i).title), label])
}

const refused = (promise: Promise<unknown>, message: RegExp) =>
  assert.rejects(promise, { name: 'DatasetError', message })

test('val/ or test/ alone, and class folders with nothing around them', async (t) => {
  const val = await open(t, { 'val/dog/a.jpg': '', 'val/cat/b.jpg': '' })
  assert.deepEqual(images(val, 'validation'), [
    ['b.jpg', 0],
    ['a.jpg', 1],
  ])
  assert.deepEqual(images(await open(t, { 'test/dog/a.jpg': '' }), 'test'), [['a.jpg', 1]])
  const plain = await open(t, { 'dog/x/a.jpg': '', 'dog/notes.txt': '' })
  assert.deepEqual(images(plain, 'test'), [['a.jpg', 1]])
  assert.match(plain!.warnings.join(), /has no images of 1 of the 2 classes: cat/)
})

test('folders of ImageNet’s synsets fit a model with ImageNet’s labels', async (t) => {
  const files = { [`${synsets[7]}/a.JPEG`]: '', [`${synsets[1]}/b.JPEG`]: '' }
  const opened = await open(t, files, [...labels])
  assert.deepEqual(opened!.classes, synsets)
  assert.deepEqual(images(opened, 'test'), [
    ['b.JPEG', 1],
    ['a.JPEG', 7],
  ])
  const inVal = await open(t, { [`val/${synsets[7]}/a.JPEG`]: '' }, [...labels])
  assert.deepEqual(images(inVal, 'validation'), [['a.JPEG', 7]])
})

test('ILSVRC’s validation images in one folder or in their tar, with the file of their labels', async (t) => {
  const names = [1, 2].map((n) => `ILSVRC2012_val_0000000${n}.JPEG`)
  const csv = `ImageId,PredictionString\nILSVRC2012_val_00000001,${synsets[5]} 1 2 3 4\nILSVRC2012_val_00000002,${synsets[0]} 1 2 3 4\n`
  const solution = { 'LOC_val_solution.csv': csv }
  const expected = [
    [names[0], 5],
    [names[1], 0],
  ]
  const flat = { [`val/${names[0]}`]: 'x', [`val/${names[1]}`]: 'y', ...solution }
  assert.deepEqual(images(await open(t, flat, [...labels]), 'validation'), expected)
  assert.deepEqual(images(await open(t, flat, [...labels], 'val'), 'validation'), expected)
  const tar = writeTar(names.map((name) => ({ name, content: 'x' })))
  const files = { 'ILSVRC2012_img_val.tar': tar, ...solution }
  const opened = await open(t, files, [...labels])
  const ends = images(opened, 'validation')!.map(([title, label]) => [String(title).split(' ').at(-1), label])
  assert.deepEqual(ends, expected)
  const direct = await open(t, files, [...labels], 'ILSVRC2012_img_val.tar')
  assert.equal(direct!.validation!.count, 2)
  await refused(
    open(t, { 'ILSVRC2012_img_val.tar': tar }, [...labels]),
    /labels of the images in .* are missing/,
  )
})

test('shards of validation alone; a label beyond the model’s classes is refused', async (t) => {
  const opened = await open(t, { 'imagenet1k-validation-00.tar': shardOf([1, 0, 1]) })
  assert.deepEqual([...opened!.validation!.labels], [1, 0, 1])
  await refused(open(t, { 'my-val-0.tar': shardOf([0, 2]) }), /is 2, but the model has 2 classes/)
})

test('other classes are refused, and data of other kinds is left to others', async (t) => {
  await refused(open(t, { 'cat/a.jpg': '', 'cow/b.jpg': '' }), /classes that the model does not know: "cow"/)
  await refused(open(t, { 'val/cow/b.jpg': '' }), /classes that the model does not know: "cow"/)
  await refused(open(t, { 'cat/notes.txt': '' }), /have no images/)
  assert.equal(await open(t, { 'train/cat/a.jpg': '', 'val/cat/b.jpg': '' }), null)
  assert.equal(await open(t, { 'train-0.tar': shardOf([0]) }), null)
  assert.equal(await open(t, { 'data_batch_1.bin': '' }), null)
  assert.equal(await open(t, { 'other/a.jpg': '' }), null)
  assert.equal(await open(t, {}, CLASSES, 'nowhere'), null)
})
