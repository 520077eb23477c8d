import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { cifar10Folder } from '../../../datasets/classification/cifar10.js'
import { cifar10Archive, type FetchOptions, fetchCifar10 } from '../../../datasets/fetch/fetch-cifar10.js'
import {
  type Answer,
  cutAfter,
  type FileServer,
  serveFile,
  status,
  whole,
} from '../../helpers/datasets/file-server.js'
import { small, smallFiles, writeSmallCifar10 } from '../../helpers/datasets/small-cifar10.js'
import { type Entry, writeTar } from '../../helpers/datasets/tar-writer.js'

const temporary = mkdtempSync(join(tmpdir(), 'fetch-cifar10-'))
after(() => rmSync(temporary, { recursive: true }))

const original = writeSmallCifar10(join(temporary, 'original', cifar10Folder))
const names = ['batches.meta.txt', ...smallFiles]
const entries: Entry[] = [
  { name: `${cifar10Folder}/`, type: '5' },
  ...names.map((name) => ({ name: `${cifar10Folder}/${name}`, content: readFileSync(join(original, name)) })),
  { name: `${cifar10Folder}/readme.html`, content: '<html>' },
  { name: '../../evil.txt', content: 'no' },
]
const archive = gzipSync(writeTar(entries))
const official = { bytes: archive.length, md5: createHash('md5').update(archive).digest('hex') }

let to: string
let server: FileServer | undefined
beforeEach(() => {
  to = join(mkdtempSync(join(temporary, 'test-')), 'data')
})
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function fetchFrom(answers: Answer[], more: Partial<FetchOptions> = {}, served = archive) {
  await server?.close()
  server = await serveFile(() => served, answers)
  const source = { url: server.url, ...official }
  return fetchCifar10({ to, source, ...small, connection: { tries: 2, retryDelay: 1 }, ...more })
}

function assertInPlace(folder = join(to, cifar10Folder)): void {
  for (const name of names)
    assert.deepEqual(readFileSync(join(folder, name)), readFileSync(join(original, name)))
  assert.deepEqual(readdirSync(join(folder, '..')), [cifar10Folder], 'nothing else is left')
}

