/** Whatever is damaged in an archive, unpacking it ends, with a sentence or with files that are complete. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { cifar10Folder } from '../../../datasets/classification/cifar10.js'
import { fetchCifar10 } from '../../../datasets/fetch/fetch-cifar10.js'
import { readTar } from '../../../datasets/fetch/tar.js'
import { unzip } from '../../../datasets/fetch/unzip.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { small, smallFiles, writeSmallCifar10 } from '../../helpers/datasets/small-cifar10.js'
import { writeTar } from '../../helpers/datasets/tar-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** Copies with one byte changed, each at another place, and with the end cut off. */
function* damagesOf(archive: Buffer, step = 1): Generator<{ what: string; damaged: Buffer }> {
  for (let at = 0; at < archive.length; at += step) {
    const damaged = Buffer.from(archive)
    damaged[at] ^= at % 3 === 0 ? 0xff : 1 << (at % 8)
    yield { what: `byte ${at} changed to ${damaged[at]}`, damaged }
  }
  for (let end = 0; end < archive.length; end += 11 * step)
    yield { what: `cut to ${end} bytes`, damaged: archive.subarray(0, end) }
}

/** True when `work` succeeds, false when it throws a DatasetError; any other error fails the test. */
async function succeeds(what: string, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    assert.ok(error instanceof DatasetError, `${what}: ${(error as Error).stack}`)
    return false
  }
}

describe('a damaged archive', () => {
  for (const name of ['plain.zip', 'zip64.zip'])
    it(`is refused in a sentence: ${name}`, async (t) => {
      const original = readFileSync(join(packageRoot(), 'test', 'datasets', 'golden', name))
      const contents = new Set(['stored as it is', `${'again and '.repeat(200)}again`, ''])
      const folder = await temporaryFolder(t)
      const [archive, to] = [join(folder, name), join(folder, 'to')]
      let refused = 0
      for (const { what, damaged } of damagesOf(original)) {
        writeFileSync(archive, damaged)
        rmSync(to, { recursive: true, force: true })
        if (!(await succeeds(what, () => unzip(archive, to, { only: 'photos' })))) refused++
        const photos = join(to, 'photos')
        for (const file of existsSync(photos) ? readdirSync(photos, { recursive: true }) : []) {
          assert.doesNotMatch(String(file), /\.part$/, what)
          assert.ok(contents.has(readFileSync(join(photos, String(file)), 'utf8')), `${what}: ${file}`)
        }
      }
      assert.ok(refused > original.length / 3, `${refused} were refused`)
    })

  it('is refused in a sentence: zip64 with places beyond any file', async (t) => {
    const original = readFileSync(join(packageRoot(), 'test', 'datasets', 'golden', 'zip64.zip'))
    const archive = join(await temporaryFolder(t), 'zip64.zip')
    for (let at = original.indexOf('PK\x01\x02'); at + 8 <= original.length; at++) {
      const damaged = Buffer.from(original).fill(0xff, at, at + 8)
      writeFileSync(archive, damaged)
      await succeeds(`bytes from ${at}`, () => unzip(archive, join(archive, '..', 'to'), { only: 'photos' }))
    }
  })

  it('is refused in a sentence: tar', async () => {
    const original = writeTar([
      { name: 'folder/', type: '5' },
      { name: 'header', type: 'x', content: '20 path=a/long/name\n' },
      { name: 'file', content: 'x'.repeat(700) },
      { name: 'name', type: 'L', content: 'another/long/name' },
      { name: 'other', content: 'y', prefix: 'folder' },
      { name: 'empty' },
    ])
    async function* pieces(bytes: Buffer) {
      for (let at = 0; at < bytes.length; at += 300) yield bytes.subarray(at, at + 300)
    }
    let refused = 0
    for (const { what, damaged } of damagesOf(original)) {
      const ended = await succeeds(what, async () => {
        for await (const { content, size } of readTar(pieces(damaged))) {
          let bytes = 0
          for await (const piece of content) bytes += piece.length
          assert.equal(bytes, size)
        }
      })
      if (!ended) refused++
    }
    assert.ok(refused > original.length / 3, `${refused} were refused`)
  })

  it('is refused in a sentence, and leaves nothing: tar.gz', async (t) => {
    const folder = await temporaryFolder(t)
    const source = writeSmallCifar10(join(folder, 'source', cifar10Folder))
    const names = ['batches.meta.txt', ...smallFiles]
    const original = gzipSync(
      writeTar(names.map((name) => ({ name, content: readFileSync(join(source, name)) }))),
    )
    const [archive, to] = [join(folder, 'damaged.tar.gz'), join(folder, 'to')]
    let refused = 0
    for (const { what, damaged } of damagesOf(original, Math.ceil(original.length / 120))) {
      writeFileSync(archive, damaged)
      if (await succeeds(what, () => fetchCifar10({ to, from: archive, ...small }))) {
        for (const name of names)
          assert.deepEqual(
            readFileSync(join(to, cifar10Folder, name)),
            readFileSync(join(source, name)),
            what,
          )
        rmSync(to, { recursive: true })
      } else {
        assert.deepEqual(readdirSync(to), [], what)
        refused++
      }
    }
    assert.ok(refused > 100, `${refused} were refused`)
  })
})
