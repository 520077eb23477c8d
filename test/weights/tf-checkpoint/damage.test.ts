import assert from 'node:assert/strict'
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isUserError } from '../../../src/shared/errors.js'
import { crc32c, masked } from '../../../src/weights/tf-checkpoint/crc32c.js'
import { encodeBundleEntry, encodeBundleHeader } from '../../../src/weights/tf-checkpoint/messages.js'
import { encodeTable } from '../../../src/weights/tf-checkpoint/write-table.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'
import { contentsOf, golden } from '../../helpers/weights/checkpoints.js'

const SHARDED = ['sharded.ckpt.index', 'sharded.ckpt.data-00000-of-00002', 'sharded.ckpt.data-00001-of-00002']

/** What is read of a damaged checkpoint is what was in it, or a sentence is thrown; returns the sentence. */
async function refusedOrSame(path: string, before: object, what: string): Promise<string | undefined> {
  try {
    assert.deepEqual(await contentsOf(path), before, what)
    return undefined
  } catch (error) {
    assert.ok(isUserError(error), `${what}: ${(error as Error).stack}`)
    return error.message
  }
}

describe('a damaged checkpoint', () => {
  for (const { files, path, step } of [
    { files: SHARDED, path: 'sharded.ckpt', step: 1 },
    { files: ['first.ckpt'], path: 'first.ckpt', step: 41 },
  ])
    it(`is refused, or read as it was, wherever a byte is wrong: ${path}`, async (t) => {
      const folder = await temporaryFolder(t)
      for (const name of files) cpSync(golden(name), join(folder, name))
      const before = await contentsOf(join(folder, path))
      for (const name of files) {
        const bytes = readFileSync(join(folder, name))
        let [refused, tried] = [0, 0]
        for (let at = 0; at < bytes.length; at += step)
          for (const flip of [1, 0xff]) {
            bytes[at] ^= flip
            writeFileSync(join(folder, name), bytes)
            bytes[at] ^= flip
            tried++
            const what = `byte ${at} of ${name} flipped by ${flip}`
            if ((await refusedOrSame(join(folder, path), before, what)) !== undefined) refused++
          }
        writeFileSync(join(folder, name), bytes)
        // Only the padding of the footer, and the empty block in front of the index, are of no effect.
        assert.ok(refused > (name.endsWith('.index') ? 0.7 : 0.95) * tried, `${name}: ${refused} of ${tried}`)
      }
    })

  it('is refused wherever it is cut', async (t) => {
    const folder = await temporaryFolder(t)
    for (const [name, step] of [...SHARDED.map((name) => [name, 1] as const), ['first.ckpt', 97] as const]) {
      for (const each of [...SHARDED, 'first.ckpt']) cpSync(golden(each), join(folder, each))
      for (let length = statSync(join(folder, name)).size - 1; length >= 0; length -= step) {
        truncateSync(join(folder, name), length)
        await assert.rejects(
          contentsOf(join(folder, name)),
          (error) => isUserError(error) && /cannot be read: it is cut short/.test(error.message),
          `${name} cut at ${length}`,
        )
      }
    }
  })

  it('with the data of another is refused', async (t) => {
    const folder = await temporaryFolder(t)
    for (const name of SHARDED) cpSync(golden(name), join(folder, name))
    writeFileSync(join(folder, SHARDED[1]), Buffer.alloc(452, 1))
    await assert.rejects(
      contentsOf(join(folder, 'sharded.ckpt')),
      /^UserError: .*data-00000-of-00002 cannot be read: "shard_0\/conv0\/weights" does not have the checksum/,
    )
  })
})

describe('a forged index', () => {
  const numbers = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)
  const entry = {
    ...{ dtype: 1, shape: [2, 2], shard: 0, offset: 0, bytes: 16, crc32c: masked(crc32c(numbers)) },
  }
  const header = { key: Buffer.alloc(0), value: encodeBundleHeader(1) }
  const tensor = (changes: Partial<typeof entry>) => ({
    key: Buffer.from('w'),
    value: encodeBundleEntry({ ...entry, ...changes }),
  })

  it('is refused for what it claims', async (t) => {
    const prefix = join(await temporaryFolder(t), 'model.ckpt')
    writeFileSync(`${prefix}.data-00000-of-00001`, numbers)
    const read = async (index: Buffer) => {
      writeFileSync(`${prefix}.index`, index)
      return contentsOf(prefix)
    }
    assert.deepEqual(Object.keys(await read(encodeTable([header, tensor({})]))), ['w'])
    const newer = Buffer.from([0x08, 1, 0x1a, 4, 0x08, 9, 0x10, 2])
    for (const [index, reason] of [
      [encodeTable([tensor({})]), /it has no header/],
      [
        encodeTable([{ ...header, value: Buffer.from([0x08, 1, 0x10, 1]) }, tensor({})]),
        /is of a big-endian machine/,
      ],
      [encodeTable([{ ...header, value: newer }, tensor({})]), /has version 2 of its format, which is newer/],
      [encodeTable([{ ...header, value: Buffer.from([0x08]) }]), /a message in it is not valid/],
      [encodeTable([header, tensor({ crc32c: 7 })]), /"w" does not have the checksum of its index/],
      [encodeTable([header, tensor({ shape: [2, 3] })]), /"w" of shape \[2,3\] takes 24 bytes, but has 16/],
      [encodeTable([header, tensor({ shape: [-2, -2] })]), /"w" has the shape \[-2,-2\]/],
      [encodeTable([header, tensor({ shape: [2 ** 30, 2 ** 30] })]), /"w" has the shape/],
      [encodeTable([header, tensor({ shard: 1 })]), /"w" lies in file 1 of 1/],
      [encodeTable([header, tensor({ offset: -1 })]), /"w" lies at no possible place/],
      [encodeTable([header, tensor({ offset: 4 })]), /speaks of 20 bytes, but it has 16/],
      [
        encodeTable([header, tensor({ shape: [2 ** 20, 2 ** 20], bytes: 2 ** 42 })]),
        /speaks of 4398046511104 bytes/,
      ],
      [compressed(encodeTable([header, tensor({})])), /its blocks are compressed by Snappy/],
    ] as [Buffer, RegExp][])
      await assert.rejects(
        read(index),
        (error) => isUserError(error) && reason.test(error.message),
        String(reason),
      )
  })

  /** The table, whose first block claims to be compressed by Snappy, with the checksum that fits. */
  function compressed(table: Buffer): Buffer {
    const forged = Buffer.from(table)
    const size = firstBlockBytes(table)
    forged[size] = 1
    forged.writeUInt32LE(masked(crc32c(forged.subarray(0, size + 1))), size + 1)
    return forged
  }

  /** Size of the first block, by the checksum behind it. */
  function firstBlockBytes(table: Buffer): number {
    for (let size = 4; size + 5 < table.length; size++)
      if (table.readUInt32LE(size + 1) === masked(crc32c(table.subarray(0, size + 1)))) return size
    throw new Error('The table has no block')
  }
})
