import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  again,
  assertComplete,
  content,
  folder,
  get,
  path,
  prepareDownloads,
  server,
} from '../../helpers/datasets/downloads.js'
import { type Answer, status, whole, withoutRange } from '../../helpers/datasets/file-server.js'

prepareDownloads()

describe('a download that fails', () => {
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
      assertComplete()
      const requests = [...server.requests]
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
    assertComplete()
    assert.deepEqual(server.requests.slice(0, 2), ['whole', 'bytes=70000-'])
  })

  it('refuses what is not an address', async () => {
    for (const url of ['cifar.tar.gz', 'file:///etc/passwd'])
      await assert.rejects(again({ url }), /^DatasetError: ".*" is not an address of the form https/)
    await assert.rejects(
      get([(_, response) => response.writeHead(302, { Location: 'ftp://x/y' }).end()]),
      /"ftp:\/\/x\/y" is not an address/,
    )
  })

  it('refuses a file that is longer than it should be', async () => {
    await assert.rejects(
      get([withoutRange], { bytes: 1000 }),
      /sends more than the official 1,000 bytes; nothing was kept/,
    )
    assert.deepEqual(readdirSync(folder), [])
  })

  it('says that there is no permission', async (t) => {
    const locked = join(folder, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0o555)
    chmodSync(join(folder, '..'), 0o755)
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
