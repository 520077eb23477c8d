/** What is at `/`: a page for browsers, which needs nothing from elsewhere, and JSON for everybody else. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunningServer } from '../../serve/server.js'
import { golden, json, start } from '../helpers/serve/support.js'

const chrome = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

describe('the page', () => {
  let server: RunningServer
  before(async () => {
    server = await start({ models: ['detector.onnx', 'stretching.onnx', 'quadrants.onnx'].map(golden) })
  })
  after(() => server.close())

  const get = (path: string, accept?: string) =>
    fetch(new URL(path, server.url), { headers: accept === undefined ? {} : { Accept: accept } })

  it('is for those who ask for HTML; others are given JSON', async () => {
    const browser = await get('/', chrome)
    assert.match(browser.headers.get('content-type') ?? '', /^text\/html; charset=utf-8$/)
    assert.match(await browser.text(), /^<!doctype html>/)
    for (const accept of [undefined, '*/*', 'application/json', 'image/png']) {
      const other = await get('/', accept)
      assert.match(other.headers.get('content-type') ?? '', /^application\/json/, accept)
      assert.equal(other.headers.get('vary'), 'Accept')
    }
  })

  it('tells curl what to ask', async () => {
    const { paths, models, examples } = await json<{
      paths: Record<string, string>
      models: string[]
      examples: Record<string, string>
    }>(await get('/'))
    assert.deepEqual(Object.keys(paths), [
      'POST /detect',
      'POST /classify',
      'GET /models',
      'GET /healthz',
      'GET /docs',
    ])
    assert.match(
      paths['POST /detect'],
      /\?minScore=0\.3, \?max=100, \?draw=1 \(answers a PNG\), \?model=NAME/,
    )
    assert.deepEqual(models, ['detector', 'stretching', 'quadrants'])
    assert.equal(examples.file, `curl -F image=@photo.jpg '${server.url}/detect?model=detector'`)
    assert.equal(
      examples.draw,
      `curl -F image=@photo.jpg '${server.url}/detect?draw=1&model=detector' -o boxes.png`,
    )
  })

  it('may load and run nothing but its own files, all of which are there', async () => {
    const browser = await get('/', chrome)
    const policy = browser.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    const html = await browser.text()
    assert.doesNotMatch(html, / style=| on[a-z]+=|<style|<script(?! type="module" src=)/)
    const types: Record<string, RegExp> = {
      css: /^text\/css/,
      svg: /^image\/svg\+xml/,
      js: /^(text|application)\/javascript/,
    }
    const waiting = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => `/${link}`)
    const seen = new Set<string>()
    for (const path of waiting) {
      if (seen.has(path)) continue
      seen.add(path)
      const file = await get(path)
      assert.equal(file.status, 200, path)
      assert.match(file.headers.get('content-type') ?? '', types[path.split('.').at(-1)!], path)
      const text = await file.text()
      assert.doesNotMatch(text, /sourceMappingURL|require\(|node:|https?:\/\/(?!www\.w3\.org\/)/, path)
      if (path.endsWith('.js'))
        for (const [, specifier] of text.matchAll(/from '([^']+)'/g))
          waiting.push(new URL(specifier, `http://x${path}`).pathname)
    }
    assert.deepEqual([...seen].sort(), [
      '/page/icon.svg',
      '/page/script.js',
      '/page/style.css',
      '/src/shared/draw-boxes.js',
      '/src/shared/html.js',
    ])
  })

  it('gives no other file', async () => {
    for (const path of [
      '/page/',
      '/page/script.ts',
      '/page/script.js.map',
      '/src/cli.js',
      '/page/..%2fserve.js',
    ])
      assert.equal((await get(path)).status, 404, path)
    assert.equal((await fetch(`${server.url}/page/script.js`, { method: 'POST' })).status, 405)
  })
})
