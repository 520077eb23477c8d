import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { cifar10Folder, loadCifar10, verifyCifar10 } from '../../../datasets/classification/cifar10.js'
import { splitTrainValidation } from '../../../datasets/classification/split.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { small, smallNames, smallValue, writeSmallCifar10 } from '../../helpers/datasets/small-cifar10.js'

const temporary = mkdtempSync(join(tmpdir(), 'cifar10-'))
after(() => rmSync(temporary, { recursive: true }))

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
}

let copies = 0
const freshCopy = () => writeSmallCifar10(join(temporary, `copy${copies++}`, cifar10Folder))

describe('loadCifar10', () => {
  it('interleaves the planes and keeps order, labels and names', async () => {
    const { train, test } = await loadCifar10(freshCopy(), small)
    assert.equal(train.count, 35)
    assert.equal(test.count, 7)
    assert.deepEqual(train.classes, smallNames)
    assert.deepEqual([train.height, train.width, train.pixels.length], [32, 32, 35 * 3072])
    for (const [set, image, file, record] of [
      [train, 0, 0, 0],
      [train, 9, 1, 2],
      [train, 34, 4, 6],
      [test, 3, 5, 3],
    ] as const) {
      assert.equal(set.labels[image], (file + record) % 10)
      for (const [y, x, c] of [
        [0, 0, 0],
        [0, 1, 1],
        [31, 31, 2],
        [13, 5, 0],
      ]) {
        assert.equal(set.pixels[((image * 32 + y) * 32 + x) * 3 + c], smallValue(file, record, c, y, x))
      }
    }
  })

  it('takes the parent folder as well', async () => {
    const folder = freshCopy()
    assert.equal((await loadCifar10(join(folder, '..'), small)).test.count, 7)
    assert.equal(await verifyCifar10(join(folder, '..'), small), folder)
  })

  const damages: [what: string, damage: (folder: string) => void, expected: RegExp][] = [
    [
      'a missing file',
      (f) => rmSync(join(f, 'data_batch_4.bin')),
      /^data_batch_4\.bin is missing in ".*fetch/,
    ],
    ['missing names', (f) => rmSync(join(f, 'batches.meta.txt')), /^batches\.meta\.txt is missing/],
    [
      'nine names',
      (f) => writeFileSync(join(f, 'batches.meta.txt'), smallNames.slice(1).join('\n')),
      /9 class names instead of 10/,
    ],
    [
      'a truncated file',
      (f) => truncateSync(join(f, 'data_batch_2.bin'), 3073 * 4 + 100),
      /data_batch_2\.bin is truncated: 12,392 bytes instead of 21,511, it ends in record 5 of 7; fetch/,
    ],
    [
      'an oversized file',
      (f) => writeFileSync(join(f, 'test_batch.bin'), Buffer.alloc(21512)),
      /test_batch\.bin is too large: 21,512 bytes instead of 21,511/,
    ],
    [
      'a wrong label',
      (f) => writeFileSync(join(f, 'data_batch_5.bin'), Buffer.alloc(21511).fill(10, 3073 * 2, 3073 * 2 + 1)),
      /data_batch_5\.bin has label 10 in record 3 \(byte offset 6,146\)/,
    ],
    ['an empty folder', emptyFolder, /holds no CIFAR-10 file such as/],
    [
      'no folder',
      (f) => rmSync(f, { recursive: true }),
      /^There is no folder ".*; run "toolkit datasets fetch/,
    ],
    [
      'the Python version',
      (f) => {
        emptyFolder(f)
        writeFileSync(join(f, 'data_batch_1'), '')
      },
      /holds the Python version/,
    ],
  ]
  for (const [what, damage, expected] of damages) {
    it(`refuses ${what}`, async () => {
      const folder = freshCopy()
      damage(folder)
      const refused = { name: 'DatasetError', message: expected }
      await assert.rejects(loadCifar10(folder, small), refused)
      await assert.rejects(verifyCifar10(folder, small), refused)
    })
  }

  it('refuses folders without anything of CIFAR-10', async () => {
    const empty = join(temporary, 'empty')
    mkdirSync(empty)
    await assert.rejects(loadCifar10(empty), /^DatasetError: The folder ".*empty" is empty; CIFAR-10 needs/)
    cpSync(join(freshCopy(), 'batches.meta.txt'), join(empty, 'other.txt'))
    await assert.rejects(
      loadCifar10(empty),
      /holds neither data_batch_1\.bin nor a folder cifar-10-batches-bin/,
    )
  })
})

describe('splitTrainValidation', () => {
  it('divides the images by seed, losing and doubling none', async () => {
    const { train } = await loadCifar10(freshCopy(), small)
    const hashes = (set: { pixels: Uint8Array; count: number; labels: Int32Array }) =>
      Array.from({ length: set.count }, (_, i) =>
        createHash('md5')
          .update(set.pixels.subarray(i * 3072, (i + 1) * 3072))
          .update(String(set.labels[i]))
          .digest('hex'),
      )
    const first = splitTrainValidation(train, { validation: 10, seed: 1 })
    assert.equal(first.train.count, 25)
    assert.equal(first.validation.count, 10)
    assert.deepEqual([...hashes(first.train), ...hashes(first.validation)].sort(), hashes(train).sort())
    assert.deepEqual(splitTrainValidation(train, { validation: 10, seed: 1 }), first)
    assert.notDeepEqual(
      hashes(splitTrainValidation(train, { validation: 10, seed: 2 }).validation),
      hashes(first.validation),
    )
    for (const validation of [0, 35, 2.5])
      assert.throws(() => splitTrainValidation(train, { validation, seed: 1 }), /Cannot hold .* from 1 to 34/)
  })
})

const real = join(packageRoot(), '.data', cifar10Folder)
describe('the real CIFAR-10', { skip: !existsSync(real) && 'it is not in .data' }, () => {
  it('has 5,000 training and 1,000 test images of each class', async () => {
    const { train, test } = await loadCifar10(join(real, '..'))
    for (const [set, each] of [
      [train, 5000],
      [test, 1000],
    ] as const) {
      const counts = new Array(10).fill(0)
      for (const label of set.labels) counts[label]++
      assert.deepEqual(counts, new Array(10).fill(each))
    }
    // The published channel means of the training set, 0.4914, 0.4822, 0.4465 of 255: a swap of planes would show.
    const sums = [0, 0, 0]
    for (let i = 0; i < train.pixels.length; i++) sums[i % 3] += train.pixels[i]
    for (const [c, mean] of [0.4914, 0.4822, 0.4465].entries())
      assert.ok(Math.abs(sums[c] / (50_000 * 1024 * 255) - mean) < 0.002, `channel ${c}: ${sums[c]}`)
  })
})
