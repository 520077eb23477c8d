/** `toolkit datasets inspect --images`: what it finds in the files of images. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { inspect } from '../../helpers/commands/inspect.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('inspect tells what makes a data set fail or lose images in training', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'mine.json')
  const images = join(folder, 'images')
  await mkdir(images)
  const noise = Buffer.from(Array.from({ length: 60 * 50 * 3 }, (_, i) => (i * 7919) % 251))
  const photo = sharp(noise, { raw: { width: 60, height: 50, channels: 3 } })
  const jpeg = await photo.clone().jpeg().toBuffer()
  await writeFile(join(images, 'whole.jpg'), jpeg)
  await writeFile(join(images, 'cut.jpg'), jpeg.subarray(0, jpeg.length * 0.7))
  await writeFile(join(images, 'text.jpg'), 'no image')
  // Orientation 6: stored lying on its side, seen upright.
  await photo.clone().withMetadata({ orientation: 6 }).jpeg().toFile(join(images, 'turned.jpg'))
  await photo.clone().toColourspace('b-w').jpeg().toFile(join(images, 'grey.jpg'))
  await photo.clone().toColourspace('cmyk').jpeg().toFile(join(images, 'cmyk.jpg'))
  const names = ['whole', 'cut', 'text', 'turned', 'grey', 'cmyk']
  const entries = names.map((name, i) => ({
    ...{ id: i + 1, width: name === 'turned' ? 50 : 60, height: name === 'turned' ? 60 : 50 },
    file_name: `${name}.jpg`,
  }))
  const box = (id: number, bbox: number[]) => ({
    ...{ id, image_id: 1, category_id: 7, bbox, area: 100, iscrowd: 0 },
  })
  const annotations = [
    box(1, [10, 10, 10, 10]),
    box(2, [55, 10, 10, 10]),
    box(3, [60, 10, 10, 10]),
    box(4, [10, 10, 0, 10]),
    box(5, [10, 10, -5, 10]),
  ]
  const categories = [
    { id: 7, name: 'cat' },
    { id: 3, name: 'dog' },
  ]
  const write = (more: object) =>
    writeFile(path, JSON.stringify({ images: entries, annotations, categories, ...more }))
  await write({})
  const {
    imageFiles,
    warnings,
    problems,
    images: counted,
  } = JSON.parse(await inspect(t, path, '--images', images, '--json'))
  assert.equal(counted.withoutObjects, 5)
  assert.equal(imageFiles.length, 2)
  assert.match(imageFiles[0], /^image 2: .*cut\.jpg cannot be read \(.*(premature end of JPEG|cut short)/)
  assert.match(imageFiles[1], /^image 3: .*text\.jpg cannot be read \(.*unsupported image format/)
  assert.deepEqual(problems.byKind, { 'bad-box': 1 })
  assert.match(problems.first[0], /\(id 5\): bbox\[2\] is -5, but a width cannot be negative/)
  assert.deepEqual(warnings, [
    '1 box reaches over the edge of its image, where training cuts it (the first: id 2)',
    '2 boxes have no area inside their image; training leaves them out (the first: id 3)',
    '1 category has no objects: dog (id 3)',
    'category ids have gaps (2 of 3 to 7), which is allowed',
  ])

  await write({ images: entries.map((entry) => ({ ...entry, file_name: `other-${entry.file_name}` })) })
  const text = await inspect(t, path, '--images', images)
  assert.match(text, /^image files that do not fit: 6$/m)
  assert.match(
    text,
    /^note: ".*mine\.json" is for other images than those in ".*images": all of its 6 images are missing there, for example other-whole\.jpg;/m,
  )
  await assert.rejects(
    inspect(t, path, '--images', join(folder, 'gone')),
    /^DatasetError: There is no folder ".*gone"; name the one that holds the images\.$/,
  )
})

test('inspect finds and draws images whose names another tool has spelt, and names those that fit several files', async (t) => {
  const folder = await temporaryFolder(t)
  const images = join(folder, 'images')
  for (const place of ['', 'a', 'b']) await mkdir(join(images, place), { recursive: true })
  const blue = sharp({ create: { width: 60, height: 50, channels: 3, background: '#2040c0' } })
  for (const name of ['one two.png', 'a/3.png', 'b/3.png']) await blue.clone().toFile(join(images, name))
  const names = ['C:\\images\\One%20Two.PNG', '3.png']
  const path = join(folder, 'mine.json')
  await writeFile(
    path,
    JSON.stringify({
      images: names.map((file_name, i) => ({ id: i + 1, width: 60, height: 50, file_name })),
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [5, 5, 10, 10], area: 100, iscrowd: 0 }],
      categories: [{ id: 1, name: 'cat' }],
    }),
  )
  const sheet = join(folder, 'sheet.png')
  const text = await inspect(t, path, '--images', images, '--draw', sheet)
  assert.match(
    text,
    /^image files that do not fit: 1\n {2}image 2: "3\.png" fits a\/3\.png and b\/3\.png in /m,
  )
  assert.match(
    text,
    /^note: 1 image of ".*mine\.json" was found in .* under another spelling: .*One%20Two\.PNG" is .*one two\.png\.$/m,
  )
  const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true })
  const at = (200 * info.width + 200) * info.channels
  assert.deepEqual([...data.subarray(at, at + 3)], [0x20, 0x40, 0xc0])
})

test('inspect names images whose orientation makes it unclear how their boxes were drawn', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'turned.json')
  const names = ['upright', 'around', 'mirrored', 'square', 'told', 'fine']
  const orientations = [1, 3, 2, 6, 6, 8]
  const entries = []
  for (const [i, name] of names.entries()) {
    const [width, height] = name === 'square' ? [50, 50] : [60, 50]
    const photo = sharp({ create: { width, height, channels: 3, background: '#808080' } })
    await photo
      .withMetadata({ orientation: orientations[i] })
      .jpeg()
      .toFile(join(folder, `${name}.jpg`))
    // The size tells that the boxes of these two are for the image as it is seen, and as it is stored.
    const size = name === 'told' ? { width: 50, height: 60 } : { width, height }
    entries.push({ id: i + 1, ...size, file_name: `${name}.jpg` })
  }
  const annotations = [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 9, 9], area: 81, iscrowd: 0 }]
  await writeFile(
    path,
    JSON.stringify({ images: entries, annotations, categories: [{ id: 1, name: 'cat' }] }),
  )
  const { warnings, imageFiles } = JSON.parse(await inspect(t, path, '--images', folder, '--json'))
  assert.deepEqual(imageFiles, [])
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0],
    /^3 images have an EXIF orientation, so it is unclear how the boxes were drawn \(1 turned by 180°: around\.jpg; 1 mirrored: mirrored\.jpg; 1 square, turned by 90°: square\.jpg\)\. /,
  )
})
