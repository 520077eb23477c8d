import assert from 'node:assert/strict'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readClassFolders } from '../../../datasets/classification/class-folders.js'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { splitCommand } from '../../../src/commands/datasets/split.js'
import { writeTree } from '../../helpers/datasets/annotated-files.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** What `toolkit datasets split` prints, and says on stderr, run in this process. */
async function split(t: TestContext, ...args: string[]): Promise<{ out: string; notes: string }> {
  const mocks = [t.mock.method(console, 'log', () => {}), t.mock.method(console, 'error', () => {})]
  await splitCommand()
    .parseAsync(args, { from: 'user' })
    .finally(() => {
      for (const mock of mocks) mock.mock.restore()
    })
  const [out, notes] = mocks.map(({ mock }) =>
    mock.calls.map((call) => `${(call.arguments as unknown[])[0]}\n`).join(''),
  )
  return { out, notes }
}

/** Ten images with a cat each, two of them with a dog, one with an owl. */
async function writePhotos(folder: string): Promise<void> {
  const images = Array.from({ length: 10 }, (_, i) => ({
    id: i + 1,
    width: 40,
    height: 20,
    file_name: `${i}.png`,
  }))
  const object = (id: number, image_id: number, category_id: number) => ({
    id,
    image_id,
    category_id,
    bbox: [1, 1, 5, 5],
  })
  await writeTree(folder, {
    'photos.json': JSON.stringify({
      images,
      categories: ['cat', 'dog', 'owl'].map((name, i) => ({ id: i + 1, name })),
      annotations: [
        ...images.map(({ id }) => object(id, id, 1)),
        object(11, 1, 2),
        object(12, 2, 2),
        object(13, 3, 3),
      ],
    }),
    ...Object.fromEntries(images.map(({ file_name }) => [`photos/${file_name}`, [40, 20] as const])),
  })
}

