/** Annotations of other formats, chosen categories and images that are held out, as the data of a detector's run. */
import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { asNamed, dataOfNewRun } from '../../../src/commands/train/detector-data.js'
import type { AnnotatedImages, DetectorRunConfig } from '../../../src/train/detection/config.js'
import { loadDetectionData } from '../../../src/train/detection/data.js'
import { embeddedData } from '../../../src/train/detection/presets.js'
import { writeRedYolo } from '../../helpers/commands/red-yolo.js'
import { boxesOf, vocBox, vocXml, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { redConfig, redScenes, writeRedScenes } from '../../helpers/train/detection/red-scenes.js'

type Flags = Parameters<typeof dataOfNewRun>[1]

const at = (path: string): AnnotatedImages => ({ images: path, annotations: path })

function configOf(
  train: AnnotatedImages,
  validation: AnnotatedImages | null = null,
  changes: Partial<DetectorRunConfig> = {},
): DetectorRunConfig {
  const data = { train, validation, limit: null, validationLimit: null, categories: null }
  return redConfig({ data: { kind: 'coco', ...data }, ...changes })
}

/** What is loaded: boxes of both parts, their categories, and what the user is told. */
async function loaded(config: DetectorRunConfig, flags: Flags = {}) {
  const source = await dataOfNewRun(config, flags)
  try {
    const { train, validation } = await loadDetectionData(source.data)
    return {
      source,
      train: boxesOf(train.coco.dataset),
      validation: validation && boxesOf(validation.coco.dataset),
      categories: train.categories,
      images: [train.images.length, validation?.images.length],
      notes: source.notes.join('\n'),
    }
  } finally {
    await source.remove()
  }
}

const copies = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('toolkit-annotations-'))

test('the parts of a YOLO set are trained on and measured on; categories are chosen in both', async (t) => {
  const folder = await temporaryFolder(t)
  const before = await copies()
  await writeRedYolo(folder, { train: 3, val: 2 })
  const both = await loaded(configOf(at(folder)))
  assert.deepEqual(both.categories, [
    { id: 1, name: 'red' },
    { id: 2, name: 'ground' },
  ])
  assert.deepEqual([both.train.length, both.validation?.length], [6, 4])
  const red = await loaded(configOf(at(join(folder, 'data.yaml'))), { categories: ['red'] })
  assert.deepEqual(red.categories, [{ id: 1, name: 'red' }])
  const boxes = (part: string, seed: number, count: number) =>
    redScenes(count, seed).map(({ bbox }, i) => `${part}/images/${i}.png: red ${bbox}`)
  assert.deepEqual(red.train, boxes('train', 0, 3))
  assert.deepEqual(red.validation, boxes('val', 1, 2))
  // Where the run says that it is.
  const { data } = redConfig({ data: red.source.placedIn('run') })
  assert.ok(data.kind === 'coco')
  assert.equal(data.train.annotations, join('run', 'annotations', 'train.json'))
  assert.equal(data.validation?.annotations, join('run', 'annotations', 'val.json'))
  assert.deepEqual(await copies(), before)
})

test('Pascal VOC and CSV are read; validation images of another format keep the categories of the training', async (t) => {
  const folder = await temporaryFolder(t)
  const size = '<size><width>40</width><height>30</height></size>'
  const voc = (name: string, label: string) =>
    vocXml(name, size, [`<name>${label}</name>${vocBox(1, 1, 10, 20)}`])
  await writeTree(folder, {
    'voc/JPEGImages/a.png': [40, 30],
    'voc/JPEGImages/b.png': [40, 30],
    'voc/Annotations/a.xml': voc('a.png', 'dog'),
    'voc/Annotations/b.xml': voc('b.png', 'cat'),
    'held/c.png': [40, 30],
    'boxes.csv': 'filename,xmin,ymin,xmax,ymax,class\nc.png,2,3,12,13,dog\n',
    'others.csv': 'filename,xmin,ymin,xmax,ymax,class\nc.png,2,3,12,13,dog\nc.png,2,3,12,13,bird\n',
  })
  const held = (file: string) => ({ images: join(folder, 'held'), annotations: join(folder, file) })
  const { categories, train, validation } = await loaded(configOf(at(join(folder, 'voc')), held('boxes.csv')))
  assert.deepEqual(categories, [
    { id: 1, name: 'cat' },
    { id: 2, name: 'dog' },
  ])
  assert.deepEqual(train, ['a.png: dog 0,0,10,20', 'b.png: cat 0,0,10,20'])
  assert.deepEqual(validation, ['c.png: dog 2,3,10,10'])
  const others = configOf(at(join(folder, 'voc')), held('others.csv'))
  await assert.rejects(
    loaded(others),
    /others\.csv" has objects of 1 category that is unknown: bird \(id 1\)/,
  )
  const dogs = await loaded(others, { categories: ['dog'] })
  assert.deepEqual(dogs.validation, ['c.png: dog 2,3,10,10'])
  const birds = { images: join(folder, 'voc'), annotations: join(folder, 'voc') }
  await assert.rejects(
    loaded(configOf(held('others.csv'), birds), { categories: ['bird'] }),
    /has none of the 1 category bird \(id 1\)/,
  )
})

