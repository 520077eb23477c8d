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
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { type DownloadOptions, DownloadStopped, download } from '../../../datasets/fetch/download.js'
import { sfc32 } from '../../../src/shared/random.js'
import {
  type Answer,
  cutAfter,
  type FileServer,
  serveFile,
  status,
  whole,
  withoutRange,
} from '../../helpers/datasets/file-server.js'

const randomBytes = (seed: number) => {
  const random = sfc32(seed)
  return Buffer.from(Array.from({ length: 300_000 }, () => random() * 256))
}
const content = randomBytes(1)
const md5 = createHash('md5').update(content).digest('hex')

const temporary = mkdtempSync(join(tmpdir(), 'download-'))
after(() => rmSync(temporary, { recursive: true }))

let folder: string
let path: string
let server: FileServer
beforeEach(() => {
  folder = mkdtempSync(join(temporary, 'test-'))
  path = join(folder, 'file.bin')
})
afterEach(() => server?.close())

async function get(
  answers: Answer[],
  more: Partial<DownloadOptions> = {},
  served = () => content,
): Promise<void> {
  server = await serveFile(served, answers)
  await again(more)
}
const again = (more: Partial<DownloadOptions> = {}) =>
  download({ url: server.url, path, bytes: content.length, md5, tries: 3, retryDelay: 1, ...more })

function assertWhole(): void {
  assert.deepEqual(readFileSync(path), content)
  assert.deepEqual(readdirSync(folder), ['file.bin'], 'nothing else is left')
}

/** Waits until `.part` has at least so many bytes. */
async function partHas(bytes: number): Promise<void> {
  while (!existsSync(`${path}.part`) || statSync(`${path}.part`).size < bytes)
    await new Promise((resolve) => setTimeout(resolve, 5))
}

const cut = (bytes: number) => cutAfter(bytes, partHas)

