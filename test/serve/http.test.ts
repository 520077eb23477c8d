/** The HTTP interface: parameters, paths, methods, invalid HTTP, and the log. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ModelCard } from '../../src/shared/model-card.js'
import { until } from '../helpers/search/processes.js'
import { exchange } from '../helpers/serve/raw-client.js'
import {
  type Answer,
  assertProblem,
  assertWorks,
  json,
  loggedServer,
  post,
} from '../helpers/serve/support.js'

const maxBytes = 100_000

describe('the HTTP interface', () => {
  const suite = loggedServer({ maxBytes })

  const url = (path: string) => suite.server.url + path

  it('answers what is not HTTP with a problem', async () => {
    const answer = await exchange(suite.server, 'what is this\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]).status, 400)
    const long = await exchange(
      suite.server,
      `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
    )
    assert.match(long, /^HTTP\/1\.1 431 /)
    await assertWorks(suite.server)
  })

  it('validates top and model, and knows no other parameter', async () => {
    for (const top of ['0', '13', '-1', '1.5', 'many', '', '1e1', '99999999999999999999'])
      await assertProblem(
        suite.server,
        await post(url(`/classify?top=${top}`), suite.picture),
        400,
        /from 1 to 12/,
      )
    await assertProblem(
      suite.server,
      await post(url('/classify?top=1&top=2'), suite.picture),
      400,
      /more than once/,
    )
    await assertProblem(
      suite.server,
      await post(url('/classify?topp=1'), suite.picture),
      400,
      /"topp" is unknown/,
    )
    await assertProblem(
      suite.server,
      await post(url('/classify?model=none'), suite.picture),
      404,
      /served here: quadrants/,
    )
    const one = await json<Answer>(await post(url('/classify?top=1&model=quadrants'), suite.picture))
    assert.equal(one.predictions.length, 1)
    assert.equal((await json<Answer>(await post(url('/classify'), suite.picture))).predictions.length, 5)
  })

  it('answers unknown paths and methods with problems', async () => {
    await assertProblem(suite.server, await fetch(url('/clasify')), 404, /\/classify/)
    await assertProblem(suite.server, await fetch(url('/%E0%A4%A')), 404, /nothing at/)
    const wrong = await fetch(url('/classify'))
    assert.equal(wrong.headers.get('allow'), 'POST, OPTIONS')
    await assertProblem(suite.server, wrong, 405, /GET is not possible/)
    await assertProblem(suite.server, await post(url('/healthz'), suite.picture), 405, /POST is not possible/)
    const options = await fetch(url('/healthz'), { method: 'OPTIONS' })
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, OPTIONS'])
    const head = await fetch(url('/healthz'), { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
  })

  it('tells what is served, and nothing about itself', async () => {
    const response = await fetch(url('/'))
    assert.match(
      (await json<{ examples: { file: string } }>(response)).examples.file,
      /^curl -F image=@photo\.jpg 'http:.*\/classify'$/,
    )
    assert.equal(response.headers.get('x-powered-by'), null)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const { models } = await json<{ models: ModelCard[] }>(await fetch(url('/models')))
    assert.equal(models.length, 1)
    assert.deepEqual(
      [models[0].name, models[0].inputSize, models[0].about],
      ['quadrants', [16, 24], { seed: 7 }],
    )
    assert.equal(models[0].labels.length, 12)
    const health = await (await fetch(url('/healthz'))).json()
    assert.deepEqual(health, { status: 'ok', models: [{ name: 'quadrants', ready: true }] })
  })

  it('logs each request as one entry', async () => {
    const before = suite.entries.length
    await (await fetch(url('/models?x=1'))).text()
    await until('it is logged', () => suite.entries.length > before)
    const [entry] = suite.entries.slice(before)
    assert.deepEqual(
      [entry.event, entry.method, entry.path, entry.status],
      ['request', 'GET', '/models?x=1', 200],
    )
  })
})
