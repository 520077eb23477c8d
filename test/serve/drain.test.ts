/** Closing: what was accepted is answered, or refused with an answer, before the server goes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { until } from '../helpers/search/processes.js'
import { holdWork } from '../helpers/serve/held-worker.js'
import { head, open, readAll, whole } from '../helpers/serve/raw-client.js'
import { golden, noisyJpeg, quadrantImage, start } from '../helpers/serve/support.js'

const picture = () => quadrantImage(24, 16).png().toBuffer()

describe('draining', () => {
  it('answers what is in work, waiting or arriving, and closes connections behind the answers', async () => {
    const server = await start()
    const worker = holdWork()
    const body = await picture()
    const sockets = [1, 2, 3].map(() => open(server))
    for (const socket of sockets) socket.write(whole('/classify', body))
    const arriving = open(server)
    arriving.write(
      head('/classify', {
        'Content-Type': 'image/png',
        'Content-Length': body.length,
        Expect: '100-continue',
      }),
    )
    // Told to go on: the server has the request.
    await once(arriving, 'data')
    await until('the model computes', () => worker.begun > 0)
    const closed = server.close()
    await assert.rejects(fetch(`${server.url}/healthz`))
    arriving.write(body)
    worker.letGo()
    for (const socket of [...sockets, arriving]) {
      const answer = (await readAll(socket)).toString().replace('HTTP/1.1 100 Continue\r\n\r\n', '')
      assert.match(answer, /^HTTP\/1\.1 (200 OK|503 Service Unavailable)\r\n/)
      assert.match(answer, /\r\nConnection: close\r\n/i)
    }
    await closed
  })

  it('refuses what takes longer than the time of grace', async () => {
    const server = await start()
    const worker = holdWork()
    const sockets = [1, 2, 3].map(() => open(server))
    for (const socket of sockets) socket.write(whole('/classify', await picture()))
    const stalled = open(server)
    stalled.write(
      head('/classify', { 'Content-Type': 'image/png', 'Content-Length': 99, Expect: '100-continue' }),
    )
    await once(stalled, 'data')
    await until('the model computes', () => worker.begun > 0)
    const closed = server.close(400)
    for (const socket of [...sockets, stalled]) {
      const answer = (await readAll(socket)).toString().replace('HTTP/1.1 100 Continue\r\n\r\n', '')
      assert.match(answer, /^HTTP\/1\.1 503 /)
      assert.match(answer, /\r\nConnection: close\r\n/i)
      assert.match(answer, /The server is closing/)
    }
    worker.letGo()
    await closed
  })

  it('lets a slow client read all of its answer', async () => {
    const server = await start({ models: [golden('detector.onnx')] })
    const body = await noisyJpeg(2000)
    const socket = open(server)
    socket.write(whole('/detect?draw=1', body, 'image/jpeg'))
    await once(socket, 'data')
    socket.pause()
    const closed = server.close(60_000)
    await assert.rejects(fetch(`${server.url}/healthz`))
    socket.resume()
    const answer = await readAll(socket)
    const text = answer.toString('latin1', 0, 1000)
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
    assert.equal(answer.length, text.indexOf('\r\n\r\n') + 4 + length)
    await closed
  })

  it('does not wait for connections that ask nothing', async () => {
    const server = await start()
    const idle = open(server)
    await once(idle, 'connect')
    const used = open(server)
    used.write(whole('/classify', await picture()))
    await once(used, 'data')
    // Far longer than the test may take.
    await server.close(3_600_000)
    await Promise.all([readAll(idle), readAll(used)])
  })
})
