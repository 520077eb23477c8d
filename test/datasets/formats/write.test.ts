import assert from 'node:assert/strict'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { AnnotatedSet } from '../../../datasets/annotated/annotated-set.js'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { writeAnnotations } from '../../../datasets/formats/write.js'
import { boxesOf, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const head = { image_id: 1, iscrowd: 0 }
const coco = {
  info: { year: 2026 },
  images: [
    { id: 1, width: 640, height: 427, file_name: 'sub/a.jpg', license: 3 },
    { id: 7, width: 101, height: 33, file_name: 'b.jpg' },
  ],
  categories: [
    { id: 90, name: 'kite & co', supercategory: 'things' },
    { id: 3, name: 'cat' },
    { id: 17, name: 'unused' },
  ],
  annotations: [
    { ...head, id: 1, category_id: 90, bbox: [10.123, 20.456, 100.789, 33.3], area: 3356.27 },
    { ...head, id: 2, category_id: 3, bbox: [0, 0, 640, 427], area: 640 * 427, truncated: 1, pose: 'Left' },
    { ...head, id: 5, image_id: 7, category_id: 3, bbox: [100.5, 32.5, 0.25, 0.25], area: 0.0625 },
  ],
}

/** COCO annotations with images that lie in one folder. */
async function setOf(t: Parameters<typeof temporaryFolder>[0], dataset: object): Promise<AnnotatedSet> {
  const folder = await temporaryFolder(t)
  await writeTree(folder, {
    'set.json': JSON.stringify(dataset),
    'images/sub/a.jpg': [64, 42],
    'images/b.jpg': [10, 3],
  })
  return openAnnotations(join(folder, 'set.json'))
}

describe('a round trip', () => {
  for (const to of ['yolo', 'voc', 'coco'] as const)
    it(`from COCO to ${to} and back keeps what can be held`, async (t) => {
      const set = await setOf(t, coco)
      const [out, back] = [await temporaryFolder(t), await temporaryFolder(t)]
      // YOLO's sizes are those of the files, which are small here.
      const sized = to === 'yolo' ? await withFiles(t, set) : set
      const notHeld = await writeAnnotations(sized, join(out, 'x'), { to, images: 'copy' })
      const there = await openAnnotations(join(out, 'x'))
      assert.equal(there.format, to)
      await writeAnnotations(there, join(back, 'y'), { to: 'coco', images: 'link' })
      const again = await openAnnotations(join(back, 'y'))
      assert.deepEqual(
        again.parts.map(({ name }) => name),
        ['all'],
      )
      const [{ dataset }] = again.parts
      assert.deepEqual(boxesOf(dataset), boxesOf(set.parts[0].dataset))
      assert.deepEqual(
        dataset.images.map(({ file_name, width, height }) => [file_name, width, height]).sort(),
        [
          ['b.jpg', 101, 33],
          ['sub/a.jpg', 640, 427],
        ],
      )
      const names = dataset.categories.map(({ name }) => name)
      assert.deepEqual(
        names,
        {
          coco: ['kite & co', 'cat', 'unused'],
          yolo: ['cat', 'unused', 'kite & co'],
          voc: ['cat', 'kite & co'],
        }[to],
      )
      const flags = dataset.annotations.filter(({ truncated }) => truncated === 1)
      assert.equal(flags.length, to === 'yolo' ? 0 : 1)
      if (to === 'coco') assert.deepEqual([notHeld, dataset.info], [[], coco.info])
      else {
        const notes = notHeld!.join('\n')
        assert.match(notes, /5 ids of images, objects or categories are not their places in order/)
        assert.match(notes, /1 category has a supercategory/)
        assert.match(notes, /1 image has further properties: left out: license of sub\/a\.jpg/)
        assert.match(notes, /1 property of the whole file is left out: info/)
      }
    })

  /** The same set with images of the sizes that it says. */
  async function withFiles(
    t: Parameters<typeof temporaryFolder>[0],
    set: AnnotatedSet,
  ): Promise<AnnotatedSet> {
    const root = await temporaryFolder(t)
    const [{ dataset }] = set.parts
    await writeTree(
      root,
      Object.fromEntries(
        dataset.images.map(({ file_name, width, height }) => [file_name, [width, height] as const]),
      ),
    )
    return { ...set, root }
  }

  it('keeps outlines in YOLO, and difficult objects in VOC', async (t) => {
    const square = [10, 10, 50, 10, 50, 40, 10, 40]
    const set = await setOf(t, {
      ...coco,
      annotations: [
        { ...head, id: 1, category_id: 3, bbox: [10, 10, 40, 30], area: 1200, segmentation: [square] },
        {
          ...head,
          id: 2,
          category_id: 3,
          bbox: [10, 10, 60, 30],
          area: 1200,
          segmentation: [square, square],
        },
        { ...head, id: 3, category_id: 3, bbox: [1, 2, 3, 4], area: 12 },
        { ...head, id: 4, category_id: 3, bbox: [5, 5, 5, 5], area: 25, iscrowd: 1 },
        {
          ...head,
          id: 6,
          category_id: 3,
          bbox: [-5, 5, 10, 5],
          area: 50,
          keypoints: [1, 2, 2],
          num_keypoints: 1,
        },
        { ...head, id: 8, category_id: 3, bbox: [-5, 5, 4, 5], area: 20 },
      ],
    })
    const folder = await temporaryFolder(t)
    const ofYolo = await writeAnnotations(await withFiles(t, set), join(folder, 'yolo'), {
      to: 'yolo',
      images: 'link',
    })
    const yolo = await openAnnotations(join(folder, 'yolo'))
    const boxes = ['sub/a.jpg: cat 0,5,5,5', 'sub/a.jpg: cat 1,2,3,4', 'sub/a.jpg: cat 10,10,40,30']
    assert.deepEqual(boxesOf(yolo.parts[0].dataset), [...boxes, 'sub/a.jpg: cat 10,10,60,30'].sort())
    const [outline] = yolo.parts[0].dataset.annotations[0].segmentation as number[][]
    assert.deepEqual(
      outline.map((value) => Math.round(value * 1e6) / 1e6),
      square,
    )
    const notes = ofYolo!.join('\n')
    assert.match(notes, /1 object is a crowd, .*object 4/)
    assert.match(notes, /1 object has a mask of several polygons .*object 2/)
    assert.match(notes, /1 object has keypoints: left out: object 6/)
    assert.match(notes, /1 box reaches over the edge of its image: cut there: object 6/)
    assert.match(notes, /1 object has no area inside its image: left out: object 8/)
    const ofVoc = await writeAnnotations(set, join(folder, 'voc'), { to: 'voc', images: 'copy' })
    assert.match(ofVoc!.join('\n'), /2 objects have masks: their boxes alone are written/)
    assert.match(ofVoc!.join('\n'), /1 crowd is written as a difficult object: object 4/)
    const voc = await openAnnotations(join(folder, 'voc'))
    assert.deepEqual(
      voc.parts[0].dataset.annotations.map(({ iscrowd, difficult }) => [iscrowd, difficult]),
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 1],
        [0, 0],
      ],
    )
    const only = await writeAnnotations(set, join(folder, 'boxes'), {
      to: 'yolo',
      images: 'none',
      boxesOnly: true,
    })
    assert.match(only!.join('\n'), /2 objects have masks: their boxes alone are written/)
    const text = await readFile(join(folder, 'boxes/labels/sub/a.txt'), 'utf8')
    assert.equal(text.split('\n')[0], '0 0.046875 0.0585480094 0.0625 0.0702576112')
  })

  it('keeps parts', async (t) => {
    const folder = await temporaryFolder(t)
    const table = 'split,image,x1,y1,x2,y2,label\n'
    await writeTree(folder, {
      'boxes.csv': `${table}train,one/a.jpg,1,1,5,5,cat\ntrain,one/b.jpg,,,,,\nvalidation,two/c.jpg,1,1,5,5,dog\n`,
      'one/a.jpg': [10, 10],
      'one/b.jpg': [10, 10],
      'two/c.jpg': [10, 10],
    })
    const set = await openAnnotations(folder)
    for (const to of ['coco', 'yolo', 'voc'] as const) {
      await writeAnnotations(set, join(folder, 'out', to), { to, images: 'link' })
      const { parts } = await openAnnotations(join(folder, 'out', to))
      assert.deepEqual(
        parts.map(({ name, dataset }) => [name, dataset.images.length, dataset.annotations.length]),
        [
          ['train', 2, 1],
          ['val', 1, 1],
        ],
      )
    }
    assert.deepEqual((await readdir(join(folder, 'out/yolo/images/train'))).sort(), ['a.jpg', 'b.jpg'])
    assert.ok((await lstat(join(folder, 'out/yolo/images/train/a.jpg'))).isSymbolicLink())
    assert.equal(
      await readFile(join(folder, 'out/voc/ImageSets/Main/trainval.txt'), 'utf8'),
      'one/a\none/b\ntwo/c\n',
    )
  })
})

