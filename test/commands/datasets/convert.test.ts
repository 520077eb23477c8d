import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

it('toolkit datasets convert: counts, what is not held, and a refusal that leaves nothing', async (t) => {
  const folder = await temporaryFolder(t)
  await writeTree(folder, {
    'photos.json': JSON.stringify({
      images: [{ id: 4, width: 40, height: 20, file_name: 'a.png' }],
      categories: [
        { id: 1, name: 'cat' },
        { id: 2, name: 'dog' },
      ],
      annotations: [1, 2].map((id) => ({ id, image_id: 4, category_id: id, bbox: [1, 1, 5, 5] })),
    }),
    'photos/a.png': [40, 20],
  })
  const convert = (...args: string[]) =>
    toolkit(['datasets', 'convert', 'photos.json', ...args], { cwd: folder })
  const yolo = await convert('yolo', '--to', 'yolo', '--categories', 'cat', '--json')
  succeeds(yolo)
  const { notHeld, warnings, ...counts } = JSON.parse(yolo.stdout)
  assert.deepEqual(counts, {
    ...{ folder: 'yolo', from: 'coco', to: 'yolo', images: 1, objects: 1, categories: 1 },
    parts: [{ name: 'all', images: 1, objects: 1 }],
  })
  assert.deepEqual(notHeld, [
    '1 id of an image, object or category is not its place in order: numbered anew when read: image 4.',
  ])
  const voc = await convert('voc', '--to', 'voc', '--images', 'none')
  succeeds(voc)
  assert.match(
    voc.stdout,
    /^1 image with 2 objects of 2 categories, read as COCO, are in voc as Pascal VOC\.$/m,
  )
  assert.match(voc.stdout, /^Images are not there: put them into voc\/JPEGImages/m)
  fails(
    await convert('other', '--to', 'voc', '--categories', 'cow'),
    /There is no category "cow"; names that are near: "cat"|There is no category "cow"; there are "cat", "dog"/,
  )
  assert.ok(!existsSync(join(folder, 'other')))
  fails(await convert('voc', '--to', 'coco'), /"voc" is not empty/)
})
