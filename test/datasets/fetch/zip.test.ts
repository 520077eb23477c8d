import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { crc32, crc32ByTable } from '../../../datasets/fetch/crc32.js'
import { readZip } from '../../../datasets/fetch/zip.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { writeZip } from '../../helpers/datasets/zip-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const golden = join(packageRoot(), 'test', 'datasets', 'golden')

/** Names and contents, in the order of the directory. */
async function readAll(path: string): Promise<[string, string][]> {
  const file = await open(path)
  try {
    const read: [string, string][] = []
    for (const { name, content } of await readZip(file)) {
      const pieces: Buffer[] = []
      for await (const piece of content()) pieces.push(piece)
      read.push([name, Buffer.concat(pieces).toString()])
    }
    return read
  } finally {
    await file.close()
  }
}

describe('reading zip archives', () => {
  it('reads what Python writes, also in zip64', async () => {
    for (const archive of ['plain.zip', 'zip64.zip']) {
      assert.deepEqual(await readAll(join(golden, archive)), [
        ['photos/', ''],
        ['photos/stored.txt', 'stored as it is'],
        ['photos/deflated.txt', `${'again and '.repeat(200)}again`],
        ['photos/empty.txt', ''],
        ['other/grün.txt', 'UTF-8 name'],
      ])
    }
    const directoryIn64Bits = readFileSync(join(golden, 'zip64.zip')).includes('PK\x06\x06')
    assert.ok(directoryIn64Bits)
  })

  for (const checksum of [crc32, crc32ByTable])
    it(`computes the checksum with ${checksum.name}`, () => {
      // The check value of CRC-32/ISO-HDLC.
      assert.equal(checksum(Buffer.from('123456789')), 0xcbf43926)
      assert.equal(checksum(Buffer.from('6789'), checksum(Buffer.from('12345'))), 0xcbf43926)
    })

  it('reads files of many pieces', async (t) => {
    const path = join(await temporaryFolder(t), 'large.zip')
    const content = Buffer.from(Array.from({ length: 900_000 }, (_, i) => (i * i) >> 7)).toString('latin1')
    await writeFile(
      path,
      writeZip([
        { name: 'a', content },
        { name: 'b', content, stored: true },
      ]),
    )
    assert.deepEqual(await readAll(path), [
      ['a', content],
      ['b', content],
    ])
  })
})
