import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { decodeImage } from '../../../datasets/detection/decode.js'
import { DatasetError } from '../../../datasets/files/errors.js'

import { box, categories, writeCoco } from '../../helpers/datasets/coco-files.js'

test('what cannot be used is left out, counted and named', async (t) => {
  const paths = await writeCoco(t, {
    count: 9,
    onDisk: 5,
    annotations: [
      box(1, 1, 3, [4, 2, 10, 6]),
      box(2, 1, 3, [4, 2, 0, 6]),
      box(3, 1, 3, [40, 2, 10, 6]),
      box(4, 6, 3, [4, 2, 10, 6]),
      box(5, 2, 4, [4, 2, 10, 6]),
      box(6, 77, 3, [4, 2, 10, 6]),
      box(7, 2, 3, [4, 2, -1, 6]),
    ],
  })
  const { set, warnings } = await loadCocoSet(paths)
  assert.equal(set.images.length, 5)
  assert.deepEqual([...set.images[0].boxes], [4, 2, 14, 8])
  assert.deepEqual([...set.coco.anns.keys()], [1], 'evaluation is over the same boxes')
  assert.deepEqual([...set.coco.imgs.keys()], [1, 2, 3, 4, 5])
  assert.match(
    warnings[0],
    /^3 entries of ".*mine\.json" cannot be used and are left out; the first: annotations\[4\] \(id 5\): category_id 4 /,
  )
  assert.match(
    warnings[1],
    /^4 of the 9 images .* are missing in ".*images" and left out: 6\.png, 7\.png, 8\.png, …\.$/,
  )
  assert.match(warnings[2], /^2 boxes have no area .* \(the first: annotation 2 of image 1\)\.$/)
  assert.equal(warnings.length, 3)
})

test('images are found under other spellings, which is said; those that could be several files are left out', async (t) => {
  const paths = await writeCoco(t, { count: 5, annotations: [box(1, 1, 3, [4, 2, 10, 6])] })
  for (const place of ['a', 'b']) {
    await mkdir(join(paths.images, place))
    await copyFile(join(paths.images, '5.png'), join(paths.images, place, '5.png'))
  }
  await rm(join(paths.images, '5.png'))
  const dataset = JSON.parse(readFileSync(paths.annotations, 'utf8'))
  dataset.images[0].file_name = 'C:\\data\\1.PNG'
  dataset.images[1].file_name = 'https://host/images/2.png?x=1'
  await writeFile(paths.annotations, JSON.stringify(dataset))
  const { set, warnings } = await loadCocoSet(paths)
  assert.deepEqual(
    set.images.map(({ id }) => set.source(id - 1)),
    [1, 2, 3, 4].map((id) => join(paths.images, `${id}.png`)),
  )
  assert.equal((await decodeImage(set, 0)).data.length, 40 * 20 * 3)
  assert.match(
    warnings[0],
    /^2 images of ".*mine\.json" were found in ".*images" under another spelling: "C:\\data\\1\.PNG" is /,
  )
  assert.match(
    warnings[1],
    /^1 of the 5 images .* could be several files in ".*images" and is left out: "5\.png" fits a\/5\.png and b\/5\.png\.$/,
  )
  assert.equal(warnings.length, 2)
})

test('annotations for other images, other classes or of no objects are refused', async (t) => {
  const paths = await writeCoco(t, { count: 5, onDisk: 2, annotations: [box(1, 1, 3, [4, 2, 10, 6])] })
  const refused = (options: Parameters<typeof loadCocoSet>[0], message: RegExp) =>
    assert.rejects(
      loadCocoSet(options),
      (error) => error instanceof DatasetError && message.test(error.message),
    )
  await refused(
    paths,
    /^".*mine\.json" is for other images than those in ".*images": 3 of its 5 images are missing there, for example 3\.png;/,
  )
  const none = await writeCoco(t, { count: 2, onDisk: 0 })
  await refused(none, /all of its 2 images are missing there, for example 1\.png;/)
  await refused({ ...none, images: join(none.images, 'gone') }, /^There is no folder ".*gone"/)
  const good = await writeCoco(t, {})
  const known = [
    { id: 3, name: 'cat' },
    { id: 17, name: 'wolf' },
  ]
  await refused(
    { ...good, categories: known },
    /are not the 2 that are needed: it lacks 1, such as wolf \(id 17\); it has 2 that are unknown, such as dog \(id 17\), kite/,
  )
  await writeFile(good.annotations, JSON.stringify({ images: [], annotations: [], categories }))
  await refused(good, /has no images/)
  await writeFile(
    good.annotations,
    JSON.stringify({
      images: [{ id: 1, width: 40, height: 20, file_name: '1.png' }],
      annotations: [{ id: 1, image_id: 1, caption: 'grey' }],
    }),
  )
  await refused(good, /has no categories; it must be a COCO file of objects/)
})