describe('toolkit datasets split', () => {
  it('writes COCO files that find their images, and a table', async (t) => {
    const folder = await temporaryFolder(t)
    await writePhotos(folder)
    const [from, out] = [join(folder, 'photos.json'), join(folder, 'lists')]
    const { out: text, notes } = await split(t, from, '--out', out, '--val', '0.3')
    assert.match(text, /^7 images for train, 3 images for val: /)
    assert.match(text, /^category +train images +objects +val images +objects$/m)
    assert.match(text, /^cat +7 +7 +3 +3$/m)
    assert.match(text, /^dog +1 +1 +1 +1$/m)
    assert.match(
      text,
      /^Train on it: toolkit finetune-coco --data .*photos --annotations .*train\.json --val-images /m,
    )
    assert.match(notes, /val has no object of a category, which cannot be measured there: owl\./)
    const [train, val] = await Promise.all(
      ['train', 'val'].map((part) =>
        loadCocoSet({ images: join(folder, 'photos'), annotations: join(out, `${part}.json`) }),
      ),
    )
    assert.deepEqual([train.set.images.length, val.set.images.length], [7, 3])
    assert.deepEqual(val.set.categories, train.set.categories)
    const both = [...train.set.images, ...val.set.images].map(({ id }) => id)
    assert.deepEqual(
      both.sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
  })

  it('prints JSON, and takes some categories', async (t) => {
    const folder = await temporaryFolder(t)
    await writePhotos(folder)
    const args = [
      join(folder, 'photos.json'),
      '--out',
      join(folder, 'lists'),
      '--categories',
      'Dog',
      '--json',
      '--test',
      '0.2',
    ]
    const { parts, categories, images } = JSON.parse((await split(t, ...args)).out)
    assert.deepEqual(Object.keys(parts), ['train', 'val', 'test'])
    assert.equal(parts.train.file, join(folder, 'lists', 'train.json'))
    assert.deepEqual(
      categories.map(({ name }: { name: string }) => name),
      ['dog'],
    )
    assert.equal(images, join(folder, 'photos'))
    const written = JSON.parse(await readFile(parts.train.file, 'utf8'))
    assert.deepEqual(written.categories, [{ id: 2, name: 'dog' }])
  })

  it('splits class folders into links that training follows, or copies', async (t) => {
    const folder = await temporaryFolder(t)
    const names = ['cat', 'dog'].flatMap((name) =>
      Array.from({ length: 10 }, (_, i) => `flowers/${name}/${name === 'dog' ? 'sub/' : ''}${i}.png`),
    )
    await writeTree(folder, Object.fromEntries(names.map((name) => [name, [8, 8] as const])))
    for (const copy of [false, true]) {
      const out = join(folder, copy ? 'copies' : 'links')
      const { out: text } = await split(t, join(folder, 'flowers'), '--out', out, ...(copy ? ['--copy'] : []))
      assert.match(
        text,
        /^16 images for train, 4 images for val: .*\n\nclass +train images +val images\n(cat|dog) +8 +2\n/,
      )
      assert.match(text, /^Train on it: toolkit train-backbone --data /m)
      const { classes, parts } = await readClassFolders(out)
      assert.deepEqual(classes, ['cat', 'dog'])
      assert.deepEqual([parts.train.files.length, parts.validation?.files.length], [16, 4])
      assert.equal((await lstat(parts.train.files[0].path)).isSymbolicLink(), !copy)
    }
  })

  it('splits train/ beside a test part, and says what becomes of that and of files that are no images', async (t) => {
    const folder = await temporaryFolder(t)
    const images = ['cat', 'Cat'].flatMap((name) =>
      Array.from({ length: 5 }, (_, i) => [`flowers/train/${name}/${i}.png`, [8, 8]] as const),
    )
    await writeTree(folder, {
      ...Object.fromEntries(images),
      'flowers/test/cat/a.png': [8, 8],
      'flowers/train/cat/notes.txt': '',
    })
    const { out, notes } = await split(t, join(folder, 'flowers'), '--out', join(folder, 'out'))
    assert.match(out, /^8 images for train, 2 images for val: /)
    assert.match(notes, /flowers\/test" stays where it is, and is no part of the split\.$/m)
    assert.match(notes, /^Left out of .*notes\.txt/m)
    assert.match(notes, /^2 classes in .* differ only in case or Unicode form: Cat, cat;/m)
  })

  it('refuses sets that are split, wrong shares, full folders, and flags that do not fit', async (t) => {
    const folder = await temporaryFolder(t)
    await writeTree(folder, {
      'yolo/data.yaml': 'train: images/train\nval: images/val\nnames: [cat]\n',
      'yolo/images/train/a.png': [9, 9],
      'yolo/images/val/b.png': [9, 9],
      'yolo/labels/train/a.txt': '0 0.5 0.5 0.1 0.1',
      'classes/train/cat/a.png': [9, 9],
      'classes/train/dog/a.png': [9, 9],
      'classes/val/cat/b.png': [9, 9],
      'one/cat/a.png': [9, 9],
      'full/x': '',
    })
    const out = ['--out', join(folder, 'out')]
    const [yolo, classes] = [join(folder, 'yolo'), join(folder, 'classes')]
    await assert.rejects(
      split(t, yolo, ...out),
      /split already: train \(1 images\), val \(1 images\); .*--part/,
    )
    await assert.rejects(split(t, yolo, ...out, '--part', 'x'), /has no part "x"/)
    await assert.rejects(split(t, yolo, ...out, '--part', 'train'), /1 image is too few to split/)
    await assert.rejects(
      split(t, classes, ...out),
      /split already: it has val; name the folder of one part, such as .*train/,
    )
    await assert.rejects(
      split(t, join(folder, 'one'), ...out),
      /has images of one class alone, "cat", and no annotations: /,
    )
    await assert.rejects(
      split(t, join(classes, 'train'), ...out, '--part', 'x'),
      /has class folders; leave out --part/,
    )
    await assert.rejects(split(t, yolo, ...out, '--val', '0.5', '--test', '0.5'), /less than 1 in all/)
    await assert.rejects(
      split(t, yolo, '--out', join(folder, 'full')),
      /is not empty; choose a new folder for the parts/,
    )
  })
})
