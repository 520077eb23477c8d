import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import sharp from 'sharp'
import { drawClassSheet } from '../../datasets/class-sheet.js'
import { cifar10Folder } from '../../datasets/classification/cifar10.js'
import type { ImageSet } from '../../datasets/classification/image-set.js'
import { loadDataset } from '../../datasets/index.js'
import { packageRoot } from '../../src/shared/package-root.js'

const temporary = mkdtempSync(join(tmpdir(), 'load-dataset-'))
after(() => rmSync(temporary, { recursive: true }))

const real = join(packageRoot(), '.data')
const withoutCifar10 = !existsSync(join(real, cifar10Folder)) && 'CIFAR-10 is not in .data'

/** Five images of each of two classes, one file broken. */
async function imageFolder(name: string): Promise<string> {
  const folder = join(temporary, name)
  for (const kind of ['cat', 'dog']) {
    mkdirSync(join(folder, 'train', kind), { recursive: true })
    for (let i = 0; i < 5; i++) {
      const image = sharp({
        create: { width: 9, height: 9, channels: 3, background: { r: i * 50, g: 0, b: 0 } },
      })
      await image.toFile(join(folder, 'train', kind, `${i}.png`))
    }
  }
  writeFileSync(join(folder, 'train', 'cat', 'broken.jpg'), 'broken')
  return folder
}

describe('loadDataset', () => {
  it('recognises a folder of images, splits it by seed and warns of what is left out', async () => {
    const folder = await imageFolder('pets')
    const options = { size: 8, validation: 4 }
    const loaded = await loadDataset(folder, { ...options, seed: 1 })
    assert.deepEqual(loaded.classes, ['cat', 'dog'])
    assert.deepEqual([loaded.train.count, loaded.validation!.count, loaded.test], [6, 4, undefined])
    assert.equal(loaded.train.height, 8)
    assert.equal(loaded.warnings.length, 1)
    assert.match(
      loaded.warnings[0],
      /^1 image in ".*pets" could not be read and is left out: .*broken\.jpg \(/,
    )
    assert.deepEqual(await loadDataset(folder, { ...options, seed: 1 }), loaded)
    const other = await loadDataset(folder, { ...options, seed: 2 })
    assert.notDeepEqual(other.validation!.pixels, loaded.validation!.pixels)
  })

  it("uses a folder's own validation images", async () => {
    const folder = await imageFolder('own')
    mkdirSync(join(folder, 'val', 'dog'), { recursive: true })
    await sharp({ create: { width: 9, height: 9, channels: 3, background: '#fff' } }).toFile(
      join(folder, 'val', 'dog', 'a.png'),
    )
    const { train, validation } = await loadDataset(folder, { size: 8, validation: 4 })
    assert.deepEqual([train.count, validation!.count], [10, 1])
  })

  it('says what is missing and how to get it', async () => {
    const empty = join(temporary, 'empty')
    mkdirSync(empty)
    for (const [name, options, expected] of [
      [
        'cifar10',
        { dataDir: empty },
        /^DatasetError: CIFAR-10 is not in ".*empty"; run "toolkit datasets fetch cifar10", or .*--data DIR/,
      ],
      [
        'imagenet',
        {},
        /^DatasetError: There is no data set "imagenet": it is neither "embedded" nor "cifar10" nor a folder/,
      ],
      [
        empty,
        {},
        /^DatasetError: ".*empty" is not a known data set: it needs <class>\/\*\.jpg or train\/<class>\/\*\.jpg .*, tar shards or/,
      ],
    ] as const) {
      await assert.rejects(loadDataset(name, options), expected)
    }
    process.env.TOOLKIT_DATA = join(temporary, 'elsewhere')
    try {
      await assert.rejects(loadDataset('cifar10'), /CIFAR-10 is not in ".*elsewhere"/)
    } finally {
      delete process.env.TOOLKIT_DATA
    }
  })

  it('finds CIFAR-10 by name and by folder, and splits 45,000 from 5,000', {
    skip: withoutCifar10,
  }, async () => {
    const named = await loadDataset('cifar10', { dataDir: real, validation: 5000, seed: 3 })
    assert.deepEqual([named.train.count, named.validation!.count, named.test!.count], [45_000, 5_000, 10_000])
    const folder = await loadDataset(join(real, cifar10Folder))
    assert.deepEqual([folder.train.count, folder.validation], [50_000, undefined])
    assert.deepEqual(folder.test, named.test)
    await assert.rejects(
      loadDataset('cifar10', { dataDir: real, size: 64 }),
      /32 × 32 pixels; size 64 is not possible/,
    )
  })
})

describe('drawClassSheet', () => {
  it('gives each class its row and each part its block', async () => {
    const colours = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ]
    const labels = Int32Array.from([2, 0, 1, 0, 2, 2])
    const set: ImageSet = {
      name: 'colours',
      pixels: Uint8Array.from([...labels].flatMap((label) => new Array(16).fill(colours[label]).flat())),
      labels,
      count: 6,
      height: 4,
      width: 4,
      classes: ['a', 'b & <b>', 'c'],
    }
    const parts = [
      { title: 'left', set, columns: 2 },
      { title: 'right', set, columns: 1 },
    ]
    const { png, rows } = await drawClassSheet(parts, 5)
    assert.equal(rows, 3)
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    // For each row: which colours stand in it, and how many 20-pixel places each fills.
    const areas = Array.from({ length: 3 }, (_, row) => {
      const y = info.height - (3 - row) * 22 + 10
      return colours.map((colour) => {
        let run = 0
        for (let x = 0; x < info.width; x++) {
          const at = (y * info.width + x) * 3
          if (colour.every((value, c) => data[at + c] === value)) run++
        }
        return run / 20
      })
    })
    // Class a has two images on the left and one on the right; b one each; c two of its three and one.
    assert.deepEqual(areas, [
      [3, 0, 0],
      [0, 2, 0],
      [0, 0, 3],
    ])
  })
})
