import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { boxesOf, vocBox, vocXml, writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const size = '<size><width>100</width><height>50</height><depth>3</depth></size>'

describe('Pascal VOC', () => {
  it('reads boxes counted from 1 with their ends, the lists of parts, and the properties', async (t) => {
    const folder = await temporaryFolder(t)
    const dog = `<name>dog</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>${vocBox(1, 1, 100, 50)}`
    const head = `<part><name>head</name>${vocBox(3, 3, 5, 5)}</part>`
    const cat = `<name>cat &amp; kin</name><difficult>1</difficult>${head}${vocBox('10.5', 11, '20.5', 12)}`
    await writeTree(folder, {
      'VOC/Annotations/a.xml': vocXml('a.png', size, [dog, cat]),
      'VOC/Annotations/b.xml': vocXml('b.png', '', []),
      'VOC/Annotations/c.xml': vocXml('c.png', size, [dog]),
      'VOC/JPEGImages/a.png': [100, 50],
      'VOC/JPEGImages/b.png': [30, 20],
      'VOC/JPEGImages/c.png': [100, 50],
      'VOC/ImageSets/Main/train.txt': 'a\ngone\n',
      'VOC/ImageSets/Main/val.txt': 'b\n',
      'VOC/ImageSets/Main/trainval.txt': 'a\nb\n',
      'VOC/ImageSets/Main/dog_train.txt': 'a 1\n',
    })
    const set = await openAnnotations(folder)
    assert.equal(set.format, 'voc')
    const [train, val] = set.parts
    assert.deepEqual([train.name, val.name, set.parts.length], ['train', 'val', 2])
    assert.deepEqual(boxesOf(train.dataset), ['a.png: cat & kin 9.5,10,11,2', 'a.png: dog 0,0,100,50'])
    const [first, second] = train.dataset.annotations
    assert.deepEqual([first.iscrowd, first.truncated, first.pose, first.difficult], [0, 1, 'Left', 0])
    assert.deepEqual([second.iscrowd, second.difficult], [1, 1])
    assert.deepEqual(val.dataset.images, [{ id: 1, width: 30, height: 20, file_name: 'b.png' }])
    const notes = set.warnings.join('\n')
    assert.match(notes, /1 object has parts, a polygon or a mask, which are not read/)
    assert.match(
      notes,
      /1 annotation file is in none of the lists of ImageSets\/Main and is left out: VOC\/Annotations\/c\.xml/,
    )
    assert.match(notes, /1 name in a list has no annotation file: gone in /)
  })

  it('reads files beside their images; puts reversed boxes right, and finds out what counts from 0', async (t) => {
    const folder = await temporaryFolder(t)
    const object = (box: string) => `<name>cat</name>${box}`
    await writeTree(folder, {
      'train/a.xml': vocXml('elsewhere/x.png', size, [
        object(vocBox(40, 30, 20, 10)),
        object(vocBox(0, 0, 10, 10)),
      ]),
      'train/a.png': [100, 50],
      'valid/b.xml': vocXml('photo.png', size, [
        object(vocBox(5, 5, 5, 9)),
        object('<bndbox/>'),
        vocBox(1, 1, 2, 2),
      ]),
      'valid/photo.png': [100, 50],
      'valid/lost.xml': vocXml('lost.png', size, []),
      'valid/broken.xml': '<annotation><object></annotation>',
      'valid/evil.xml': `<!DOCTYPE annotation [<!ENTITY a "b">]>${vocXml('&a;', size, [])}`,
    })
    const { parts, warnings } = await openAnnotations(folder)
    assert.deepEqual(boxesOf(parts[0].dataset), [
      'train/a.png: cat 0,0,10,10',
      'train/a.png: cat 20,10,20,20',
    ])
    assert.deepEqual(boxesOf(parts[1].dataset), [])
    const notes = warnings.join('\n')
    assert.match(notes, /the boxes are read as counted from 0/)
    assert.match(
      notes,
      /1 box has its corners in the wrong order, which was put right: train\/a\.xml object 1 \(cat\)/,
    )
    assert.match(notes, /1 box has no area and is left out: valid\/b\.xml object 1/)
    assert.match(notes, /1 object has no bndbox with four numbers/)
    assert.match(notes, /1 object has no name/)
    assert.match(notes, /1 annotation file has no image that is there and is left out: valid\/lost\.xml/)
    assert.match(
      notes,
      /2 files cannot be used .*broken\.xml \(it is not whole XML.*evil\.xml \(it has a document type/,
    )
  })

  it('refuses a folder whose files are all bad', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, { 'a.xml': '<annotations/>', 'a.png': [9, 9] })
    await assert.rejects(
      openAnnotations(folder, { format: 'voc' }),
      /no annotation file of Pascal VOC .*a\.xml \(its outermost element is annotations, not annotation\)/,
    )
  })
})
