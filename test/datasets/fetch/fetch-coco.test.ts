import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { loadCocoSet } from '../../../datasets/detection/coco-set.js'
import { DownloadStopped } from '../../../datasets/fetch/download.js'
import { type FetchCocoOptions, fetchCoco, officialCoco } from '../../../datasets/fetch/fetch-coco.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import {
  type Answer,
  cutAfter,
  type FileServer,
  serveFile,
  status,
  whole,
} from '../../helpers/datasets/file-server.js'
import { type SmallCoco, smallCoco } from '../../helpers/datasets/small-coco.js'

const temporary = mkdtempSync(join(tmpdir(), 'fetch-coco-'))
after(() => rmSync(temporary, { recursive: true }))

let small: SmallCoco
before(async () => {
  small = await smallCoco()
})

let to: string
let server: FileServer | undefined
let paths: string[]
beforeEach(() => {
  to = join(mkdtempSync(join(temporary, 'test-')), 'data')
  paths = []
})
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** Answers as `answers` say, each with the archive that is asked for. */
async function start(answers: Answer[] = [whole()]): Promise<string> {
  await server?.close()
  const byPath = answers.map(
    (answer): Answer =>
      (request, response) => {
        paths.push(request.url!)
        answer(request, response, small.content.get(request.url!.slice(1)) ?? Buffer.alloc(0))
      },
  )
  server = await serveFile(() => Buffer.alloc(0), byPath)
  return new URL(server.url).origin
}

const fetch = (url: string, more: Partial<FetchCocoOptions> = {}) =>
  fetchCoco({
    ...{ to, source: { url, archives: small.archives }, connection: { tries: 2, retryDelay: 1 } },
    ...more,
  })

const inFolder = (...parts: string[]) => readdirSync(join(to, 'coco', ...parts)).sort()

