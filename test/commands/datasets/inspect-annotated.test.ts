/** `toolkit datasets inspect` of folders with annotations, and of files of other formats than COCO's. */
import assert from 'node:assert/strict'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { inspect } from '../../helpers/commands/inspect.js'
import { writeRedYolo } from '../../helpers/commands/red-yolo.js'
import { vocBox, vocXml, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('each part of a YOLO set is inspected, and what training and validation share is told', async (t) => {
  const folder = await temporaryFolder(t)
  await writeRedYolo(folder, { train: 12, val: 3 })
  for (const kind of ['images/0.png', 'labels/0.txt'])
    await copyFile(join(folder, 'train', kind), join(folder, 'val', kind))
  const { format, parts, leaks } = JSON.parse(await inspect(t, folder, '--json'))
  assert.equal(format, 'yolo')
  assert.deepEqual(
    parts.map(
      ({
        part,
        images,
        objects,
      }: {
        part: string
        images: { count: number }
        objects: { count: number }
      }) => [part, images.count, objects.count],
    ),
    [
      ['train', 12, 24],
      ['val', 3, 6],
    ],
  )
  assert.match(parts[0].training.join('\n'), /2 categories have fewer than 20 objects \((red|ground) 12/)
  assert.ok(leaks.every(({ parts: pair }: { parts: string[] }) => pair.join() === 'train,val'))

  const sheet = join(folder, 'sheet.png')
  const text = await inspect(t, join(folder, 'data.yaml'), '--draw', sheet, '--count', '2')
  assert.match(text, /: train \(YOLO\)\nimages +12, 0 of them without objects\n/)
  assert.match(text, /: val \(YOLO\)\n/)
  assert.ok((await sharp(sheet).metadata()).width > 300)

  await rm(join(folder, 'val/images/1.png'))
  assert.match(await inspect(t, folder, '--verify'), /no image files that do not fit/)
})

test('a folder with annotations in two formats is refused until one is chosen, not taken for class folders', async (t) => {
  const folder = await temporaryFolder(t)
  await writeTree(folder, {
    'images/a.png': [40, 20],
    'images/b.png': [40, 20],
    'labels/a.txt': '0 0.5 0.5 0.5 0.5\n',
    'data.yaml': 'train: images\nnames: [cat]\n',
    'annotations/b.xml': vocXml('b.png', '', [`<name>dog</name>${vocBox(1, 1, 9, 9)}`]),
  })
  await assert.rejects(
    inspect(t, folder),
    /^DatasetError: .*several formats: YOLO \(data\.yaml\), Pascal VOC \(annotations\/b\.xml\); choose one with --format/,
  )
  const { parts } = JSON.parse(await inspect(t, folder, '--format', 'yolo', '--json'))
  assert.deepEqual([parts[0].images.count, parts[0].objects.count], [2, 1])
})
