/** `/openapi.json` and `/docs`. That answers are as described is what schemathesis.test.ts tests. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { OpenApiDocument } from '../../serve/openapi/document.js'
import type { RunningServer } from '../../serve/server.js'
import { golden, json, start } from '../helpers/serve/support.js'

describe('the description', () => {
  let server: RunningServer
  let document: OpenApiDocument
  const get = (path: string) => fetch(server.url + path)
  before(async () => {
    server = await start({ models: [golden('quadrants.onnx')], maxImages: 7 })
    document = await json<OpenApiDocument>(await get('/openapi.json'))
  })
  after(() => server.close())

  it('has the paths that there are, and no others', async () => {
    const paths = Object.keys(document.paths)
    assert.ok(paths.includes('/classify') && !paths.includes('/detect'))
    for (const path of paths) {
      const options = await fetch(
        server.url + path.replace('{name}', 'quadrants').replace('{version}', '1'),
        {
          method: 'OPTIONS',
        },
      )
      const methods = Object.keys(document.paths[path]).map((method) => method.toUpperCase())
      assert.equal(
        options.headers.get('allow'),
        methods
          .flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each]))
          .concat('OPTIONS')
          .join(', '),
        path,
      )
    }
    const ids = paths.flatMap((path) =>
      Object.values(document.paths[path]).map(({ operationId }) => operationId),
    )
    assert.equal(new Set(ids).size, ids.length)
  })

  it('says what the models’ own limits are', () => {
    const { parameters, requestBody } = document.paths['/classify'].post
    assert.deepEqual(
      parameters!.map(({ name, schema }) => [name, schema]),
      [
        ['top', { default: 5, type: 'integer', minimum: 1, maximum: 12 }],
        ['model', { type: 'string', enum: ['quadrants'] }],
      ],
    )
    assert.match(JSON.stringify(requestBody!.content['application/json']), /"maxItems":7/)
  })

  it('has no key where none is needed, and says so where one is', async (t) => {
    assert.equal(document.security, undefined)
    const key = 'the-key-of-the-description'
    const closed = await start({ apiKeys: [key] })
    t.after(() => closed.close(100))
    const { security, paths } = await json<OpenApiDocument>(
      await fetch(`${closed.url}/openapi.json`, { headers: { 'X-API-Key': key } }),
    )
    assert.deepEqual(security, [{ bearer: [] }, { header: [] }])
    assert.deepEqual(paths['/livez'].get.security, [])
    assert.equal(paths['/models'].get.security, undefined)
  })

  it('is a page too, which needs nothing from elsewhere', async () => {
    const response = await get('/docs')
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
    assert.match(
      response.headers.get('content-security-policy') ?? '',
      /^default-src 'none'; script-src 'self'/,
    )
    const page = await response.text()
    for (const path of Object.keys(document.paths)) assert.ok(page.includes(`<code>${path}</code>`), path)
    assert.doesNotMatch(page, /https?:|<script| style=|<style|undefined|\[object/)
    assert.match(page, /integer, 1 to 12, default 5/)
    const style = await get('/docs/style.css')
    assert.equal(style.status, 200)
    assert.match(style.headers.get('content-type') ?? '', /^text\/css/)
  })
})
