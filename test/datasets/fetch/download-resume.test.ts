import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { DownloadStopped } from '../../../datasets/fetch/download.js'
import {
  again,
  assertComplete,
  content,
  cut,
  folder,
  get,
  partHas,
  path,
  prepareDownloads,
  randomBytes,
  serve,
  server,
} from '../../helpers/datasets/downloads.js'
import { type Answer, cutAfter, status, whole, withoutRange } from '../../helpers/datasets/file-server.js'

prepareDownloads()

describe('a download that is continued', () => {
  it('goes on after cut connections, each from where it stopped', async () => {
    await get([cut(100_000), cut(50_000), cut(1), cut(9), cut(90_000), whole()])
    assertComplete()
    assert.equal(server.requests.length, 6)
    assert.equal(server.requests[0], 'whole')
    assert.equal(server.requests[1], 'bytes=100000-')
    assert.equal(server.requests[5], 'bytes=240010-')
  })

  it('goes on in another run', async () => {
    await assert.rejects(
      get([cut(100_000), status(503)]),
      /the server answered 503 .*\(3 tries\).* Run the same command again to continue/,
    )
    assert.deepEqual(readdirSync(folder).sort(), ['file.bin.part', 'file.bin.part.json'])
    const { url } = server
    await serve([whole()])
    let resumed = 0
    // The notes name the old port; this server is the same one to them.
    writeFileSync(`${path}.part.json`, readFileSync(`${path}.part.json`, 'utf8').replace(url, server.url))
    await again({ onProgress: ({ resumedBytes }) => (resumed = resumedBytes) })
    assertComplete()
    assert.deepEqual(server.requests, ['bytes=100000-'])
    assert.equal(resumed, 100_000)
  })

  it('starts again when the server knows no Range', async () => {
    await get([cut(100_000), withoutRange])
    assertComplete()
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
    assertComplete()
    assert.deepEqual(server.requests, ['whole', 'bytes=100000-'])
  })

  it('starts again from a piece of unknown origin, or one that is too long', async () => {
    writeFileSync(`${path}.part`, Buffer.alloc(1000, 1))
    await get([whole()])
    assertComplete()
    assert.deepEqual(server.requests, ['whole'])
    rmSync(path)
    writeFileSync(`${path}.part`, Buffer.alloc(content.length + 1, 1))
    await again()
    assertComplete()
  })

  it('starts again when the server resumes elsewhere or refuses the range', async () => {
    for (const bad of [status(416), status(206)]) {
      await get([cut(100_000), bad, whole()])
      assertComplete()
      assert.deepEqual(server.requests, ['whole', 'bytes=100000-', 'whole'])
      rmSync(path)
    }
  })

  it('mends a piece that was damaged on disk, and refuses a file that is wrong twice', async () => {
    await assert.rejects(get([cut(100_000), status(404)]), /404/)
    writeFileSync(`${path}.part`, Buffer.alloc(100_000, 1))
    await serve([whole()])
    await again()
    assertComplete()
    rmSync(path)
    await assert.rejects(
      get([whole()], {}, () => randomBytes(3)),
      /^DatasetError: What http.* sends has the MD5 checksum [0-9a-f]{32} instead of [0-9a-f]{32}, .* nothing of it was kept\.$/,
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
    assertComplete()
    assert.deepEqual(server.requests, ['whole', 'bytes=150000-'])
  })
})
