import assert from 'node:assert/strict'
import { existsSync, utimesSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { DownloadStopped } from '../../../datasets/fetch/download.js'
import { unzip } from '../../../datasets/fetch/unzip.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import { writeZip, type ZipFile } from '../../helpers/datasets/zip-writer.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

describe('unzip', () => {
  const files: ZipFile[] = [
    { name: 'val2017/', content: '', stored: true },
    { name: 'val2017/1.jpg', content: 'one', stored: true },
    { name: 'val2017/2.jpg', content: 'two '.repeat(100) },
    { name: '__MACOSX/1.jpg', content: 'no' },
  ]
  async function setUp(t: TestContext, content: Buffer): Promise<{ archive: string; to: string }> {
    const folder = await temporaryFolder(t)
    const archive = join(folder, 'val2017.zip')
    await writeFile(archive, content)
    return { archive, to: join(folder, 'coco') }
  }

  it('writes the folder that is asked for, and tells progress', async (t) => {
    const { archive, to } = await setUp(t, writeZip(files))
    const seen: string[] = []
    const count = await unzip(archive, to, {
      only: 'val2017',
      onProgress: (done, total) => seen.push(`${done}/${total}`),
    })
    assert.equal(count, 2)
    assert.deepEqual(await readdir(to), ['val2017'])
    assert.deepEqual((await readdir(join(to, 'val2017'))).sort(), ['1.jpg', '2.jpg'])
    assert.equal(await readFile(join(to, 'val2017', '2.jpg'), 'utf8'), 'two '.repeat(100))
    assert.equal(seen.length, 2)
    assert.equal(seen.at(-1), '403/403')
  })

  it('leaves alone what is there with the right size, and replaces what is not', async (t) => {
    const { archive, to } = await setUp(t, writeZip(files))
    await mkdir(join(to, 'val2017'), { recursive: true })
    await writeFile(join(to, 'val2017', '1.jpg'), 'one')
    utimesSync(join(to, 'val2017', '1.jpg'), 1000, 1000)
    await writeFile(join(to, 'val2017', '2.jpg'), 'cut short')
    await writeFile(join(to, 'val2017', '2.jpg.part'), 'of an earlier run')
    await unzip(archive, to, { only: 'val2017' })
    assert.equal((await stat(join(to, 'val2017', '1.jpg'))).mtimeMs, 1_000_000)
    assert.equal(await readFile(join(to, 'val2017', '2.jpg'), 'utf8'), 'two '.repeat(100))
    assert.deepEqual((await readdir(join(to, 'val2017'))).sort(), ['1.jpg', '2.jpg'])
  })

  it('stops at the signal', async (t) => {
    const { archive, to } = await setUp(t, writeZip(files))
    await assert.rejects(
      unzip(archive, to, { only: 'val2017', signal: AbortSignal.abort() }),
      (error) => error instanceof DownloadStopped && /run the same command again/.test(error.message),
    )
  })

  it('refuses what is damaged, lies or leads elsewhere, in a sentence, and leaves no part of it', async (t) => {
    const good = writeZip(files)
    const bad = (file: Partial<ZipFile>) =>
      writeZip([...files.slice(0, 2), { name: 'val2017/x.jpg', content: 'x'.repeat(50), ...file }])
    const flipped = Buffer.from(good)
    flipped[good.indexOf('one')] ^= 1
    for (const [content, reason] of [
      [
        Buffer.alloc(0),
        /it is not a zip archive, or it is damaged or cut short; delete it and fetch it again/,
      ],
      [Buffer.from('hello'.repeat(100)), /it is not a zip archive/],
      [good.subarray(0, good.length - 10), /it is not a zip archive/],
      [good.subarray(40), /it is not a zip archive/],
      [flipped, /its "val2017\/1\.jpg" is damaged/],
      [bad({ lies: { crc: 1 } }), /its "val2017\/x\.jpg" is damaged/],
      [bad({ lies: { bytes: 49 } }), /its "val2017\/x\.jpg" is damaged/],
      [bad({ lies: { bytes: 51 } }), /its "val2017\/x\.jpg" is damaged/],
      [bad({ stored: true, lies: { bytes: 51 } }), /it is not a zip archive/],
      [bad({ stored: true, lies: { method: 8 } }), /its "val2017\/x\.jpg" is damaged/],
      [bad({ lies: { offset: 7 } }), /it is not a zip archive/],
      [bad({ lies: { offset: 1e9 } }), /it is not a zip archive/],
      [bad({ lies: { method: 12 } }), /is compressed by an unknown method \(12\)/],
      [bad({ lies: { flags: 1 } }), /is encrypted/],
      [bad({ lies: { mode: 0o120777 } }), /is a symbolic link/],
      ...['../x.jpg', 'val2017/../../x.jpg', '/etc/x', 'C:/x', 'val2017\\..\\x', 'val2017//x', 'a\0b'].map(
        (name) => [bad({ name }), /would lie outside the folder/] as const,
      ),
      [bad({ name: 'val2017/1.jpg' }), /it holds "val2017\/1\.jpg" twice/],
      [bad({ name: 'val2017/1.jpg/x' }), /its "val2017\/1\.jpg" is both a file and a folder/],
      [bad({ name: `val2017/${'x'.repeat(300)}` }), /its "val2017\/x+" has a name that is too long/],
      [writeZip(files.slice(3)), /it has no folder val2017/],
    ] as [Buffer, RegExp][]) {
      const { archive, to } = await setUp(t, content)
      await assert.rejects(
        unzip(archive, to, { only: 'val2017' }),
        (error) =>
          error instanceof DatasetError &&
          /^The archive ".*val2017\.zip" cannot be unpacked: /.test(error.message) &&
          reason.test(error.message),
        `${reason}`,
      )
      const left = existsSync(join(to, 'val2017')) ? await readdir(join(to, 'val2017')) : []
      assert.deepEqual(
        left.filter((name) => name !== '1.jpg' && name !== '2.jpg'),
        [],
      )
    }
  })
})
