/** What a server answers while its models are still being made. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { chainFront } from '../../serve/chain/front.js'
import type { ChainView, StageView } from '../../serve/chain/view.js'
import type { RunningServer } from '../../serve/server.js'
import { golden, quadrantImage, start } from '../helpers/serve/support.js'

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

const stage = (name: string, more: Partial<StageView>): StageView => ({
  ...{ name, title: `Stage ${name}`, purpose: 'It works.', state: 'waiting', done: 0, text: '' },
  ...{ secondsLeft: 60, figures: [], ...more },
})

const atWork = (served: ChainView['served'] = new Set()): ChainView => ({
  stages: [
    stage('search', {
      ...{ state: 'working', done: 0.25, text: '<b>5</b> children' },
      figures: [{ name: 'best', caption: 'The best "cells"', type: 'svg', body: svg }],
    }),
    stage('detector', {
      figures: [{ name: 'scene-1', caption: 'A scene', type: 'png', body: Buffer.of(1, 2) }],
    }),
  ],
  served,
  secondsUntil: { classification: 12.2, detection: 90_000 },
  summary: 'At work.',
})

describe('a chain in front of a server', () => {
  let server: RunningServer
  let view = atWork()
  before(async () => {
    server = await start({ models: [], front: chainFront(() => view) })
  })
  after(() => server.close())

  const get = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, server.url), { redirect: 'manual', headers: { Accept: 'text/html' }, ...init })

  const classify = (picture: Buffer<ArrayBuffer>) =>
    get('/classify', { method: 'POST', body: picture, headers: { 'Content-Type': 'image/png' } })

  it('leads browsers from / to its page while there is no model', async () => {
    const answer = await get('/')
    assert.deepEqual([answer.status, answer.headers.get('location')], [302, './chain'])
  })

  it('shows all stages, and the same without JavaScript as with it', async () => {
    const page = await (await get('/chain')).text()
    const now = await (await get('/chain/now')).text()
    assert.ok(page.startsWith('<!doctype html>\n<html lang="en">'))
    assert.ok(page.includes(now))
    assert.match(now, /<section id="search" class="working"[\s\S]*1\. Stage search[\s\S]*at work, 60 s left/)
    assert.match(now, /<progress aria-label="Stage search" max="1" value="0\.250">25 %<\/progress>/)
    assert.match(now, /2\. Stage detector <span class="state">waits, 60 s long/)
    assert.match(page, /<noscript><meta http-equiv="refresh"/)
    assert.ok(now.includes('&lt;b&gt;5&lt;/b&gt; children'), 'what a stage says is text')
    assert.ok(now.includes('alt="The best &quot;cells&quot;"'))
    assert.doesNotMatch(now, /Try the model/)
  })

  it('may load nothing but its own files, all of which are there', async () => {
    const answer = await get('/chain')
    const policy = answer.headers.get('content-security-policy') ?? ''
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'/)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    const page = await answer.text()
    assert.doesNotMatch(page, / style=| on[a-z]+=|<style|<script(?! type="module" src=)/)
    const files = [...page.matchAll(/ (?:src|href)="([^"]+)"/g)].map(([, path]) => path)
    assert.equal(files.length, 4)
    for (const file of files)
      assert.equal((await get(new URL(file, `${server.url}/chain`).pathname)).status, 200)
  })

  it('serves the figures, whose own styles are allowed', async () => {
    const drawn = await get('/chain/figures/search/best.svg')
    assert.equal(drawn.headers.get('content-type'), 'image/svg+xml; charset=utf-8')
    assert.match(drawn.headers.get('content-security-policy') ?? '', /style-src 'unsafe-inline'/)
    assert.equal(await drawn.text(), svg)
    const scene = await get('/chain/figures/detector/scene-1.png')
    assert.deepEqual([...new Uint8Array(await scene.arrayBuffer())], [1, 2])
    for (const path of ['search/best.png', 'search/other.svg', 'none/best.svg', '../chain.json'])
      assert.equal((await get(`/chain/figures/${path}`)).status, 404, path)
  })

  it('refuses what has no model yet in a sentence with a time', async () => {
    for (const [path, seconds, noun] of [
      ['/classify', '13', 'classifier'],
      ['/detect', '3600', 'detector'],
    ]) {
      const answer = await get(path, { method: 'POST', body: 'x' })
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, seconds])
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      const { detail } = (await answer.json()) as { detail: string }
      assert.equal(
        detail,
        `The ${noun} is still being made; it is expected in ${seconds} s. The page at /chain shows how far it is.`,
      )
    }
    assert.equal((await get('/detect')).status, 405)
  })

  it('says so where no model will come by itself', async () => {
    view = { ...atWork(), secondsUntil: {}, summary: 'The search failed: no memory.' }
    const answer = await get('/detect', { method: 'POST' })
    const { detail } = (await answer.json()) as { detail: string }
    assert.equal(answer.status, 503)
    assert.equal(detail, 'There is no detector, and none is being made: The search failed: no memory.')
  })

  it('hands requests on as soon as a model is served, and again when it is replaced', async () => {
    const picture = Buffer.from(await quadrantImage(24, 16).png().toBuffer())
    for (let time = 0; time < 2; time++) {
      await server.add(golden('quadrants.onnx'))
      view = atWork(new Set(['classification']))
      const answer = await classify(picture)
      assert.equal(answer.status, 200)
      assert.equal(((await answer.json()) as { model: string }).model, 'quadrants')
    }
    assert.equal((await get('/detect', { method: 'POST' })).status, 503)
    assert.match(await (await get('/')).text(), /Try the models/)
    assert.match(await (await get('/chain')).text(), /<a href="\.\/">Try the model on/)
    const { models } = (await (await get('/models')).json()) as { models: { name: string }[] }
    assert.deepEqual(
      models.map(({ name }) => name),
      ['quadrants'],
    )
  })

  it('keeps the model that answers where another cannot be served', async () => {
    await assert.rejects(server.add('no-such-file.onnx'), /no-such-file\.onnx/)
    const picture = Buffer.from(await quadrantImage(24, 16).png().toBuffer())
    assert.equal((await classify(picture)).status, 200)
  })
})
