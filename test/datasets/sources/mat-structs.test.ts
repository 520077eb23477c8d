import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readMatStructs } from '../../../datasets/sources/mat-structs.js'
import { packageRoot } from '../../../src/shared/package-root.js'

const golden = join(packageRoot(), 'test/datasets/golden')

test("structs are read as scipy's savemat wrote them, compressed or not", () => {
  for (const name of ['meta.mat', 'meta-compressed.mat']) {
    const file = readFileSync(join(golden, name))
    const synsets = readMatStructs(file, 'synsets')
    assert.deepEqual(
      synsets?.map(({ ILSVRC2012_ID, WNID, num_train_images }) => [ILSVRC2012_ID, WNID, num_train_images]),
      [
        [1, 'n02119789', 1300],
        [2, 'n01443537', 1300],
        [3, 'n02123045', 1300],
        [300, 'n01440764', 1300],
        [1001, 'n02075296', 0],
      ],
    )
    assert.equal(synsets?.[2].gloss, 'a cat with a grey coat')
    assert.equal(synsets?.[0].children, null)
    assert.equal(readMatStructs(file, 'nothing'), null)
  }
})

test('what is no MAT file, or ends early, fails', () => {
  const file = readFileSync(join(golden, 'meta.mat'))
  assert.throws(() => readMatStructs(Buffer.alloc(200), 'synsets'), /no MAT file/)
  assert.throws(() => readMatStructs(file.subarray(0, 2000), 'synsets'), /ends early/)
})
