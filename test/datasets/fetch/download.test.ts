import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { describe, it } from 'node:test'
import { assertComplete, content, get, path, prepareDownloads } from '../../helpers/datasets/downloads.js'
import { whole } from '../../helpers/datasets/file-server.js'

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
