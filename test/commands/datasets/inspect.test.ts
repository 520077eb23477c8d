import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { inspect } from '../../helpers/commands/inspect.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const dataset = {
  images: [
    { id: 1, width: 120, height: 100, file_name: 'grey.png' },
    { id: 2, width: 60, height: 50, file_name: 'gone.png' },
    { id: 3, width: 60, height: 50, file_name: 'other-size.png' },
  ],
  categories: [
    { id: 1, name: 'cat & <kin>', keypoints: ['a', 'b'], skeleton: [[1, 2]] },
    { id: 2, name: 'dog' },
  ],
  annotations: [
    {
      ...{ id: 1, image_id: 1, category_id: 1, bbox: [20, 20, 40, 40], area: 1600, iscrowd: 0 },
      ...{
        segmentation: [[20, 20, 60, 20, 60, 60, 20, 60]],
        keypoints: [30, 30, 2, 50, 50, 2],
        num_keypoints: 2,
      },
    },
    {
      ...{ id: 2, image_id: 1, category_id: 1, bbox: [80, 0, 20, 100], area: 2000, iscrowd: 1 },
      segmentation: { size: [100, 120], counts: [8000, 2000, 2000] },
    },
    { id: 3, image_id: 2, category_id: 1, bbox: [50, 10, 20, 0], area: 0, iscrowd: 0 },
    { id: 3, image_id: 2, category_id: 1, bbox: [0, 0, 1, 1], area: 1, iscrowd: 0 },
    { id: 4, image_id: 9, category_id: 1, bbox: [0, 0, 1, 1], area: 1, iscrowd: 0 },
  ],
}

test('inspect: counts, problems, files that do not fit, and a drawing', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'a.json')
  const images = join(folder, 'images')
  await writeFile(path, JSON.stringify(dataset))
  await mkdir(images)
  const grey = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#808080' } })
  await grey(120, 100).toFile(join(images, 'grey.png'))
  await grey(50, 60).toFile(join(images, 'other-size.png'))

  const figures = JSON.parse(await inspect(t, path, '--images', images, '--json'))
  assert.deepEqual(figures.images, {
    count: 3,
    withoutObjects: 1,
    width: { least: 60, median: 60, most: 120 },
    height: { least: 50, median: 50, most: 100 },
  })
  const { count, crowds, small, medium, large, polygons, rle, withoutMask, withKeypoints } = figures.objects
  assert.deepEqual(
    { count, crowds, small, medium, large },
    { count: 3, crowds: 1, small: 1, medium: 2, large: 0 },
  )
  assert.deepEqual(
    { polygons, rle, withoutMask, withKeypoints },
    { polygons: 1, rle: 1, withoutMask: 1, withKeypoints: 1 },
  )
  assert.deepEqual(figures.categories[0], { id: 1, name: 'cat & <kin>', images: 2, objects: 3, crowds: 1 })
  assert.deepEqual(figures.problems.byKind, { 'duplicate-id': 1, 'unknown-image': 1 })
  assert.match(figures.problems.first[0], /^annotations\[3\] \(id 3\): another entry/)
  assert.equal(figures.imageFiles.length, 2)
  assert.match(figures.imageFiles.join('\n'), /image 2: there is no file .*gone\.png/)
  assert.match(figures.imageFiles.join('\n'), /image 3: .* is 50 × 60, but the annotations say 60 × 50/)
  assert.match(figures.warnings.join('\n'), /1 category has no objects: dog \(id 2\)/)
  assert.match(figures.warnings.join('\n'), /1 box has no area inside its image; training leaves it out/)

  const sheet = join(folder, 'sheet.png')
  const text = await inspect(t, path, '--images', images, '--draw', sheet, '--count', '1')
  assert.match(text, /^objects +3, 1 of them crowds/m)
  assert.match(text, /^problems: 2$/m)
  const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true })
  // One image in a place of 360 × 300, so at a scale of 3, behind a gap of 6.
  assert.deepEqual([info.width, info.height], [372, 312])
  const colour = (x: number, y: number): number[] => {
    const at = ((6 + 3 * y) * info.width + 6 + 3 * x) * info.channels
    return [...data.subarray(at, at + 3)]
  }
  assert.deepEqual(colour(5, 90), [128, 128, 128])
  assert.notDeepEqual(colour(25, 50), [128, 128, 128]) // within the polygon
  assert.deepEqual(colour(90, 70), colour(25, 50)) // within the crowd's run-length mask, of the same category
  assert.deepEqual(colour(30, 30), [255, 255, 255]) // a keypoint
  assert.ok(Math.min(...colour(40, 40)) > 230) // the bone between the two, a thin line
})

test('inspect refuses what is no annotation file', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'cut.json')
  await writeFile(path, JSON.stringify(dataset).slice(0, 200))
  await assert.rejects(inspect(t, path), /cut\.json: the text ends too early/)
})

test('inspect reports what was completed, and what is probably a mistake', async (t) => {
  const path = join(await temporaryFolder(t), 'unusual.json')
  const annotations = [0, 1, 2].map((id) => ({
    ...{ id, image_id: '1', category_id: 1, bbox: [10, 10, 20, 20], iscrowd: '0', segmentation: [] },
  }))
  const categories = [
    { id: 0, name: 'pets', supercategory: 'none' },
    { id: 1, name: 'cat', supercategory: 'pets' },
    { id: 2, name: 'cat', supercategory: 'pets' },
    { id: 3, name: null, supercategory: 'pets' },
    { id: 4, name: 'long\n'.repeat(20), supercategory: 'pets' },
  ]
  await writeFile(path, JSON.stringify({ images: dataset.images, annotations, categories }))
  const { completed, warnings, objects } = JSON.parse(await inspect(t, path, '--json'))
  assert.deepEqual([objects.count, objects.crowds, objects.withoutMask], [3, 0, 3])
  assert.deepEqual(completed, {
    count: 4,
    byKind: { 'category-name': 1, 'text-id': 3, 'empty-mask': 3, 'crowd-flag': 3, 'area-from-box': 3 },
    kinds: completed.kinds,
  })
  assert.match(
    completed.kinds[0],
    /^1 category has no usable name; it was given one \(categories\[3\] \(id 3\): its name is null, so it is called "category 3"\)$/,
  )
  assert.deepEqual(warnings, [
    '1 annotation has the id 0, which COCO’s evaluation takes for "not found": count from 1 (the first: id 0)',
    `3 categories have no objects: cat (id 2), category 3 (id 3), ${'long␣'.repeat(7)}long… (id 4)`,
    '1 category is only the supercategory of others; training leaves it out (the first: id 0)',
    '2 categories have the same name: cat (id 1), cat (id 2); training refuses this where they have objects',
    '1 category has a name of more than 40 characters, or with line breaks (the first: id 4)',
  ])
  const text = await inspect(t, path)
  assert.match(text, /^completed entries: 4\n {2}1 category has no usable name/m)
  assert.match(text, /^ {2}long␣long␣\S*… +4 +0 +0 +0$/m)

  await writeFile(path, JSON.stringify({ images: dataset.images, annotations: [], categories }))
  assert.match(await inspect(t, path), /^note: there is no object to learn from; training refuses this$/m)
})