describe('download', () => {
  it('writes the file and tells how far it is', async () => {
    const seen: number[] = []
    await get([whole()], {
      onProgress: ({ receivedBytes, totalBytes }) => {
        assert.equal(totalBytes, content.length)
        assert.ok(!existsSync(path), 'no final name before the end')
        seen.push(receivedBytes)
      },
    })
    assertWhole()
    assert.deepEqual([seen[0], seen.at(-1)], [0, content.length])
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    )
  })

  it('goes on after cut connections, each from where it stopped', async () => {
    await get([cut(100_000), cut(50_000), cut(1), cut(9), cut(90_000), whole()])
    assertWhole()
    assert.equal(server.requests.length, 6)
    assert.equal(server.requests[0], 'whole')
    assert.equal(server.requests[1], 'bytes=100000-')
    assert.equal(server.requests[5], 'bytes=240010-')
  })

  it('goes on in another run', async () => {
    await assert.rejects(
      get([cut(100_000), status(503)]),
      /the server answered 503 .*\(3 tries\).* Run the same command again to go on/,
    )
    assert.deepEqual(readdirSync(folder).sort(), ['file.bin.part', 'file.bin.part.json'])
    const { url } = server
    await server.close()
    server = await serveFile(() => content, [whole()])
    let resumed = 0
    // The notes name the old port; this server is the same one to them.
    writeFileSync(`${path}.part.json`, readFileSync(`${path}.part.json`, 'utf8').replace(url, server.url))
    await again({ onProgress: ({ resumedBytes }) => (resumed = resumedBytes) })
    assertWhole()
    assert.deepEqual(server.requests, ['bytes=100000-'])
    assert.equal(resumed, 100_000)
  })

  it('starts again when the server knows no Range', async () => {
    await get([cut(100_000), withoutRange])
    assertWhole()
    assert.deepEqual(server.requests, ['whole', 'bytes=100000-'])
  })

  it('starts again when the file has changed', async () => {
    let served = randomBytes(2)
    await get(
      [
        cutAfter(100_000, partHas, '"old"'),
        (...all) => {
          served = content
          whole('"new"')(all[0], all[1], served)
        },
      ],
      {},
      () => served,
    )
    assertWhole()
    assert.deepEqual(server.requests, ['whole', 'bytes=100000-'])
  })

  it('starts again from a piece of unknown origin, or one that is too long', async () => {
    writeFileSync(`${path}.part`, Buffer.alloc(1000, 1))
    await get([whole()])
    assertWhole()
    assert.deepEqual(server.requests, ['whole'])
    rmSync(path)
    writeFileSync(`${path}.part`, Buffer.alloc(content.length + 1, 1))
    await again()
    assertWhole()
  })

  it('starts again when the server resumes elsewhere or refuses the range', async () => {
    for (const bad of [status(416), status(206)]) {
      await get([cut(100_000), bad, whole()])
      assertWhole()
      assert.deepEqual(server.requests, ['whole', 'bytes=100000-', 'whole'])
      await server.close()
      rmSync(path)
    }
  })

  it('mends a piece that was damaged on disk, and refuses a file that is wrong twice', async () => {
    await assert.rejects(get([cut(100_000), status(404)]), /404/)
    writeFileSync(`${path}.part`, Buffer.alloc(100_000, 1))
    await server.close()
    server = await serveFile(() => content, [whole()])
    await again()
    assertWhole()
    await server.close()
    rmSync(path)
    await assert.rejects(
      get([whole()], {}, () => randomBytes(3)),
      /^DatasetError: What http.* sends has the MD5 checksum [0-9a-f]{32} instead of [0-9a-f]{32}, .* nothing of it was kept\.$/,
    )
    assert.deepEqual(readdirSync(folder), [])
  })

  it('says at once that there is no such file, and keeps nothing under its name', async () => {
    await assert.rejects(
      get([status(404)]),
      /^DatasetError: http.* could not be downloaded: the server answered 404 Not Found; .*--from/,
    )
    assert.equal(server.requests.length, 1)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('gives up after some tries that bring nothing', async () => {
    await assert.rejects(get([(request) => request.socket.destroy()]), /the connection was cut \(3 tries\)/)
    assert.equal(server.requests.length, 3)
    await server.close()
    await assert.rejects(again(), /the server refused the connection \(3 tries\)/)
    // It starts over each time and never gets further: not for ever.
    await assert.rejects(
      get([
        (_, response) => {
          response.writeHead(200, { 'Content-Length': content.length })
          response.write(content.subarray(0, 1000), () => response.destroy())
        },
      ]),
      /\(3 tries\)/,
    )
    assert.ok(!existsSync(path))
  })

  it('takes a silent connection for cut, and a slow one not', async () => {
    // Ten pieces take longer than a silence may last, but no two of them lie so far apart: where the machine has lost
    // its breath meanwhile, the proof is made again with more time.
    let silence = 250
    for (let longestGap = Number.POSITIVE_INFINITY; ; silence *= 2) {
      longestGap = 0
      const slow: Answer = (_, response) => {
        response.writeHead(200, { 'Content-Length': content.length })
        let at = 0
        let last = performance.now()
        const timer = setInterval(() => {
          longestGap = Math.max(longestGap, performance.now() - last)
          last = performance.now()
          response.write(content.subarray(at, at + 30_000))
          at += 30_000
          if (at < content.length) return
          clearInterval(timer)
          response.end()
        }, silence / 5)
      }
      await get([slow, whole()], { silence, tries: 1000 })
      assertWhole()
      const requests = [...server.requests]
      await server.close()
      rmSync(path)
      if (longestGap > silence / 2 && silence < 10_000) continue
      assert.deepEqual(requests, ['whole'])
      break
    }
    const silent: Answer = (_, response, bytes) => {
      response.writeHead(200, { ETag: '"1"', 'Content-Length': bytes.length })
      response.write(bytes.subarray(0, 70_000))
    }
    // A good answer may be late as well: it is asked for again.
    await get([silent, whole()], { silence, tries: 1000 })
    assertWhole()
    assert.deepEqual(server.requests.slice(0, 2), ['whole', 'bytes=70000-'])
  })

  it('follows redirects, and takes the body as it is whatever encoding it is labelled with', async () => {
    await get([
      (_, response) => response.writeHead(302, { Location: '/elsewhere' }).end(),
      (_, response, bytes) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bytes),
    ])
    assertWhole()
    await server.close()
    rmSync(path)
    await assert.rejects(
      get([(_, response) => response.writeHead(302, { Location: '/' }).end()]),
      /redirected more than 5/,
    )
  })

  it('refuses what is no address', async () => {
    for (const url of ['cifar.tar.gz', 'file:///etc/passwd'])
      await assert.rejects(again({ url }), /^DatasetError: ".*" is no address of the form https/)
    await assert.rejects(
      get([(_, response) => response.writeHead(302, { Location: 'ftp://x/y' }).end()]),
      /"ftp:\/\/x\/y" is no address/,
    )
  })

  it('refuses a file that is longer than it should be', async () => {
    await assert.rejects(
      get([withoutRange], { bytes: 1000 }),
      /sends more than the official 1,000 bytes; nothing was kept/,
    )
    assert.deepEqual(readdirSync(folder), [])
  })

  it('stops by its signal, keeps what has come and goes on from there', async () => {
    const stop = new AbortController()
    const hangs: Answer = (_, response, bytes) => {
      response.writeHead(200, { ETag: '"1"', 'Content-Length': bytes.length })
      response.write(bytes.subarray(0, 150_000))
    }
    const stopped = get([hangs, whole()], { signal: stop.signal })
    await partHas(150_000)
    stop.abort()
    await assert.rejects(stopped, (error: Error) => {
      assert.ok(error instanceof DownloadStopped)
      assert.match(error.message, /^Stopped at 0\.1 MB of 0\.3 MB; run the same command again/)
      return true
    })
    assert.ok(!existsSync(path))
    await again()
    assertWhole()
    assert.deepEqual(server.requests, ['whole', 'bytes=150000-'])
  })

  it('says that there is no permission', async (t) => {
    const locked = join(folder, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0o555)
    chmodSync(temporary, 0o755)
    chmodSync(folder, 0o755)
    // Root may write anywhere, so it steps down for a moment.
    const root = process.geteuid?.() === 0
    if (process.platform === 'win32') return t.skip('folders have no such permission there')
    if (root) process.seteuid!(65534)
    try {
      await assert.rejects(
        get([whole()], { path: join(locked, 'file.bin') }),
        /^DatasetError: There is no permission to write ".*locked.*file\.bin\.part"; choose another folder/,
      )
    } finally {
      if (root) process.seteuid!(0)
    }
  })

  it('says that the disk is full, and goes on when there is space', async (t) => {
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      return t.skip('a small disk cannot be mounted here')
    }
    try {
      const small = { path: join(disk, 'file.bin') }
      await assert.rejects(
        get([whole()], small),
        /^DatasetError: The disk is full at ".*file\.bin\.part"; free some space/,
      )
      assert.ok(!existsSync(small.path))
      execFileSync('mount', ['-o', 'remount,size=1m', disk])
      await again(small)
      assert.deepEqual(readFileSync(small.path), content)
      assert.match(server.requests[1], /^bytes=\d+-$/)
    } finally {
      execFileSync('umount', [disk])
    }
  })
})
