/** Who is let in: API keys, rates, other sites; and what every answer carries. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ApiKeys, readKeyFile } from '../../serve/safety/api-keys.js'
import { requestIdOf } from '../../serve/safety/request-id.js'
import type { ServerOptions } from '../../serve/server.js'
import { until } from '../helpers/search/processes.js'
import { json, start } from '../helpers/serve/support.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const [first, second] = ['the-first-key-of-two', 'and-the-second-of-both']

async function serverFor(t: TestContext, options: Partial<ServerOptions>) {
  const entries: Record<string, unknown>[] = []
  const server = await start({ log: (entry) => entries.push(entry), ...options })
  t.after(() => server.close(100))
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(server.url + path, { headers, method })
  return { get, entries, port: Number(new URL(server.url).port) }
}

describe('API keys', () => {
  it('are needed for all but the probes, as Bearer or X-API-Key', async (t) => {
    const folder = await temporaryFolder(t)
    const apiKeysFile = join(folder, 'keys')
    await writeFile(apiKeysFile, `# of our partners\n\n${first}\r\n`)
    const { get, entries } = await serverFor(t, { apiKeysFile, apiKeys: [second] })
    for (const headers of [
      { Authorization: `Bearer ${first}` },
      { authorization: `bearer  ${second}` },
      { 'X-API-Key': second },
    ] as Record<string, string>[])
      assert.equal((await get('/models', headers)).status, 200)
    const without = await get('/models')
    assert.equal(without.status, 401)
    assert.match(without.headers.get('www-authenticate') ?? '', /^Bearer /)
    assert.match(
      (await json<{ detail: string }>(without)).detail,
      /needs an API key; send one as "Authorization: /,
    )
    for (const headers of [
      { 'X-API-Key': first.slice(0, -1) },
      { 'X-API-Key': `${first}x` },
      { 'X-API-Key': '' },
      { Authorization: `Basic ${first}` },
      { Authorization: 'Bearer' },
    ] as Record<string, string>[]) {
      const wrong = await get('/models', headers)
      assert.equal(wrong.status, 401)
      assert.match((await json<{ detail: string }>(wrong)).detail, /key of the request is not valid here/)
    }
    for (const path of ['/', '/metrics', '/nowhere']) assert.equal((await get(path)).status, 401, path)
    assert.equal((await get('/classify', {}, 'POST')).status, 401)
    for (const path of ['/livez', '/healthz', '/readyz']) assert.equal((await get(path)).status, 200, path)
    await until('all are logged', () => entries.length === 16)
    const names = new Set(entries.map(({ key }) => key))
    assert.deepEqual([...names].map((name) => typeof name).sort(), ['string', 'string', 'undefined'])
    assert.doesNotMatch(JSON.stringify(entries), /of-two|of-both/)
  })

  it('of a file are refused by their line, and so is a file without one', async (t) => {
    const folder = await temporaryFolder(t)
    const path = join(folder, 'keys')
    for (const [content, words] of [
      [`${first}\nshort\n`, /Line 2 of .*keys is not an API key: a key has 16 to 256 letters/],
      ['two words of a sentence\n', /Line 1 of .*keys/],
      ['\n# none\n', /holds no API key/],
    ] as const) {
      await writeFile(path, content)
      await assert.rejects(readKeyFile(path), words)
    }
    await assert.rejects(start({ apiKeysFile: join(folder, 'no') }), /Cannot read .*: it does not exist/)
  })

  it('have a name that does not reveal them', () => {
    const keys = new ApiKeys([first])
    // The first digits of what sha256sum prints.
    assert.equal(keys.identify({ 'x-api-key': first }), '0c362368')
    assert.equal(keys.identify({ 'x-api-key': second }), undefined)
    assert.equal(keys.identify({}), undefined)
  })
})

describe('rates', () => {
  it('are counted for each key, and for each address among wrong ones', async (t) => {
    const { get } = await serverFor(t, { apiKeys: [first, second], rateLimit: 3 })
    const ask = async (key: string) => (await get('/models', { 'X-API-Key': key })).status
    for (const key of [first, second]) {
      for (let i = 0; i < 3; i++) assert.equal(await ask(key), 200)
      assert.equal(await ask(key), 429)
    }
    for (let i = 0; i < 3; i++) assert.equal(await ask('wrong'), 401)
    assert.equal(await ask('wrong'), 429)
    // Probes are not counted.
    for (let i = 0; i < 5; i++) assert.equal((await get('/readyz')).status, 200)
  })

  it('say when to come again, and believe X-Forwarded-For only of proxies that are named', async (t) => {
    const direct = await serverFor(t, { rateLimit: 1 })
    const from = (server: typeof direct, address: string) =>
      server.get('/models', { 'X-Forwarded-For': address })
    assert.equal((await from(direct, '203.0.113.1')).status, 200)
    const refused = await from(direct, '203.0.113.2')
    assert.equal(refused.status, 429)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    assert.match(
      (await json<{ detail: string }>(refused)).detail,
      /More than 1 requests came within a minute/,
    )
    const behind = await serverFor(t, { rateLimit: 1, trustProxy: 1 })
    assert.equal((await from(behind, '203.0.113.1')).status, 200)
    assert.equal((await from(behind, '203.0.113.2')).status, 200)
    assert.equal((await from(behind, '203.0.113.2')).status, 429)
    await until('they are logged', () => behind.entries.length === 3)
    assert.deepEqual(
      behind.entries.map((entry) => entry.from),
      ['203.0.113.1', '203.0.113.2', '203.0.113.2'],
    )
  })
})

describe('other sites', () => {
  const origin = 'https://example.org'
  const preflight = { Origin: origin, 'Access-Control-Request-Method': 'POST' }

  it('may read nothing by default', async (t) => {
    const { get } = await serverFor(t, {})
    assert.equal((await get('/models', { Origin: origin })).headers.get('access-control-allow-origin'), null)
    const asked = await get('/classify', preflight, 'OPTIONS')
    assert.deepEqual([asked.status, asked.headers.get('access-control-allow-methods')], [204, null])
  })

  it('may read answers where they are named, and ask first without a key', async (t) => {
    const { get } = await serverFor(t, { corsOrigins: [origin], apiKeys: [first] })
    const asked = await get('/classify', preflight, 'OPTIONS')
    assert.equal(asked.status, 204)
    assert.equal(asked.headers.get('access-control-allow-origin'), origin)
    assert.match(asked.headers.get('access-control-allow-methods') ?? '', /POST/)
    const read = await get('/models', { Origin: origin, 'X-API-Key': first })
    assert.equal(read.headers.get('access-control-allow-origin'), origin)
    assert.match(read.headers.get('access-control-expose-headers') ?? '', /X-Request-Id/)
    // Refusals can be read too.
    assert.equal(
      (await get('/models', { Origin: origin })).headers.get('access-control-allow-origin'),
      origin,
    )
    const other = await get('/models', { Origin: 'https://evil.example', 'X-API-Key': first })
    assert.equal(other.headers.get('access-control-allow-origin'), null)
  })
})

describe('every answer', () => {
  it('has an id, its own or the client’s, which is in the log too', async (t) => {
    const { get, entries } = await serverFor(t, {})
    const ids: (string | null)[] = []
    for (const [path, given] of [
      ['/models', 'trace-17:a/b'],
      ['/nowhere', 'x'.repeat(129)],
      ['/models', 'two words'],
    ]) {
      const response = await get(path, { 'X-Request-Id': given })
      ids.push(response.headers.get('x-request-id'))
    }
    assert.equal(ids[0], 'trace-17:a/b')
    for (const id of ids.slice(1)) assert.match(id ?? '', /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
    await until('they are logged', () => entries.length === 3)
    assert.deepEqual(
      entries.map(({ id }) => id),
      ids,
    )
    assert.match(requestIdOf('a\r\nSet-Cookie: b'), /^[0-9a-f-]{36}$/)
  })

  it('lets browsers do nothing with it, and says nothing of the server', async (t) => {
    const { get } = await serverFor(t, {})
    for (const path of ['/models', '/nowhere']) {
      const { headers } = await get(path)
      assert.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'")
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('x-frame-options'), 'SAMEORIGIN')
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('strict-transport-security'), null)
      assert.equal(headers.get('x-powered-by'), null)
    }
  })
})

describe('connections', () => {
  it('beyond the limit are closed, and logged', async (t) => {
    const { entries, port } = await serverFor(t, { maxConnections: 1 })
    const first = connect(port, '127.0.0.1')
    await once(first, 'connect')
    first.write('GET /models HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(first, 'data')
    const further = connect(port, '127.0.0.1').on('error', () => {})
    await once(further, 'close')
    await until('it is logged', () => entries.some(({ event }) => event === 'drop'))
    first.destroy()
  })
})
