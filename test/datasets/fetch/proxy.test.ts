/** Downloads through proxies, as the environment variables of curl, npm and pip name them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type DownloadOptions, download } from '../../../datasets/fetch/download.js'
import { proxyFor } from '../../../datasets/fetch/proxy.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { type Answer, cutAfter, serveFile, whole } from '../../helpers/datasets/file-server.js'
import { startProxy } from '../../helpers/datasets/proxy-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i) % 251))
const md5 = createHash('md5').update(content).digest('hex')
const variables = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
  name,
  name.toUpperCase(),
])

/** Sets these variables alone until the test ends. */
function setVariables(t: TestContext, values: Record<string, string>): void {
  const before = variables.map((name) => [name, process.env[name]] as const)
  for (const name of variables) delete process.env[name]
  Object.assign(process.env, values)
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
}

async function fileServer(t: TestContext, answers: Answer[] = [whole()]) {
  const server = await serveFile(() => content, answers)
  t.after(server.close)
  return { ...server, port: Number(new URL(server.url).port) }
}

async function target(t: TestContext, url: string): Promise<DownloadOptions> {
  const path = join(await temporaryFolder(t), 'file.bin')
  return { url, path, bytes: content.length, md5, tries: 2, retryDelay: 1 }
}

test('http addresses are asked of the proxy by their whole address, and cut downloads go on', async (t) => {
  const options = await target(t, 'http://name:word@files.test:8000/file?x=1')
  const arrived = async (bytes: number) => {
    const part = `${options.path}.part`
    while (!existsSync(part) || statSync(part).size < bytes) await sleep(5)
  }
  const server = await fileServer(t, [cutAfter(100_000, arrived), whole()])
  const proxy = await startProxy(t, server.port)
  setVariables(t, { HTTP_PROXY: `http://me:p%40ss@${proxy.host}` })
  await download(options)
  assert.deepEqual(readFileSync(options.path), content)
  assert.deepEqual(server.requests, ['whole', 'bytes=100000-'])
  const asked = 'GET http://files.test:8000/file?x=1'
  assert.deepEqual(proxy.requests, [asked, asked])
  const credentials = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
  assert.deepEqual(proxy.credentials, [credentials, credentials])
})

test('https addresses are reached through a tunnel, with the certificate of their own host', async (t) => {
  const golden = join(packageRoot(), 'test/datasets/golden')
  const [cert, key] = ['crt', 'key'].map((kind) => readFileSync(join(golden, `files.test.${kind}`)))
  const seen: (string | undefined)[] = []
  const server = createServer({ cert, key }, ({ headers, url }, response) => {
    seen.push(headers.host, headers['proxy-authorization'])
    if (url === '/moved') response.writeHead(302, { Location: '/file' }).end()
    else response.end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const proxy = await startProxy(t, (server.address() as AddressInfo).port)
  const options = await target(t, 'https://files.test/moved')
  const script = `import { download } from ${JSON.stringify(new URL('../../../datasets/fetch/download.js', import.meta.url))}
    await download(${JSON.stringify(options)}).catch(({ message }) => console.log(message))`
  setVariables(t, { https_proxy: `me:secret@${proxy.host}`, HTTPS_PROXY: 'http://127.0.0.1:1' })
  const run = (more = {}) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, ...more },
    })
  const { stdout } = await run()
  assert.match(stdout, /the certificate of the server is not trusted here .* NODE_EXTRA_CA_CERTS \(2 tries\)/)
  proxy.requests.length = 0
  proxy.credentials.length = 0
  assert.equal((await run({ NODE_EXTRA_CA_CERTS: join(golden, 'files.test.crt') })).stdout, '')
  assert.deepEqual(readFileSync(options.path), content)
  assert.deepEqual(proxy.requests, ['CONNECT files.test:443', 'CONNECT files.test:443'])
  assert.equal(proxy.credentials[0], `Basic ${Buffer.from('me:secret').toString('base64')}`)
  assert.deepEqual(seen, ['files.test', undefined, 'files.test', undefined])
})

test('NO_PROXY lets a host be reached directly', async (t) => {
  const server = await fileServer(t)
  const options = await target(t, server.url)
  setVariables(t, { HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: 'localhost,127.0.0.1' })
  await download(options)
  assert.deepEqual(readFileSync(options.path), content)
})

