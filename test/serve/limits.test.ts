/** Bounds on what requests may hold and how long they may take, however many there are. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { serverDefaults } from '../../serve/config/settings.js'
import type { RunningServer, ServerOptions } from '../../serve/server.js'
import { until } from '../helpers/search/processes.js'
import { holdWork } from '../helpers/serve/held-worker.js'
import { head, open, readAll, whole } from '../helpers/serve/raw-client.js'
import {
  assertWorks,
  golden,
  json,
  noisyJpeg,
  post,
  quadrantImage,
  solid,
  start,
} from '../helpers/serve/support.js'

const picture = () => quadrantImage(24, 16).png().toBuffer()

async function serverFor(
  t: TestContext,
  options: Partial<ServerOptions> = {},
): Promise<RunningServer & { entries: Record<string, unknown>[] }> {
  const entries: Record<string, unknown>[] = []
  const server = await start({ log: (entry) => entries.push(entry), ...options })
  t.after(() => server.close(100))
  return { ...server, entries }
}

describe('uploads that stall', () => {
  for (const [name, type, begin] of [
    ['raw', 'image/png', ''],
    [
      'in forms',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="p"\r\n\r\n',
    ],
  ] as const)
    it(`give way to others when too many are held (${name})`, async (t) => {
      const maxBytes = 50_000
      const server = await serverFor(t, { maxBytes })
      const stalled = Array.from({ length: 40 }, () => {
        const socket = open(server)
        socket.write(
          head('/classify', { 'Content-Type': type, 'Content-Length': maxBytes, Connection: 'close' }),
        )
        socket.write(begin + 'x'.repeat(maxBytes - 1 - begin.length))
        return socket
      })
      // 16 fit; whoever has to go is told.
      const answers = stalled.map((socket) => readAll(socket))
      const refused = await Promise.all(Array.from({ length: 24 }, (_, i) => nth(answers, i)))
      for (const answer of refused) {
        assert.match(answer.toString(), /^HTTP\/1\.1 503 /)
        assert.match(answer.toString(), /Retry-After: \d+/i)
        assert.match(answer.toString(), /holds too many uploads/)
      }
      await assertWorks(server)
      for (const socket of stalled) socket.destroy()
    })
})

/** The `index`-th of the promises to resolve. */
function nth<T>(promises: Promise<T>[], index: number): Promise<T> {
  let resolved = 0
  return new Promise((resolve) => {
    for (const promise of promises) void promise.then((value) => resolved++ === index && resolve(value))
  })
}

describe('a body in tiny chunks', () => {
  it('is refused once there are thousands', async (t) => {
    const server = await serverFor(t)
    const socket = open(server)
    const headers = { 'Content-Type': 'image/png', 'Transfer-Encoding': 'chunked', Connection: 'close' }
    socket.write(head('/classify', headers) + '1\r\nx\r\n'.repeat(20_000))
    // The connection is cut at once: a client that still sends may not read the answer.
    await readAll(socket)
    assert.deepEqual(
      server.entries.map(({ status }) => status),
      [400],
    )
    const usual = Array.from(await picture(), (byte) => Buffer.from([byte]))
    const few = open(server)
    few.write(head('/classify', headers))
    for (const byte of usual) few.write(Buffer.concat([Buffer.from('1\r\n'), byte, Buffer.from('\r\n')]))
    few.write('0\r\n\r\n')
    assert.match((await readAll(few)).toString(), /^HTTP\/1\.1 200 /)
  })
})

describe('the deadline', () => {
  it('answers 503 to whoever is computed for too long, and to whoever waits behind', async (t) => {
    const server = await serverFor(t, { deadline: 0.3 })
    const worker = holdWork()
    const body = Buffer.from(await picture())
    const late = [1, 2, 3].map(() => post(`${server.url}/classify`, body))
    for (const response of await Promise.all(late)) {
      assert.equal(response.status, 503)
      assert.match(response.headers.get('retry-after') ?? '', /^\d+$/)
      assert.match((await json<{ detail: string }>(response)).detail, /could not answer within 0\.3 s/)
    }
    worker.letGo()
    await assertWorks(server)
  })
})

describe('drawn answers', () => {
  it('count from before they are made until they are read', async (t) => {
    const maxPixels = 400 * 300
    const server = await serverFor(t, { models: [golden('detector.onnx')], maxPixels })
    const body = await solid([200, 0, 0], 400, 300).png().toBuffer()
    const worker = holdWork()
    // Two of the largest fit, whose models are held: both are let in, and a third.
    const asked = [1, 2, 3, 4].map(() => post(`${server.url}/detect?draw=1`, Buffer.from(body)))
    await until('the model computes', () => worker.begun > 0)
    worker.letGo()
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    assert.ok(
      statuses.every((status) => status === 200 || status === 503),
      statuses.join(),
    )
    assert.ok(statuses.includes(200))
    // Whatever was refused or read is given back.
    for (let i = 0; i < 5; i++) {
      const response = await post(`${server.url}/detect?draw=1`, Buffer.from(body))
      assert.equal(response.status, 200)
      await response.arrayBuffer()
    }
  })
})

describe('the log', () => {
  it('names what the parser of HTTP refused, and why a model failed', async (t) => {
    const server = await serverFor(t, { models: [golden('nan-scores.onnx')] })
    const socket = open(server)
    socket.write('GET / HTTP/1.1\r\nBad Header\r\n\r\n')
    await readAll(socket)
    const long = open(server)
    long.write(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`)
    await readAll(long)
    const refused = server.entries.filter(({ event }) => event === 'refused')
    assert.deepEqual(
      refused.map(({ status }) => status),
      [400, 431],
    )
    assert.ok(refused.every(({ from }) => from === '127.0.0.1'))
    const response = await post(
      `${server.url}/detect`,
      Buffer.from(await solid([255, 255, 255]).png().toBuffer()),
    )
    assert.equal(response.status, 500)
    const [entry] = server.entries.filter(({ event }) => event === 'error')
    assert.match(String(entry.error), /model failed on this image: it returned the score NaN/)
  })

  it('marks answers that were not read to their end', async (t) => {
    const server = await serverFor(t, { models: [golden('detector.onnx')] })
    const body = await noisyJpeg(2500)
    const socket = open(server)
    socket.write(whole('/detect?draw=1', body, 'image/jpeg'))
    await once(socket, 'data')
    socket.destroy()
    while (!server.entries.some(({ event }) => event === 'request'))
      await new Promise((resolve) => setTimeout(resolve, 10))
    const { status, cut } = server.entries.find(({ event }) => event === 'request')!
    assert.deepEqual([status, cut], [200, true])
  })
})

describe('servers that come and go', () => {
  it('leave no listeners behind', async () => {
    const count = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
    await (await start()).close()
    const before = count()
    for (let i = 0; i < 3; i++) await (await start()).close()
    assert.equal(count(), before)
    assert.ok(serverDefaults.decoders >= 2)
  })
})