describe('writing', () => {
  it('refuses a full folder and names that differ in their ending alone, and leaves nothing', async (t) => {
    const images = coco.images.map((image, i) => ({ ...image, file_name: ['b.jpg', 'b.png'][i] }))
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'set.json': JSON.stringify({ ...coco, images }),
      'b.jpg': [9, 9],
      'b.png': [9, 9],
      'full/x': '',
    })
    const set = await openAnnotations(join(folder, 'set.json'))
    for (const to of ['yolo', 'voc'] as const)
      await assert.rejects(
        writeAnnotations(set, join(folder, 'out'), { to, images: 'copy' }),
        /The images b\.jpg and b\.png differ in their ending alone/,
      )
    await assert.rejects(
      writeAnnotations(set, join(folder, 'full'), { to: 'coco', images: 'copy' }),
      /is not empty/,
    )
    const signal = AbortSignal.abort()
    assert.equal(
      await writeAnnotations(set, join(folder, 'out'), { to: 'coco', images: 'copy', signal }),
      undefined,
    )
    assert.deepEqual((await readdir(folder)).sort(), ['b.jpg', 'b.png', 'full', 'set.json'])
  })

  it('never leads out of the folder', async (t) => {
    const folder = await temporaryFolder(t)
    const images = [
      { ...coco.images[0], file_name: '../../evil.jpg' },
      { ...coco.images[1], file_name: 'C:\\x\\b.jpg' },
    ]
    await writeTree(folder, { 'set.json': JSON.stringify({ ...coco, images }) })
    const set = await openAnnotations(join(folder, 'set.json'), { needImages: false })
    await writeAnnotations(set, join(folder, 'out'), { to: 'voc', images: 'none' })
    const files = await readdir(join(folder, 'out/Annotations'), { recursive: true })
    assert.deepEqual(files.sort(), ['evil.xml', 'x', 'x/b.xml'])
  })
})
