/** What the server tells of itself: figures for Prometheus, probes, and the log's forms. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, it } from 'node:test'
import { terminalLine } from '../../serve/log/terminal-line.js'
import { Metrics } from '../../serve/metrics/metrics.js'
import { rejectReasonOf } from '../../serve/metrics/observer.js'
import { json, loggedServer, post } from '../helpers/serve/support.js'

/** The value of one sample. */
function sample(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  assert.ok(line, `${name} is not in\n${text}`)
  return Number(line.slice(name.length + 1))
}

describe('/metrics', () => {
  const suite = loggedServer({})

  it('counts requests by route and status, decoding, inference and refusals', async () => {
    for (let i = 0; i < 3; i++)
      assert.equal((await post(`${suite.server.url}/classify?top=1`, suite.picture)).status, 200)
    assert.equal((await post(`${suite.server.url}/classify`, 'no image')).status, 415)
    assert.equal((await fetch(`${suite.server.url}/no/${'x'.repeat(50)}`)).status, 404)
    const response = await fetch(`${suite.server.url}/metrics`)
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    const text = await response.text()
    const requests = 'toolkit_request_duration_seconds_count'
    assert.equal(sample(text, `${requests}{method="POST",route="/classify",status="200"}`), 3)
    assert.equal(sample(text, `${requests}{method="POST",route="/classify",status="415"}`), 1)
    assert.equal(sample(text, `${requests}{method="GET",route="other",status="404"}`), 1)
    assert.equal(sample(text, 'toolkit_decode_seconds_count'), 3)
    assert.equal(sample(text, 'toolkit_inference_seconds_count{model="quadrants"}'), 3)
    assert.equal(sample(text, 'toolkit_rejects_total{reason="image"}'), 1)
    assert.equal(sample(text, 'toolkit_rejects_total{reason="request"}'), 1)
    // This request itself.
    assert.equal(sample(text, 'toolkit_open_requests'), 1)
    assert.ok(sample(text, 'process_resident_memory_bytes') > 1e7)
    assert.ok(sample(text, 'nodejs_eventloop_lag_seconds') >= 0)
  })

  it('takes what the core reports, for each server by itself', async () => {
    const [metrics, other] = [new Metrics(), new Metrics()]
    metrics.queueLength('a', 5)
    metrics.batchSize('a', 3)
    metrics.batchSize('a', 8)
    const text = await metrics.text()
    assert.equal(sample(text, 'toolkit_queue_length{model="a"}'), 5)
    assert.equal(sample(text, 'toolkit_batch_size_sum{model="a"}'), 11)
    assert.equal(sample(text, 'toolkit_batch_size_bucket{le="4",model="a"}'), 1)
    assert.doesNotMatch(await other.text(), /model="a"/)
  })

  it('has a reason for each refusal', () => {
    const statuses = [200, 204, 400, 401, 404, 408, 413, 415, 422, 429, 500, 503]
    assert.deepEqual(statuses.map(rejectReasonOf), [
      undefined,
      undefined,
      'request',
      'key',
      'request',
      'timeout',
      'too_large',
      'image',
      'image',
      'rate',
      'failure',
      'overload',
    ])
  })

  it('stands beside the probes', async () => {
    const get = async (path: string) => {
      const response = await fetch(suite.server.url + path)
      return [response.status, await json(response)]
    }
    const ready = [200, { status: 'ok', models: [{ name: 'quadrants', ready: true }] }]
    assert.deepEqual(await get('/livez'), [200, { status: 'ok' }])
    assert.deepEqual(await get('/readyz'), ready)
    assert.deepEqual(await get('/healthz'), ready)
  })
})

describe('lines of the log', () => {
  it('are JSON with level and time, or short text', async () => {
    const log = new URL('../../serve/log.js', import.meta.url).href
    const printed = async (format: string) => {
      const program = `import { openLog } from '${log}'
        const log = openLog('${format}')
        log({ event: 'request', method: 'GET', path: '/x', status: 200, milliseconds: 1.5, from: '::1', id: 'a' })
        log({ event: 'error', path: '/y', error: 'Error: no' })
        log({ event: 'request', method: 'GET', path: '/z', status: 503, milliseconds: 2 })`
      const child = spawn(process.execPath, ['--input-type=module', '-e', program])
      let text = ''
      for await (const chunk of child.stderr.setEncoding('utf8')) text += chunk
      return text.trimEnd().split('\n')
    }
    const entries = (await printed('json')).map((line) => JSON.parse(line))
    assert.deepEqual(
      entries.map(({ level, event }) => [level, event]),
      [
        ['info', 'request'],
        ['error', 'error'],
        ['warn', 'request'],
      ],
    )
    for (const { time } of entries) assert.equal(new Date(time).toISOString(), time)
    const lines = (await printed('text')).map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))
    assert.deepEqual(lines, ['GET /x 200 1.5 ms ::1 id=a', 'error error /y Error: no', 'GET /z 503 2 ms'])
    assert.deepEqual(await printed('auto').then(([line]) => JSON.parse(line).path), '/x')
  })

  it('have all that an entry says', () => {
    const time = new Date().toISOString()
    const line = terminalLine({ time, level: 'warn', event: 'worker', message: 'It died.' })
    assert.match(line, /^\d\d:\d\d:\d\d warn worker It died\.\n$/)
  })
})
