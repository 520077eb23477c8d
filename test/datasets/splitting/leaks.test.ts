import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { findLeaks } from '../../../datasets/splitting/leaks.js'
import { random } from '../../../src/shared/random.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('images that two parts share, or nearly so, are found; those within a part are no leak', async (t) => {
  const folder = await temporaryFolder(t)
  const picture = async (seed: number, name: string, side: number): Promise<string> => {
    const { uniform } = random(seed, 'leaks')
    const coarse = Buffer.from(Array.from({ length: 144 }, () => Math.floor(256 * uniform())))
    const path = join(folder, name)
    await sharp(coarse, { raw: { width: 12, height: 12, channels: 1 } })
      .resize(side, side, { fit: 'fill', kernel: 'cubic' })
      .toFile(path)
    return path
  }
  const [a, again, b] = [
    await picture(1, 'a.png', 300),
    await picture(1, 'a2.png', 280),
    await picture(2, 'b.png', 300),
  ]
  const [smaller, other] = [await picture(1, 'small.jpg', 120), await picture(3, 'c.png', 300)]
  const counts: number[] = []
  const parts = [
    { name: 'train', paths: [a, again, b] },
    { name: 'val', paths: [other, smaller] },
    { name: 'test', paths: [join(folder, 'missing.png')] },
  ]
  assert.deepEqual(await findLeaks(parts, (done) => counts.push(done)), [
    { parts: ['train', 'val'], count: 1, example: [a, smaller] },
  ])
  assert.deepEqual(counts, [1, 2, 3, 4, 5, 6])
  assert.deepEqual(await findLeaks([{ name: 'train', paths: [a, again] }]), [])
})
