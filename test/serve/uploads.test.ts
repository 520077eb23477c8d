/** Uploads: content types, limits of size, and clients that disconnect or send too much. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { until } from '../helpers/search/processes.js'
import { exchange, open, readAll } from '../helpers/serve/raw-client.js'
import { assertProblem, assertWorks, loggedServer, post } from '../helpers/serve/support.js'

const maxBytes = 100_000

describe('uploads', () => {
  const suite = loggedServer({ maxBytes })

  const url = (path: string) => suite.server.url + path

  it('refuses other content types', async () => {
    await assertProblem(suite.server, await post(url('/classify'), 'hello', 'text/plain'), 415, /text\/plain/)
    const curl = 'application/x-www-form-urlencoded'
    await assertProblem(
      suite.server,
      await post(url('/classify'), suite.picture, curl),
      415,
      /Content-Type: image\/jpeg/,
    )
    await assertProblem(
      suite.server,
      await fetch(url('/classify'), { method: 'POST' }),
      415,
      /no content type/,
    )
    const headers = { 'Content-Type': 'image/png', 'Content-Encoding': 'gzip' }
    const packed = await fetch(url('/classify'), { method: 'POST', body: suite.picture, headers })
    await assertProblem(suite.server, packed, 415, /encoding gzip/)
  })

  it('refuses too many bytes, announced or not, raw or in a form', async () => {
    const large = Buffer.alloc(maxBytes + 1)
    await assertProblem(suite.server, await post(url('/classify'), large), 413, /more than 100000 bytes/)
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 40; i++) controller.enqueue(new Uint8Array(10_000))
        controller.close()
      },
    })
    await assertProblem(suite.server, await post(url('/classify'), stream), 413, /more than 100000 bytes/)
    for (const bytes of [maxBytes + 1, 4 * maxBytes]) {
      const form = new FormData()
      form.set('image', new Blob([new Uint8Array(bytes)]), 'p.png')
      const response = await fetch(url('/classify'), { method: 'POST', body: form })
      await assertProblem(suite.server, response, 413, /more than 100000 bytes/)
    }
  })

  it('takes exactly as many bytes as are allowed', async () => {
    const padded = Buffer.concat([suite.picture, Buffer.alloc(maxBytes - suite.picture.length)])
    const raw = await post(url('/classify'), padded)
    assert.equal(raw.status, 200, await raw.text())
    const form = new FormData()
    form.set('image', new Blob([padded]), 'p.png')
    const formed = await fetch(url('/classify'), { method: 'POST', body: form })
    assert.equal(formed.status, 200, await formed.text())
  })

  it('answers 413 before the body is there, and cuts the connection instead of reading on', async () => {
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n'
    const announced = await exchange(suite.server, `${head}Content-Length: 1000000000\r\n\r\nonly a little`)
    assert.match(announced, /^HTTP\/1\.1 413 /)
    const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`
    const endless = await exchange(
      suite.server,
      `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`,
    )
    assert.match(endless, /^HTTP\/1\.1 413 /)
    await assertWorks(suite.server)
  })

  it('lets a client that sends everything before it listens read the answer', async () => {
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: image/png\r\n'
    const body = 'x'.repeat(20_000_000)
    const socket = open(suite.server)
    socket.pause()
    await new Promise((resolve) =>
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`, resolve),
    )
    socket.resume()
    const received = (await readAll(socket)).toString('latin1')
    assert.match(received, /^HTTP\/1\.1 413 /)
    assert.match(received, /more than 100000 bytes.*}$/)
  })

  it('tells a client that asks first whether to send at all', async () => {
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n'
    const refused = await exchange(
      suite.server,
      `${head}Content-Type: image/png\r\nContent-Length: 1000000000\r\n\r\n`,
    )
    assert.match(refused, /^HTTP\/1\.1 413 /)
    const wanted = await exchange(
      suite.server,
      `${head}Content-Type: image/png\r\nContent-Length: 3\r\n\r\nabc`,
    )
    assert.match(wanted, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 415 /)
  })

  it('outlives clients that go away in the middle', async () => {
    const before = suite.entries.length
    for (const type of ['image/png', 'multipart/form-data; boundary=cut']) {
      const socket = open(suite.server)
      const body = '--cut\r\nContent-Disposition: form-data; name="image"; filename="p.png"\r\n\r\nPNG'
      const head = `POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 5000`
      socket.write(`${head}\r\nExpect: 100-continue\r\n\r\n`)
      // From here on, the suite.server waits for the body.
      assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 100 Continue/)
      await new Promise((resolve) => socket.write(body, resolve))
      socket.destroy()
      await assertWorks(suite.server)
    }
    const gone = () => suite.entries.slice(before).filter(({ status }) => status === 499).length
    await until('both are logged', () => gone() === 2)
  })
})
