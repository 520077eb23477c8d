import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readTar } from '../../../datasets/fetch/tar.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'

const temporary = mkdtempSync(join(tmpdir(), 'tar-'))
after(() => rmSync(temporary, { recursive: true }))

async function* inPieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<[name: string, content: string][]> {
  const files: [string, string][] = []
  for await (const { name, size, content } of readTar(stream)) {
    const pieces: Buffer[] = []
    for await (const piece of content) pieces.push(piece)
    assert.equal(Buffer.concat(pieces).length, size)
    files.push([name, Buffer.concat(pieces).toString()])
  }
  return files
}

describe('readTar', () => {
  const long = 'x'.repeat(1500)
  const archive = writeTar([
    { name: 'folder/', type: '5' },
    { name: 'folder/a.txt', content: 'first' },
    { name: 'header', type: 'x', content: 'passed over' },
    { name: 'b.bin', content: long, prefix: 'a/long/folder' },
    { name: 'empty' },
    { name: 'block', content: 'y'.repeat(512) },
  ])
  const expected = [
    ['folder/a.txt', 'first'],
    ['a/long/folder/b.bin', long],
    ['empty', ''],
    ['block', 'y'.repeat(512)],
  ]

  it('gives the files, however the stream is cut into pieces', async () => {
    for (const length of [1, 7, 511, 512, 513, 100_000])
      assert.deepEqual(await readAll(inPieces(archive, length)), expected)
  })

  it('passes over what is not read', async () => {
    const names: string[] = []
    for await (const { name } of readTar(inPieces(archive, 700))) names.push(name)
    assert.deepEqual(
      names,
      expected.map(([name]) => name),
    )
  })

  it('refuses what ends early or is no archive', async () => {
    for (const end of [100, 512 + 512 + 3, archive.length - 1024])
      await assert.rejects(readAll(inPieces(archive.subarray(0, end), 512)), /the archive ends early/)
    await assert.rejects(readAll(inPieces(Buffer.alloc(1024, 'text '), 512)), /not a tar archive/)
    const damaged = Buffer.from(archive)
    damaged[3] ^= 1
    await assert.rejects(readAll(inPieces(damaged, 512)), /not a tar archive, or it is damaged/)
  })

  for (const format of ['ustar', 'gnu', 'pax', 'v7']) {
    it(`reads what the tar command writes as ${format}`, async (t) => {
      const folder = join(temporary, format, 'in')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'one.txt'), 'one')
      writeFileSync(join(folder, 'two.txt'), long)
      symlinkSync('one.txt', join(folder, 'three.txt'))
      const file = join(temporary, `${format}.tar`)
      const done = spawnSync('tar', [`--format=${format}`, '-cf', file, '-C', join(temporary, format), 'in'])
      if (done.status !== 0) return t.skip('there is no tar command that writes it')
      assert.deepEqual((await readAll(createReadStream(file))).sort(), [
        ['in/one.txt', 'one'],
        ['in/two.txt', long],
      ])
    })
  }
})
