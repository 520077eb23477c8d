import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { boxesOf, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const images = { 'a.png': [100, 50] as const, 'sub/b, c.png': [20, 20] as const }
const expected = ['a.png: cat 10,20,30,15', 'sub/b, c.png: dog 1,2,3,4.5']

describe('CSV', () => {
  for (const [what, text] of [
    [
      'corners by name, with the sizes of the images',
      'filename,width,height,class,xmin,ymin,xmax,ymax\na.png,100,50,cat,10,20,40,35\n"sub/b, c.png",20,20,dog,1,2,4,6.5\n',
    ],
    [
      'boxes by name, with semicolons, a byte order mark and reversed order',
      '\uFEFFLabel;X;Y;Width;Height;Image\r\ncat;10;20;30;15;a.png\r\ndog;1;2;3;4.5;sub/b, c.png\r\n',
    ],
    ['RetinaNet’s form without a header', 'a.png,10,20,40,35,cat\n"sub/b, c.png",1,2,4,6.5,dog\n'],
    [
      'AutoML’s form',
      'UNASSIGNED,gs://bucket/a.png,cat,0.1,0.4,,,0.4,0.7,,\n,"sub/b, c.png",dog,0.05,0.1,,,0.2,0.325,,\n',
    ],
  ] as const)
    it(`reads ${what}`, async (t) => {
      const folder = await temporaryFolder(t)
      await writeTree(folder, { ...images, 'boxes.csv': text })
      const { format, parts } = await openAnnotations(folder)
      assert.equal(format, 'csv')
      assert.deepEqual(
        parts.map(({ name }) => name),
        ['all'],
      )
      assert.deepEqual(boxesOf(parts[0].dataset), expected)
    })

  it('takes parts from a column, and images without objects from empty boxes', async (t) => {
    const folder = await temporaryFolder(t)
    const table =
      'split,image,x1,y1,x2,y2,label\ntrain,a.png,40,35,10,20,cat\nvalidation,"sub/b, c.png",,,,,\n'
    await writeTree(folder, {
      ...images,
      'boxes.csv': `${table}train,a.png,1,1,1,1,cat\ntrain,a.png,1,1,x,1,cat\ntest,gone.png,,,,,\n`,
    })
    const { parts, warnings } = await openAnnotations(join(folder, 'boxes.csv'))
    assert.deepEqual(
      parts.map(({ name, dataset }) => [name, dataset.images.length, dataset.annotations.length]),
      [
        ['train', 1, 1],
        ['val', 1, 0],
      ],
    )
    const notes = warnings.join('\n')
    assert.match(notes, /1 box has its corners in the wrong order, which was put right: .*row 2/)
    assert.match(notes, /1 box has no area .*row 4/)
    assert.match(notes, /1 row has no image, no label or no four numbers .*row 5/)
    assert.match(notes, /1 image is missing and left out: gone\.png/)
  })

  it('takes several tables as parts, by their names', async (t) => {
    const folder = await temporaryFolder(t)
    const head = 'filename,xmin,ymin,xmax,ymax,class\n'
    await writeTree(folder, {
      ...images,
      'train_labels.csv': `${head}a.png,0,0,5,5,cat\n`,
      'test_labels.csv': `${head}"sub/b, c.png",0,0,5,5,cat\n`,
    })
    const { parts } = await openAnnotations(folder)
    assert.deepEqual(
      parts.map(({ name }) => name),
      ['train', 'test'],
    )
  })

  it('refuses unknown columns, what is no CSV, and tables of other images', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      ...images,
      'odd.csv': 'one,two\n1,2\n',
      'open.csv': 'filename,xmin,ymin,xmax,ymax,class\n"a.png,1,2,3,4,cat\n',
      'other.csv': 'x.png,1,2,3,4,cat\n',
    })
    await assert.rejects(
      openAnnotations(join(folder, 'odd.csv')),
      /The columns of ".*odd\.csv" are not known/,
    )
    await assert.rejects(openAnnotations(join(folder, 'open.csv')), /is not a CSV: /)
    await assert.rejects(
      openAnnotations(join(folder, 'other.csv')),
      /1 of the 1 images .* x\.png; .*--image-folder/,
    )
  })
})