describe('fetchCoco from the server', () => {
  it('brings the annotations and the validation images, which load as a data set', async () => {
    const stages: string[] = []
    const totals = new Set<number | undefined>()
    const fetched = await fetch(await start(), {
      onStage: (stage, name) => stages.push(`${stage} ${name}`),
      onProgress: ({ totalBytes }) => totals.add(totalBytes),
    })
    assert.deepEqual(fetched, {
      folder: join(to, 'coco'),
      archives: [
        { folder: 'annotations', how: 'downloaded' },
        { folder: 'val2017', how: 'downloaded' },
      ],
    })
    assert.deepEqual(paths, ['/annotations/annotations_trainval2017.zip', '/zips/val2017.zip'])
    assert.deepEqual(inFolder(), ['annotations', 'val2017'], 'no archive is left')
    assert.deepEqual(inFolder('val2017'), ['001.jpg', '002.jpg'])
    assert.deepEqual(stages, [
      ...['download annotations_trainval2017.zip', 'unpack annotations_trainval2017.zip'],
      ...['download val2017.zip', 'unpack val2017.zip', 'check val2017'],
    ])
    assert.equal(totals.size, 4, 'the bytes of two downloads and of what they unpack to')
    const { set, warnings } = await loadCocoSet({
      images: join(to, 'coco', 'val2017'),
      annotations: join(to, 'coco', 'annotations', 'instances_val2017.json'),
    })
    assert.deepEqual([set.images.length, warnings], [2, []])
  })

  it('keeps what is there, and adds what is asked for', async () => {
    const url = await start()
    await fetch(url)
    paths = []
    assert.deepEqual(
      (await fetch(url)).archives.map(({ how }) => how),
      ['present', 'present'],
    )
    assert.deepEqual(paths, [])
    const { archives } = await fetch(url, { part: 'all' })
    assert.deepEqual(
      archives.map(({ how }) => how),
      ['present', 'present', 'downloaded'],
    )
    assert.deepEqual(paths, ['/zips/train2017.zip'])
    rmSync(join(to, 'coco', 'train2017', '006.jpg'))
    await fetch(url, { part: 'train' })
    assert.deepEqual(inFolder('train2017'), ['005.jpg', '006.jpg', '007.jpg'])
  })

  it('goes on where an earlier run was cut off', async () => {
    const part = join(to, 'coco', 'annotations_trainval2017.zip.part')
    const arrived = async (bytes: number) => {
      while (!existsSync(part) || statSync(part).size < bytes)
        await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const url = await start([cutAfter(100, arrived), status(500), whole()])
    await assert.rejects(fetch(url), /the server answered 500/)
    await fetch(url)
    assert.equal(server!.requests[2], 'bytes=100-')
    assert.deepEqual(inFolder(), ['annotations', 'val2017'])
  })

  it('unpacks an archive that an earlier run downloaded', async () => {
    const url = await start()
    mkdirSync(join(to, 'coco'), { recursive: true })
    for (const [path, bytes] of small.content) writeFileSync(join(to, 'coco', basename(path)), bytes)
    await fetch(url, { part: 'all' })
    assert.deepEqual(paths, [])
    assert.deepEqual(inFolder(), ['annotations', 'train2017', 'val2017'])
    // One with the right size and other bytes is fetched again.
    rmSync(join(to, 'coco', 'val2017'), { recursive: true })
    writeFileSync(join(to, 'coco', 'val2017.zip'), Buffer.alloc(small.archives[1].bytes))
    await fetch(url)
    assert.deepEqual(paths, ['/zips/val2017.zip'])
  })

  it('stops at the signal, while downloading and while unpacking', async () => {
    const url = await start()
    for (const stage of ['download', 'unpack']) {
      const controller = new AbortController()
      const stopped = fetch(url, {
        signal: controller.signal,
        onStage: (now) => now === stage && controller.abort(),
      })
      await assert.rejects(stopped, DownloadStopped)
    }
    assert.equal((await fetch(url)).archives.length, 2)
  })

  it('refuses other bytes than the official ones', async () => {
    const url = await start()
    const archives = small.archives.map((archive) => ({ ...archive, md5: '0'.repeat(32) }))
    await assert.rejects(
      fetch(url, { source: { url, archives } }),
      /has the MD5 checksum .* so it is not the official file/,
    )
    assert.deepEqual(inFolder(), [])
  })

  it('says before it begins that there is no room', async () => {
    const url = await start()
    const archives = small.archives.map((archive) => ({ ...archive, unpackedBytes: 1e18 }))
    await assert.rejects(
      fetch(url, { source: { url, archives } }),
      /^DatasetError: COCO needs 2000000000\.0 GB more in ".*coco", .* are free; free some space/,
    )
    assert.deepEqual(paths, [])
  })

  it('tells images that do not fit their annotations', async () => {
    const url = await start()
    mkdirSync(join(to, 'coco', 'annotations'), { recursive: true })
    for (const name of ['instances_val2017.json', 'instances_train2017.json'])
      writeFileSync(
        join(to, 'coco', 'annotations', name),
        JSON.stringify({
          images: [{ id: 1, width: 30, height: 40, file_name: '001.jpg' }],
          categories: [],
          annotations: [],
        }),
      )
    await assert.rejects(
      fetch(url),
      /^DatasetError: 1 image does not fit ".*instances_val2017\.json": .*001\.jpg is 40 × 30, but the annotations say 30 × 40; /,
    )
  })
})

describe('fetchCoco from elsewhere', () => {
  it('unpacks archives that lie in a folder, flat or as on the server, and leaves them there', async () => {
    for (const nested of [false, true]) {
      const from = mkdtempSync(join(temporary, 'from-'))
      for (const [path, bytes] of small.content) {
        const place = join(from, nested ? path : basename(path))
        mkdirSync(join(place, '..'), { recursive: true })
        writeFileSync(place, bytes)
      }
      const { archives } = await fetch('http://127.0.0.1:1', { from, part: 'all' })
      assert.deepEqual(
        archives.map(({ how }) => how),
        ['copied', 'copied', 'copied'],
      )
      assert.deepEqual(inFolder(), ['annotations', 'train2017', 'val2017'])
      assert.equal(readdirSync(from).length, nested ? 2 : 3)
      rmSync(to, { recursive: true })
    }
  })

  it('takes a mirror with the same paths', async () => {
    const url = await start()
    await fetch('http://127.0.0.1:1', { from: `${url}/` })
    assert.deepEqual(paths, ['/annotations/annotations_trainval2017.zip', '/zips/val2017.zip'])
    await assert.rejects(
      fetch('http://127.0.0.1:1', { from: 'ftp://mirror', part: 'train' }),
      /"ftp:\/\/mirror\/zips\/train2017\.zip" is not an address of the form https/,
    )
  })

  it('says what is missing', async () => {
    const from = mkdtempSync(join(temporary, 'from-'))
    const refused = (options: Partial<FetchCocoOptions>, message: RegExp) =>
      assert.rejects(
        fetch('http://127.0.0.1:1', options),
        (error) => error instanceof DatasetError && message.test(error.message),
      )
    await refused(
      { from: join(from, 'gone') },
      /^There is no folder ".*gone" to take COCO's archives from\.$/,
    )
    await refused(
      { from },
      /has no annotations_trainval2017\.zip; put the archive there, or leave --from out/,
    )
    mkdirSync(join(from, 'annotations'))
    await refused({ from }, /its folder annotations is unpacked already: use it in place/)
    writeFileSync(join(from, 'annotations_trainval2017.zip'), 'hello')
    writeFileSync(join(from, 'val2017.zip'), 'hello')
    await refused({ from }, /annotations_trainval2017\.zip" cannot be unpacked: it is not a zip archive/)
  })
})

describe('the official archives', () => {
  it('are named as on the server, with checksums and the numbers of images of COCO', () => {
    assert.deepEqual(
      officialCoco.archives.map(({ folder, files }) => [folder, files]),
      [
        ['annotations', 6],
        ['val2017', 5000],
        ['train2017', 118_287],
      ],
    )
    for (const { md5, path } of officialCoco.archives) {
      assert.match(md5, /^[0-9a-f]{32}$/)
      assert.match(path, /^(zips|annotations)\/\w+2017\.zip$/)
    }
  })
})