test('of one set, a fifth is held out by the seed; a COCO file with too few images is used where it lies', async (t) => {
  const folder = await temporaryFolder(t)
  await writeRedScenes(join(folder, 'scenes'), 20)
  await writeRedScenes(join(folder, 'few'), 5)
  const coco = (name: string) => ({
    images: join(folder, name),
    annotations: join(folder, `${name}.json`),
  })
  const scenes = configOf(coco('scenes'))
  const split = await loaded(scenes)
  assert.deepEqual(split.images, [16, 4])
  assert.match(
    split.notes,
    /^4 images of 20, such as .* are held out for validation; --val-fraction 0 trains/,
  )
  const all = [...split.train, ...split.validation!].sort()
  assert.deepEqual(
    all,
    redScenes(20)
      .map(({ bbox }, i) => `${i}.png: red ${bbox}`)
      .sort(),
  )
  assert.deepEqual((await loaded(scenes)).validation, split.validation)
  const other = await loaded({ ...scenes, seed: 5 })
  assert.notDeepEqual(other.validation, split.validation)
  assert.deepEqual((await loaded(scenes, { valFraction: 0.5 })).images, [10, 10])

  for (const [config, flags] of [
    [scenes, { valFraction: 0 }],
    [configOf(coco('few')), {}],
    [configOf(coco('few'), coco('few')), { format: 'coco' }],
  ] as const) {
    const plain = await dataOfNewRun(config, flags)
    assert.deepEqual([plain.data, plain.write], [config.data, undefined])
    assert.deepEqual(plain.placedIn('run'), config.data)
  }
  // A step of 18 images leaves none to hold out.
  const large = await loaded({ ...scenes, batchSize: 18, accumulate: 1 })
  assert.deepEqual(large.images, [20, undefined])
  assert.match(large.notes, /Nothing is held out for validation, because too few images would be left/)
  // --limit counts before.
  const { data } = scenes
  assert.deepEqual((await loaded({ ...scenes, data: { ...data, limit: 10 } as typeof data })).images, [8, 2])
  assert.deepEqual(asNamed(data).retold('as it is'), 'as it is')
})

test('images that cannot be held out are a note, or an error where it was asked for', async (t) => {
  const folder = await temporaryFolder(t)
  await writeRedScenes(join(folder, 'scenes'), 12)
  const path = join(folder, 'scenes.json')
  const dataset = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...dataset, annotations: dataset.annotations.slice(0, 1) }))
  const scenes = configOf({ images: join(folder, 'scenes'), annotations: path })
  const one = await loaded(scenes)
  assert.deepEqual(one.images, [12, undefined])
  assert.match(one.notes, /because too few images have objects/)
  await assert.rejects(dataOfNewRun(scenes, { valFraction: 0.01 }), /12 images are too few to split/)
})

test('what does not fit is told in a sentence', async (t) => {
  const folder = await temporaryFolder(t)
  await writeRedYolo(join(folder, 'yolo'), { train: 2, val: 2 })
  await writeRedYolo(join(folder, 'unusual'), { val: 2, test: 2 })
  await writeTree(folder, { 'classes/cat/a.png': [9, 9], 'classes/dog/b.png': [9, 9], 'bare/a.png': [9, 9] })
  await mkdir(join(folder, 'empty'))
  const yolo = configOf(at(join(folder, 'yolo')))
  for (const [config, flags, message] of [
    [configOf(at(join(folder, 'classes'))), {}, /for classification \(toolkit train-backbone --data\), not/],
    [configOf(at(join(folder, 'bare'))), {}, /no annotations that are known: a COCO .*YOLO .*VOC.*\.csv/],
    [configOf(at(join(folder, 'nowhere'))), {}, /There is no file or folder ".*nowhere"/],
    [
      configOf({ images: folder, annotations: join(folder, 'no.json') }),
      {},
      /no file or folder ".*no\.json"/,
    ],
    [configOf(at(join(folder, 'unusual'))), {}, /no part to train on: it has val \(2 images\) and test \(2/],
    [yolo, { categories: ['rad'] }, /There is no category "rad"; names that are near: "red"/],
    [yolo, { valFraction: 0.2 }, /has validation images of its own: leave out --val-fraction/],
    [configOf(at(folder), at(folder)), { valFraction: 0.2 }, /There are validation images already/],
    [
      redConfig({ data: embeddedData }),
      { categories: ['red'] },
      /^UserError: The embedded scenes have their/,
    ],
    [yolo, { format: 'voc' }, /VOC/],
  ] as [DetectorRunConfig, Flags, RegExp][])
    await assert.rejects(dataOfNewRun(config, flags), message)
})
