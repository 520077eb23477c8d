import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { boxesOf, vocXml, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const coco = (names: string[], categories = [{ id: 5, name: 'cat' }]) =>
  JSON.stringify({
    images: names.map((file_name, i) => ({ id: i + 1, width: 40, height: 20, file_name })),
    categories,
    annotations: names.map((_, i) => ({ id: i + 1, image_id: i + 1, category_id: 5, bbox: [1, 2, 3, 4] })),
  })

describe('COCO', () => {
  it('says why none of the images can be used', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, { 'a.json': coco(['1.png']).replace('"width":40,', '') })
    await assert.rejects(
      openAnnotations(join(folder, 'a.json')),
      /None of the images of ".*a\.json" can be used \(.*width/,
    )
  })

  it('reads a folder with parts, as COCO’s own and Roboflow’s are laid out', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'own/annotations/instances_train2017.json': coco(['1.png']),
      'own/annotations/instances_val2017.json': coco(['2.png', '3.png']),
      'own/annotations/captions_val2017.json': '{"images": [], "annotations": []}',
      'own/train2017/1.png': [40, 20],
      'own/val2017/2.png': [40, 20],
      'own/val2017/3.png': [40, 20],
      'roboflow/train/_annotations.coco.json': coco(['1.png']),
      'roboflow/train/1.png': [40, 20],
      'roboflow/valid/_annotations.coco.json': coco(['2.png']),
      'roboflow/valid/2.png': [40, 20],
    })
    const own = await openAnnotations(join(folder, 'own'))
    assert.deepEqual(
      own.parts.map(({ name, dataset }) => [name, dataset.images.map(({ file_name }) => file_name)]),
      [
        ['train', ['train2017/1.png']],
        ['val', ['val2017/2.png', 'val2017/3.png']],
      ],
    )
    assert.deepEqual(boxesOf(own.parts[0].dataset), ['train2017/1.png: cat 1,2,3,4'])
    const roboflow = await openAnnotations(join(folder, 'roboflow'))
    assert.deepEqual(
      roboflow.parts.map(({ name, dataset }) => [name, dataset.images[0].file_name]),
      [
        ['train', 'train/1.png'],
        ['val', 'valid/2.png'],
      ],
    )
  })

  it('refuses files that may be one part, other categories, and images that are not near', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'same/a.json': coco(['1.png']),
      'same/b.json': coco(['1.png']),
      'same/1.png': [40, 20],
      'other/train.json': coco(['1.png']),
      'other/val.json': coco(['1.png'], [{ id: 5, name: 'dog' }]),
      'other/1.png': [40, 20],
      'far/a.json': coco(['1.png']),
    })
    await assert.rejects(openAnnotations(join(folder, 'same')), /may be the same part; name one file/)
    await assert.rejects(openAnnotations(join(folder, 'other')), /have different categories/)
    await assert.rejects(
      openAnnotations(join(folder, 'far')),
      /such as 1\.png, are not near it; .*--image-folder/,
    )
    const { root } = await openAnnotations(join(folder, 'far/a.json'), { images: join(folder, 'same') })
    assert.equal(root, join(folder, 'same'))
  })
})

describe('the format', () => {
  it('must be one, or be named', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'a.json': coco(['1.png']),
      '1.png': [40, 20],
      '1.xml': vocXml('1.png', '', []),
    })
    await assert.rejects(
      openAnnotations(folder),
      /several formats: COCO \(.*a\.json\), Pascal VOC \(1\.xml\); choose one with --format coco or voc/,
    )
    assert.equal((await openAnnotations(folder, { format: 'coco' })).format, 'coco')
  })

  it('is not known of class folders, empty folders, other files and nothing', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'classes/cat/1.png': [4, 4],
      'classes/dog/1.png': [4, 4],
      'note.md': '',
      'one.xml': vocXml('1.png', '', []),
    })
    await mkdir(join(folder, 'empty'))
    await assert.rejects(
      openAnnotations(join(folder, 'classes')),
      /\(cat, dog\) and no boxes: .*classification/,
    )
    await assert.rejects(
      openAnnotations(join(folder, 'empty')),
      /empty" is empty; it needs images, and annotations/,
    )
    await assert.rejects(openAnnotations(join(folder, 'note.md')), /is not known by its ending/)
    await assert.rejects(openAnnotations(join(folder, 'one.xml')), /name the folder that it is in/)
    await assert.rejects(openAnnotations(join(folder, 'gone')), /There is no file or folder/)
  })
})