describe('fetchCifar10 from the server', () => {
  it('downloads, unpacks the known files and removes the archive', async () => {
    const stages: string[] = []
    const fetched = await fetchFrom([whole()], { onStage: (stage) => stages.push(stage) })
    assert.deepEqual(fetched, { folder: join(to, cifar10Folder), how: 'downloaded' })
    assertInPlace()
    assert.deepEqual(stages, ['verify', 'download', 'unpack'])
    assert.deepEqual(readdirSync(fetched.folder).sort(), [...names, 'readme.html'].sort())
    assert.ok(!existsSync(join(temporary, 'evil.txt')))
  })

  it('does nothing when it is there, and replaces a damaged folder', async () => {
    await fetchFrom([whole()])
    const source = { url: server!.url, ...official }
    assert.equal((await fetchCifar10({ to, source, ...small })).how, 'present')
    assert.equal(server!.requests.length, 1)
    truncateSync(join(to, cifar10Folder, 'data_batch_3.bin'), 100)
    assert.equal((await fetchCifar10({ to, source, ...small })).how, 'downloaded')
    assertInPlace()
  })

  it('does not replace a folder that holds something else', async () => {
    mkdirSync(join(to, cifar10Folder), { recursive: true })
    writeFileSync(join(to, cifar10Folder, 'thesis.txt'), 'years of work')
    await assert.rejects(
      fetchFrom([whole()]),
      /is not a complete CIFAR-10 and also holds "thesis\.txt"; move that away/,
    )
    assert.equal(readFileSync(join(to, cifar10Folder, 'thesis.txt'), 'utf8'), 'years of work')
    assert.equal(server!.requests.length, 0)
  })

  it('leaves nothing under the final name when it fails, and goes on in the next run', async () => {
    const part = join(to, `${cifar10Archive}.part`)
    const arrived = async (bytes: number) => {
      while (!existsSync(part) || statSync(part).size < bytes)
        await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await assert.rejects(fetchFrom([cutAfter(1000, arrived), status(500)]), /the server answered 500/)
    assert.deepEqual(readdirSync(to).sort(), [`${cifar10Archive}.part`, `${cifar10Archive}.part.json`])
    server!.requests.length = 0
    const source = { url: server!.url, ...official }
    await assert.rejects(fetchCifar10({ to, source, ...small, connection: { tries: 1, retryDelay: 1 } }))
    assert.deepEqual(server!.requests, ['bytes=1000-'])
  })

  it('takes an archive that an earlier run downloaded but could not unpack', async () => {
    mkdirSync(to)
    writeFileSync(join(to, cifar10Archive), archive)
    await fetchFrom([status(404)])
    assertInPlace()
    assert.equal(server!.requests.length, 0)
  })

  it('refuses an archive with the right checksum and the wrong files', async () => {
    const wrong = gzipSync(writeTar(entries.filter(({ name }) => !name.endsWith('data_batch_4.bin'))))
    const source = { bytes: wrong.length, md5: createHash('md5').update(wrong).digest('hex'), url: '' }
    server = await serveFile(() => wrong, [whole()])
    await assert.rejects(
      fetchCifar10({ to, source: { ...source, url: server.url }, ...small }),
      /^DatasetError: data_batch_4\.bin is missing in/,
    )
    assert.deepEqual(readdirSync(to), [cifar10Archive])
  })

  it('says that the disk is full, and finishes when there is space', async (t) => {
    mkdirSync(to)
    try {
      execFileSync(
        'mount',
        ['-t', 'tmpfs', '-o', `size=${Math.ceil(archive.length / 1024) + 64}k`, 'tmpfs', to],
        { stdio: 'ignore' },
      )
    } catch {
      return t.skip('a small disk cannot be mounted here')
    }
    try {
      await assert.rejects(
        fetchFrom([whole()]),
        /^DatasetError: The disk is full at ".*cifar-10-batches-bin"; free some space/,
      )
      assert.deepEqual(readdirSync(to), [cifar10Archive])
      execFileSync('mount', ['-o', 'remount,size=4m', to])
      await fetchCifar10({ to, source: { url: 'http://127.0.0.1:1/', ...official }, ...small })
      assertInPlace()
    } finally {
      execFileSync('umount', [to])
    }
  })

  it('says that there is no permission, or that a file is in the way', async (t) => {
    if (process.platform === 'win32') return t.skip('folders have no such permission there')
    mkdirSync(to)
    for (const folder of [temporary, join(to, '..')]) chmodSync(folder, 0o755)
    chmodSync(to, 0o555)
    const root = process.geteuid?.() === 0
    if (root) process.seteuid!(65534)
    try {
      await assert.rejects(
        fetchFrom([whole()]),
        /^DatasetError: There is no permission to write ".*; choose another folder with --to/,
      )
      await assert.rejects(
        fetchFrom([whole()], { to: join(to, 'new') }),
        /There is no permission to write ".*new"/,
      )
    } finally {
      if (root) process.seteuid!(0)
      chmodSync(to, 0o755)
    }
    writeFileSync(join(to, 'file'), '')
    for (const place of ['file', 'file/below'])
      await assert.rejects(
        fetchFrom([whole()], { to: join(to, place) }),
        /cannot be made because a file is in its way/,
      )
  })
})

describe('fetchCifar10 from a folder', () => {
  it('copies from the folder or its parent', async () => {
    for (const from of [original, join(original, '..')]) {
      assert.equal((await fetchCifar10({ to, from, ...small })).how, 'copied')
      assertInPlace()
      rmSync(to, { recursive: true })
    }
  })

  it('unpacks the archive, named or in the folder, and leaves it there', async () => {
    const from = mkdtempSync(join(temporary, 'from-'))
    writeFileSync(join(from, cifar10Archive), archive)
    for (const place of [from, join(from, cifar10Archive)]) {
      await fetchCifar10({ to, from: place, ...small })
      assertInPlace()
      rmSync(to, { recursive: true })
    }
    assert.deepEqual(readdirSync(from), [cifar10Archive])
  })

  it('refuses what is damaged or not there, and leaves nothing', async () => {
    const from = writeSmallCifar10(join(temporary, 'damaged', cifar10Folder))
    writeFileSync(join(from, 'data_batch_1.bin'), Buffer.alloc(21511, 99))
    await assert.rejects(fetchCifar10({ to, from, ...small }), /data_batch_1\.bin has label 99 in record 1/)
    await assert.rejects(
      fetchCifar10({ to, from: join(to, 'nowhere'), ...small }),
      /There is no ".*nowhere" to take CIFAR-10 from/,
    )
    const damaged = join(temporary, 'damaged.tar.gz')
    for (const [bytes, reason] of [
      [archive.subarray(0, archive.length / 2), /not a gzip file, or it is damaged or cut short; delete it/],
      [Buffer.from('hello'), /not a gzip file, or it is damaged/],
      [gzipSync('hello'), /the archive ends early/],
      [gzipSync(Buffer.alloc(1024, 'hello')), /not a tar archive/],
      [gzipSync(writeTar(entries.slice(0, 4))), /is missing in/],
    ] as const) {
      writeFileSync(damaged, bytes)
      await assert.rejects(fetchCifar10({ to, from: damaged, ...small }), reason)
    }
    assert.deepEqual(readdirSync(to), [])
  })

  it('leaves what is there alone when it is the source itself', async () => {
    const folder = writeSmallCifar10(join(to, cifar10Folder))
    assert.equal((await fetchCifar10({ to, from: folder, ...small })).how, 'present')
    assertInPlace()
  })
})