test('a set without objects is reported', async (t) => {
  const { warnings } = await loadCocoSet(await writeCoco(t, {}))
  assert.match(warnings.join(), /None of the 4 images .* has an object/)
})

test('when all images or categories are refused, the message says why', async (t) => {
  const { images, annotations } = await writeCoco(t, { annotations: [box(1, 1, 3, [4, 2, 10, 6])] })
  const dataset = JSON.parse(readFileSync(annotations, 'utf8'))
  const refused = async (change: object, message: RegExp): Promise<void> => {
    await writeFile(annotations, JSON.stringify({ ...dataset, ...change }))
    await assert.rejects(
      loadCocoSet({ images, annotations }),
      (error) => error instanceof DatasetError && message.test(error.message),
    )
  }
  const changed = (change: object) => dataset.images.map((image: object) => ({ ...image, ...change }))
  await refused(
    { images: changed({ width: undefined }) },
    /^None of the images of ".*mine\.json" can be used \(4 × missing key\); the first: images\[0\] \(id 1\): the key "width" is missing\.$/,
  )
  await refused(
    { images: changed({ id: 'a' }) },
    /\(4 × invalid id\); the first: images\[0\]: id is "a", but must be a/,
  )
  await refused(
    { images: changed({ id: 1 }) },
    /\(4 × ambiguous id\); .* several entries have this id: 1 \("1\.png"\) and/,
  )
  await refused({ images: {} }, /is not a COCO file of objects: "images" is \{\}, but must be a list\.$/)
  await refused(
    { categories: undefined },
    /is not a COCO file of objects: the key "categories" is missing\.$/,
  )
  await refused({ categories: [{ name: 'a' }] }, /None of the categories of .*the key "id" is missing\.$/)
})

test('what was completed is reported, and does not change what is learnt', async (t) => {
  const annotations = [box(1, 1, 3, [4, 2, 10, 6]), box(2, 2, 17, [4, 2, 10, 6])]
  const plain = await loadCocoSet(await writeCoco(t, { annotations }))
  const unusual = annotations.map(({ area, id, image_id, ...rest }) => ({
    ...{ ...rest, id: `${id}`, image_id: `${image_id}`, iscrowd: '0', segmentation: [] },
  }))
  const { set, warnings } = await loadCocoSet(await writeCoco(t, { annotations: unusual as never }))
  assert.deepEqual(
    set.images.map(({ boxes, labels, crowd }) => [boxes, labels, crowd]),
    plain.set.images.map(({ boxes, labels, crowd }) => [boxes, labels, crowd]),
  )
  assert.deepEqual(
    warnings.map((warning) => warning.replace(/^".*": (.*) \(the first.*$/, '$1')),
    [
      '2 annotations have ids that are written as text; they were read as numbers',
      '2 annotations have an empty segmentation, so no mask',
      '2 annotations have an iscrowd that is neither 0 nor 1; it was converted to 0 or 1',
      '2 annotations have no usable area; it was computed from the box',
    ],
  )
})

test('boxes that look as if they were in another form are reported', async (t) => {
  const told = async (bboxes: number[][]): Promise<string> => {
    const annotations = bboxes.map((bbox, i) => box(i + 1, 1, 3, bbox))
    return (await loadCocoSet(await writeCoco(t, { annotations }))).warnings.join('\n')
  }
  assert.match(
    await told([
      [0.1, 0.1, 0.5, 0.5],
      [0, 0, 1, 1],
    ]),
    /^All 2 boxes of ".*" lie between 0 and 1: /,
  )
  // On images of 40 × 20 pixels.
  const corners = [
    [20, 10, 30, 18],
    [5, 5, 30, 12],
    [25, 2, 38, 19],
    [1, 1, 9, 9],
  ]
  assert.match(await told(corners), /^The boxes of ".*" look like \[x1, y1, x2, y2\], but COCO's boxes are /)
  assert.equal(await told(corners.map(([x1, y1, x2, y2]) => [x1, y1, x2 - x1, y2 - y1])), '')
})
