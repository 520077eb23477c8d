import assert from 'node:assert/strict'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { NamedTensor } from '../../../src/weights/source.js'
import { crc32c, masked } from '../../../src/weights/tf-checkpoint/crc32c.js'
import { encodeBundleEntry, encodeBundleHeader } from '../../../src/weights/tf-checkpoint/messages.js'
import { openTfCheckpoint } from '../../../src/weights/tf-checkpoint/open-checkpoint.js'
import { writeTfCheckpoint } from '../../../src/weights/tf-checkpoint/write-checkpoint.js'
import { encodeTable } from '../../../src/weights/tf-checkpoint/write-table.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const bitsOf = (numbers: Float32Array): Uint32Array =>
  new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)

async function assertHolds(prefix: string, tensors: readonly NamedTensor[]): Promise<void> {
  const source = await openTfCheckpoint(prefix)
  const sorted = [...tensors].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  assert.deepEqual(
    [...source.tensors.values()],
    sorted.map(({ name, shape }) => ({ name, dtype: 'float32', shape })),
  )
  for (const { name, data } of tensors) assert.deepEqual(bitsOf(await source.read(name)), bitsOf(data), name)
  await source.close()
}

/** Tensors of any bits, of up to four axes. */
const anyTensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((size, side) => size * side, 1)
  const bits = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: length, maxLength: length })
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text[0] !== '\0')
  return fc.record({
    ...{ name, shape: fc.constant(shape) },
    data: bits.map((values) => new Float32Array(Uint32Array.from(values).buffer)),
  })
})

describe('writeTfCheckpoint', () => {
  it('writes what is read again, bit for bit', async (t) => {
    const folder = await temporaryFolder(t)
    let count = 0
    const lists = fc.uniqueArray(anyTensor, { selector: ({ name }) => name, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(lists, async (tensors) => {
        const prefix = join(folder, `${count++}.ckpt`)
        await writeTfCheckpoint(prefix, tensors)
        await assertHolds(prefix, tensors)
      }),
    )
  })

  it('writes an index of many blocks', async (t) => {
    const prefix = join(await temporaryFolder(t), 'model.ckpt')
    const tensors = Array.from({ length: 12_000 }, (_, i) => ({
      ...{ name: `cell_${i}/some/rather/long/name/weights`, shape: [], data: Float32Array.of(i) },
    }))
    await writeTfCheckpoint(prefix, tensors)
    assert.ok((await readFile(`${prefix}.index`)).length > 2 ** 18)
    await assertHolds(prefix, tensors)
  })

  it('replaces a checkpoint whole, or leaves it as it was', async (t) => {
    const folder = await temporaryFolder(t)
    const prefix = join(folder, 'model.ckpt')
    const old = [{ name: 'a', shape: [2], data: Float32Array.of(1, 2) }]
    await writeTfCheckpoint(prefix, old)
    await assert.rejects(
      writeTfCheckpoint(join(folder, 'missing', 'model.ckpt'), old),
      /^UserError: Cannot write .*missing.*: it does not exist/,
    )
    await assert.rejects(writeTfCheckpoint(prefix, [{ ...old[0], shape: [3] }]), /holds 2 numbers/)
    await assertHolds(prefix, old)
    const next = [{ name: 'b', shape: [1], data: Float32Array.of(3) }]
    await writeTfCheckpoint(prefix, next)
    await assertHolds(prefix, next)
    const data = 'model.ckpt.data-00000-of-00001'
    assert.deepEqual((await readdir(folder)).sort(), [data, 'model.ckpt.index'])
    // The data cannot be put in its place, so that the index that would go with it is not there either.
    const blocked = join(folder, 'blocked')
    await mkdir(join(blocked, data), { recursive: true })
    await assert.rejects(
      writeTfCheckpoint(join(blocked, 'model.ckpt'), next),
      /^UserError: Cannot write .*data-0/,
    )
    assert.deepEqual(await readdir(blocked), [data])
  })

  it('refuses names that no table can hold', async (t) => {
    const prefix = join(await temporaryFolder(t), 'model.ckpt')
    const tensor = { shape: [], data: Float32Array.of(1) }
    for (const names of [[''], ['\0a'], ['a', 'a']])
      await assert.rejects(
        writeTfCheckpoint(
          prefix,
          names.map((name) => ({ ...tensor, name })),
        ),
        /cannot be named|two tensors "a"/,
      )
  })
})

it('tensors behind the first 2 and 4 GiB are read', async (t) => {
  const prefix = join(await temporaryFolder(t), 'model.ckpt')
  const places = [2 ** 31 - 4, 2 ** 32 + 8, 5_000_000_000]
  const data = await open(`${prefix}.data-00000-of-00001`, 'w')
  const index = [{ key: Buffer.alloc(0), value: encodeBundleHeader(1) }]
  for (const [i, offset] of places.entries()) {
    const bytes = Buffer.from(Float32Array.of(i, -i, i / 8).buffer)
    await data.write(bytes, 0, 12, offset)
    const entry = { dtype: 1, shape: [3], shard: 0, offset, bytes: 12, crc32c: masked(crc32c(bytes)) }
    index.push({ key: Buffer.from(`at_${i}`), value: encodeBundleEntry(entry) })
  }
  await data.close()
  await writeFile(`${prefix}.index`, encodeTable(index))
  const source = await openTfCheckpoint(prefix)
  for (const i of places.keys()) assert.deepEqual(await source.read(`at_${i}`), Float32Array.of(i, -i, i / 8))
  await source.close()
})
