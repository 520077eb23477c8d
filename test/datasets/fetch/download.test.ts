import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { describe, it } from 'node:test'
import {
  again,
  assertComplete,
  content,
  cut,
  get,
  path,
  prepareDownloads,
  server,
} from '../../helpers/datasets/downloads.js'
import { type Answer, whole } from '../../helpers/datasets/file-server.js'

prepareDownloads()

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
    assertComplete()
    assert.deepEqual([seen[0], seen.at(-1)], [0, content.length])
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    )
  })

  it('follows redirects, and takes the body as it is whatever encoding it is labelled with', async () => {
    await get([
      (_, response) => response.writeHead(302, { Location: '/elsewhere' }).end(),
      (_, response, bytes) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bytes),
    ])
    assertComplete()
    rmSync(path)
    await assert.rejects(
      get([(_, response) => response.writeHead(302, { Location: '/' }).end()]),
      /redirected more than 5/,
    )
  })
})

/** Of a file whose size and checksum nobody publishes. */
const unknown = { bytes: undefined, md5: undefined }

/** States a checksum as Google's storage does. */
const withHash =
  (answer: Answer, md5: string): Answer =>
  (request, response, bytes) => {
    response.setHeader('x-goog-hash', ['crc32c=AAAAAA==', `md5=${md5}`])
    answer(request, response, bytes)
  }

describe('download of a file that nobody has described', () => {
  const md5 = createHash('md5').update(content).digest('base64')

  it('has the size and the checksum that the server states', async () => {
    const totals = new Set<number | undefined>()
    await get([withHash(whole(), md5)], {
      ...unknown,
      onProgress: ({ totalBytes }) => totals.add(totalBytes),
    })
    assertComplete()
    assert.deepEqual([...totals], [content.length])
    rmSync(path)
    await assert.rejects(
      get([withHash(whole(), 'AAAAAAAAAAAAAAAAAAAAAA==')], unknown),
      /^DatasetError: What .* instead of 0{32}, which the server states; nothing of it was kept\.$/,
    )
    assert.ok(!existsSync(path))
  })

  it('is resumed, and not complete before all has come', async () => {
    await assert.rejects(
      get([withHash(cut(100_000), md5), cut(0)], { ...unknown, tries: 1 }),
      /ended early|cut/,
    )
    assert.ok(!existsSync(path))
    server.requests.length = 0
    await again({ ...unknown, tries: 1 }).catch(() => undefined)
    assert.deepEqual(server.requests, ['bytes=100000-'])
    await get([withHash(whole(), md5)], unknown)
    assertComplete()
  })

  it('ends with the connection where the server states no size', async () => {
    await get([(_, response, bytes) => void response.write(bytes, () => response.end())], {
      ...unknown,
      onProgress: ({ totalBytes }) => assert.equal(totalBytes, undefined),
    })
    assertComplete()
  })
})
