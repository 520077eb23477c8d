import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { boxesOf, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

describe('YOLO', () => {
  it('reads data.yaml with parts, boxes and outlines; an image without labels has no objects', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'data.yaml': 'path: .\ntrain: images/train\nval: val.txt\nnames: {0: cat, 1: dog}\nnc: 2\n',
      'images/train/a.png': [200, 100],
      'images/train/b.png': [200, 100],
      'labels/train/a.txt': '0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.3 0.1 0.3 0.5\n',
      'val.txt': './images/val/c.png\nimages/val/gone.png\n',
      'images/val/c.png': [40, 40],
      'labels/val/c.txt': '1 0.5 0.5 1 1 0.87\r\n\r\n',
    })
    const set = await openAnnotations(folder)
    assert.equal(set.format, 'yolo')
    assert.equal(set.root, join(folder, 'images'))
    assert.deepEqual(
      set.parts.map(({ name, dataset }) => [name, dataset.images.map(({ file_name }) => file_name)]),
      [
        ['train', ['train/a.png', 'train/b.png']],
        ['val', ['val/c.png']],
      ],
    )
    const [train, val] = set.parts.map(({ dataset }) => dataset)
    assert.deepEqual(boxesOf(train), ['train/a.png: cat 80,30,40,40', 'train/a.png: dog 20,10,40,40'])
    const [outline] = train.annotations.filter(({ segmentation }) => segmentation !== undefined)
    assert.deepEqual(outline.segmentation, [[20, 10, 60, 10, 60, 50]])
    assert.equal(Math.round(outline.area), 800)
    assert.deepEqual(boxesOf(val), ['val/c.png: dog 0,0,40,40'])
    const notes = set.warnings.join('\n')
    assert.match(
      notes,
      /1 image of a list is not there and is left out: images\/val\/gone\.png in .*val\.txt/,
    )
    assert.match(notes, /1 box has a sixth number, taken for a confidence and not kept: .*c\.txt line 1/)
    assert.match(notes, /1 of 3 images have no label file/)
  })

  it('leaves out lines that cannot be used, and names them', async (t) => {
    const folder = await temporaryFolder(t)
    const good = Array.from({ length: 6 }, (_, i) => `0 0.5 0.5 0.${i + 1} 0.1`)
    const bad = [
      '0 1.5 0.5 0.1 0.1',
      '7 0.5 0.5 0.1 0.1',
      '0 0.5 x 0.1 0.1',
      '0 0.5 0.5',
      '0 0.5 0.5 0 0.1',
      good[0],
    ]
    await writeTree(folder, {
      'data.yaml': 'train: images\nval: images\nnames: [cat, dog]\nnc: 3\n',
      'images/a.png': [100, 100],
      'labels/a.txt': [...good, ...bad].join('\n'),
    })
    const { parts, warnings } = await openAnnotations(join(folder, 'data.yaml'))
    assert.deepEqual(
      parts.map(({ name }) => name),
      ['all'],
    )
    assert.equal(parts[0].dataset.annotations.length, good.length)
    const notes = warnings.join('\n')
    assert.match(notes, /1 line of labels has values outside 0 to 1 .*line 7/)
    assert.match(notes, /1 line of labels has a class that the names lack .*line 8 \(class 7\)/)
    assert.match(notes, /2 lines of labels are neither boxes .*line 9, .*line 10/)
    assert.match(notes, /1 line of labels has no area .*line 11/)
    assert.match(notes, /1 line of labels repeats another .*line 12/)
    assert.match(notes, /says nc: 3, but has 2 names/)
    assert.match(
      notes,
      /names the same images for several parts \(train, val\); they are taken once, as a set that is not split/,
    )
  })

  it('reads a folder with classes.txt, labels beside the images, and parts by the names of folders', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'classes.txt': 'cat\ndog\n',
      'train/a.png': [100, 50],
      'train/a.txt': '1 0.5 0.5 0.5 0.5',
      'valid/b.png': [100, 50],
    })
    const { parts } = await openAnnotations(folder)
    assert.deepEqual(
      parts.map(({ name }) => name),
      ['train', 'val'],
    )
    assert.deepEqual(boxesOf(parts[0].dataset), ['train/a.png: dog 25,12.5,50,25'])
  })

  it('reads Darknet’s obj.data', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'data/obj.data': 'classes = 1\ntrain = data/train.txt\nnames = data/obj.names\n',
      'data/obj.names': 'cat\n',
      'data/train.txt': 'data/obj/a.png\n',
      'data/obj/a.png': [100, 50],
      'data/obj/a.txt': '0 0.5 0.5 0.5 0.5',
    })
    const { parts } = await openAnnotations(folder)
    assert.deepEqual(boxesOf(parts[0].dataset), ['a.png: cat 25,12.5,50,25'])
  })

  it('reads the boxes of poses, without keypoints', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'data.yaml': 'train: images\nnames: [person]\nkpt_shape: [2, 3]\n',
      'images/a.png': [100, 100],
      'labels/a.txt': '0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 2',
    })
    const { parts, warnings } = await openAnnotations(folder)
    assert.deepEqual(boxesOf(parts[0].dataset), ['a.png: person 40,40,20,20'])
    assert.match(warnings.join('\n'), /1 box has keypoints, which are not read/)
  })

  const base = { 'images/a.png': [100, 100] as const, 'labels/a.txt': '0 0.5 0.5 0.2 0.2' }
  for (const [what, files, message] of [
    ['YAML that is none', { 'data.yaml': 'names: [a\ntrain: images\n', ...base }, /is not YAML: /],
    ['no names', { 'data.yaml': 'train: images\n', ...base }, /has no names: list the classes/],
    [
      'names with gaps',
      { 'data.yaml': 'train: images\nnames: {0: a, 2: b}\n', ...base },
      /a map from 0, 1, 2/,
    ],
    ['no images', { 'data.yaml': 'train: nowhere\nnames: [a]\n', ...base }, /names no images that are there/],
    [
      'no label files',
      { 'data.yaml': 'train: images\nnames: [a]\n', 'images/a.png': [9, 9] as const },
      /None of the 1 images .* has a label file; the first would be .*labels\/a\.txt/,
    ],
    [
      'pixels',
      { 'data.yaml': 'train: images\nnames: [a]\n', ...base, 'labels/a.txt': '0 50 50 20 20' },
      /1 of the 1 lines of labels .* have values outside 0 to 1; .*not pixels/,
    ],
  ] as const)
    it(`refuses ${what}`, async (t) => {
      const folder = await temporaryFolder(t)
      await writeTree(folder, files as never)
      await assert.rejects(openAnnotations(join(folder, 'data.yaml')), message)
    })
})