test('a proxy that fails is named, without its password', async (t) => {
  const failure = async (url: string, status: number, credentials = ''): Promise<string> => {
    const proxy = await startProxy(t, 1, status)
    setVariables(t, { ALL_PROXY: `http://${credentials}${proxy.host}` })
    const options = await target(t, url)
    const message = await download(options).then(
      () => assert.fail('it should have failed'),
      (error: Error) => `${error.name}: ${error.message}`,
    )
    assert.deepEqual(await readdir(join(options.path, '..')), [])
    assert.doesNotMatch(message, /secret/)
    return message.replaceAll(proxy.host, 'HOST')
  }
  for (const url of ['http://files.test/file', 'https://files.test/file']) {
    const begin = `DatasetError: ${url} could not be downloaded: the proxy http://HOST answered`
    const reason = (code: number, ofHttp: string) => (url.startsWith('https') ? `${code} Refused` : ofHttp)
    const unnamed = `${begin} ${reason(407, '407 Proxy Authentication Required')}; `
    assert.equal(await failure(url, 407), `${unnamed}set ALL_PROXY to http://NAME:PASSWORD@HOST.`)
    assert.equal(
      await failure(url, 407, 'me:secret@'),
      `${unnamed}it refuses the name and password in ALL_PROXY.`,
    )
    const away = await failure(url, 502)
    assert.ok(away.startsWith(`${begin} ${reason(502, '502 Bad Gateway')} (2 tries).`), away)
  }
  assert.match(
    await failure('https://files.test/file', 403),
    /the proxy http:\/\/HOST answered 403 Refused; let it pass the address, or download .* use --from\.$/,
  )
  assert.match(
    await failure('http://files.test/file', 404),
    /: the server \(through the proxy http:\/\/HOST\) answered 404 Not Found; download the file elsewhere/,
  )
})

test('a proxy that is not there, and an address of none, are named with their variable', async (t) => {
  const failure = async (variable: string, value: string): Promise<string> => {
    setVariables(t, { [variable]: value })
    return download(await target(t, 'https://files.test/file')).then(
      () => assert.fail('it should have failed'),
      (error: Error) => error.message,
    )
  }
  assert.match(
    await failure('HTTPS_PROXY', 'http://me:secret@127.0.0.1:1'),
    /: the proxy http:\/\/127\.0\.0\.1:1 refused the connection \(the variable HTTPS_PROXY names it\) \(2 tries\)\./,
  )
  for (const value of ['socks5://me:secret@127.0.0.1:1080', 'http://', 'http://%zz@h'])
    assert.equal(
      await failure('https_proxy', value),
      'The variable https_proxy holds no address of an HTTP proxy; set one such as http://proxy.example:3128, or unset it.',
    )
})

test('which variable counts, and which hosts NO_PROXY excepts', () => {
  const through = (url: string, environment: Record<string, string>) =>
    proxyFor(new URL(url), environment)?.url.host ?? 'directly'
  const all = { http_proxy: 'a', HTTP_PROXY: 'b', HTTPS_PROXY: 'http://c:1', ALL_PROXY: 'https://d:2' }
  assert.equal(through('http://x', all), 'a')
  assert.equal(through('http://x', { ...all, http_proxy: '' }), 'b')
  assert.equal(through('https://x', all), 'c:1')
  assert.equal(through('https://x', { HTTP_PROXY: 'b', all_proxy: 'd:2' }), 'd:2')
  assert.equal(through('https://x', { HTTP_PROXY: 'b' }), 'directly')
  assert.equal(through('http://x', {}), 'directly')

  const excepts: [list: string, hosts: string[], others: string[]][] = [
    ['*', ['http://x', 'https://10.0.0.1:8443'], []],
    ['', [], ['http://x']],
    ['x.org', ['http://x.org', 'https://a.x.org', 'http://X.ORG./'], ['http://ax.org', 'http://x.org.uk']],
    ['.x.org', ['http://x.org', 'http://a.b.x.org'], ['http://ax.org']],
    ['*.x.org', ['http://a.x.org'], ['http://ax.org']],
    ['X.org:8080', ['http://x.org:8080', 'http://a.x.org:8080'], ['http://x.org', 'https://x.org']],
    ['x.org:443', ['https://x.org'], ['http://x.org']],
    ['a, b  c', ['http://a', 'http://b', 'http://c'], ['http://d']],
    ['10.0.0.0/8', ['http://10.9.8.7:80'], ['http://11.0.0.1', 'http://10.org']],
    ['10.1.2.3', ['http://10.1.2.3'], ['http://10.1.2.30', 'http://110.1.2.3']],
    ['127.0.0.1:9000', ['http://127.0.0.1:9000'], ['http://127.0.0.1']],
    ['::1', ['http://[::1]:81'], ['http://[::2]']],
    ['[::1]:81,fd00::/8', ['http://[::1]:81', 'http://[fd12::3]'], ['http://[::1]', 'http://[fe80::1]']],
    ['.,/8,10.0.0.0/99', [], ['http://x', 'http://10.0.0.0']],
  ]
  for (const [list, hosts, others] of excepts)
    for (const [urls, expected] of [
      [hosts, 'directly'],
      [others, 'p'],
    ] as const)
      for (const url of urls)
        assert.equal(
          through(url, { http_proxy: 'p', https_proxy: 'p', NO_PROXY: list }),
          expected,
          `${list} ${url}`,
        )
})
