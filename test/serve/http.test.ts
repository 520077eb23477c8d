/** The HTTP interface: uploads, forms, limits, parameters, and clients that misbehave. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { RunningServer } from '../../serve/server.js'
import type { ModelCard } from '../../src/shared/model-card.js'
import { until } from '../helpers/search/processes.js'
import {
  type Answer,
  assertProblem,
  assertScores,
  assertWorks,
  corners,
  golden,
  json,
  post,
  quadrantImage,
  start,
} from '../helpers/serve/support.js'

const maxBytes = 100_000

describe('the HTTP interface', () => {
  let server: RunningServer
  let picture: Buffer<ArrayBuffer>
  const entries: Record<string, unknown>[] = []
  before(async () => {
    server = await start({ maxBytes, log: (entry) => entries.push(entry) })
    picture = Buffer.from(await quadrantImage(24, 16).png().toBuffer())
  })
  after(() => server.close())

  const url = (path: string) => server.url + path
  const open = (): Socket => connect(Number(new URL(server.url).port), '127.0.0.1')
  /** Sends raw text and reads until the server closes the connection. */
  const exchange = async (text: string): Promise<string> => {
    const socket = open()
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk
    })
    socket.write(text)
    await once(socket, 'close')
    return received
  }

  it('takes the file field "image" of a form', async () => {
    const form = new FormData()
    form.set('image', new Blob([picture]), 'p.png')
    const response = await fetch(url('/classify?top=12'), { method: 'POST', body: form })
    assert.equal(response.status, 200)
    assertScores(await json<Answer>(response), corners, 1e-5)
  })

  it('takes parameters as text fields of a form, before or behind the image, as strictly as in the query', async () => {
    const send = (path: string, ...parts: [name: string, value: string][]) => {
      const form = new FormData()
      for (const [name, value] of parts)
        if (name === 'image') form.append(name, new Blob([picture]), 'p.png')
        else form.append(name, value)
      return fetch(url(path), { method: 'POST', body: form })
    }
    for (const parts of [
      [
        ['image', ''],
        ['top', '2'],
      ],
      [
        ['top', '2'],
        ['model', 'quadrants'],
        ['image', ''],
      ],
    ] as [string, string][][]) {
      const response = await send('/classify', ...parts)
      assert.equal(response.status, 200)
      assert.equal((await json<Answer>(response)).predictions.length, 2)
    }
    const refused = (status: number, detail: RegExp, path: string, ...parts: [string, string][]) =>
      send(path, ['image', ''], ...parts).then((response) => assertProblem(server, response, status, detail))
    await refused(400, /from 1 to 12/, '/classify', ['top', '13'])
    await refused(404, /served here: quadrants/, '/classify', ['model', 'nosuch'])
    await refused(400, /form field "topp" is unknown/, '/classify', ['topp', '1'])
    await refused(400, /form field "__proto__" is unknown/, '/classify', ['__proto__', '1'])
    await refused(400, /"top" is given more than once/, '/classify', ['top', '1'], ['top', '1'])
    await refused(400, /"top" is given more than once/, '/classify?top=1', ['top', '1'])
    await refused(400, /field "top" is too long/, '/classify', ['top', '1'.repeat(2000)])
    await refused(400, /"topp" is unknown/, '/classify?topp=1', ['top', '1'])
    const two = new FormData()
    two.append('image', new Blob([picture]), 'p.png')
    two.append('mask', new Blob([picture]), 'm.png')
    const response = await fetch(url('/classify'), { method: 'POST', body: two })
    await assertProblem(server, response, 400, /file "mask" beside "image"/)
  })

  it('says which fields a form has when "image" is not among them, or is no file, or there are two', async () => {
    const send = (form: FormData) => fetch(url('/classify'), { method: 'POST', body: form })
    const wrong = new FormData()
    wrong.set('photo', new Blob([picture]), 'p.png')
    await assertProblem(server, await send(wrong), 400, /no file field "image" \(it has: file "photo"\)/)
    const text = new FormData()
    text.set('image', 'photo.png')
    await assertProblem(server, await send(text), 400, /it has: text field "image"/)
    await assertProblem(server, await send(new FormData()), 400, /form/)
    const two = new FormData()
    two.append('image', new Blob([picture]), 'a.png')
    two.append('image', new Blob([picture]), 'b.png')
    await assertProblem(server, await send(two), 400, /2 files/)
    const many = new FormData()
    for (let i = 0; i < 30; i++) many.append(`field${i}`, 'x')
    await assertProblem(server, await send(many), 400, /too many parts/)
    const empty = new FormData()
    empty.set('image', new Blob([]), 'p.png')
    await assertProblem(server, await send(empty), 400, /empty/)
  })

  it('refuses forms that cannot be read', async () => {
    const type = 'multipart/form-data; boundary=cut'
    await assertProblem(
      server,
      await post(url('/classify'), 'no form at all', type),
      400,
      /form cannot be read/,
    )
    await assertProblem(
      server,
      await post(url('/classify'), 'x', 'multipart/form-data'),
      400,
      /form cannot be read/,
    )
    const head = '--cut\r\nContent-Disposition: form-data; name="image"; filename="p.png"\r\n\r\n'
    await assertProblem(server, await post(url('/classify'), `${head}PNG`, type), 400, /form cannot be read/)
    await assertProblem(server, await post(url('/classify'), `--cut\r\n\0\0:\r\n\r\n`, type), 400, /form/)
  })

  it('refuses other content types', async () => {
    await assertProblem(server, await post(url('/classify'), 'hello', 'text/plain'), 415, /text\/plain/)
    const curl = 'application/x-www-form-urlencoded'
    await assertProblem(server, await post(url('/classify'), picture, curl), 415, /Content-Type: image\/jpeg/)
    await assertProblem(server, await fetch(url('/classify'), { method: 'POST' }), 415, /no content type/)
    const headers = { 'Content-Type': 'image/png', 'Content-Encoding': 'gzip' }
    const packed = await fetch(url('/classify'), { method: 'POST', body: picture, headers })
    await assertProblem(server, packed, 415, /encoding gzip/)
  })

  it('refuses too many bytes, announced or not, raw or in a form', async () => {
    const large = Buffer.alloc(maxBytes + 1)
    await assertProblem(server, await post(url('/classify'), large), 413, /more than 100000 bytes/)
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 40; i++) controller.enqueue(new Uint8Array(10_000))
        controller.close()
      },
    })
    await assertProblem(server, await post(url('/classify'), stream), 413, /more than 100000 bytes/)
    for (const bytes of [maxBytes + 1, 4 * maxBytes]) {
      const form = new FormData()
      form.set('image', new Blob([new Uint8Array(bytes)]), 'p.png')
      const response = await fetch(url('/classify'), { method: 'POST', body: form })
      await assertProblem(server, response, 413, /more than 100000 bytes/)
    }
  })

  it('takes exactly as many bytes as are allowed', async () => {
    const padded = Buffer.concat([picture, Buffer.alloc(maxBytes - picture.length)])
    const raw = await post(url('/classify'), padded)
    assert.equal(raw.status, 200, await raw.text())
    const form = new FormData()
    form.set('image', new Blob([padded]), 'p.png')
    const formed = await fetch(url('/classify'), { method: 'POST', body: form })
    assert.equal(formed.status, 200, await formed.text())
  })

  it('answers 413 before the body is there, and cuts the connection instead of reading on', async () => {
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n'
    const announced = await exchange(`${head}Content-Length: 1000000000\r\n\r\nonly a little`)
    assert.match(announced, /^HTTP\/1\.1 413 /)
    const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`
    const endless = await exchange(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`)
    assert.match(endless, /^HTTP\/1\.1 413 /)
    await assertWorks(server)
  })

  it('lets a client that sends everything before it listens read the answer', async () => {
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: image/png\r\n'
    const body = 'x'.repeat(20_000_000)
    const socket = open()
    socket.pause()
    await new Promise((resolve) =>
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`, resolve),
    )
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk
    })
    socket.resume()
    await once(socket, 'close')
    assert.match(received, /^HTTP\/1\.1 413 /)
    assert.match(received, /more than 100000 bytes.*}$/)
  })

  it('tells a client that asks first whether to send at all', async () => {
    const head = 'POST /classify HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n'
    const refused = await exchange(`${head}Content-Type: image/png\r\nContent-Length: 1000000000\r\n\r\n`)
    assert.match(refused, /^HTTP\/1\.1 413 /)
    const wanted = await exchange(`${head}Content-Type: image/png\r\nContent-Length: 3\r\n\r\nabc`)
    assert.match(wanted, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 415 /)
  })

  it('outlives clients that go away in the middle', async () => {
    const before = entries.length
    for (const type of ['image/png', 'multipart/form-data; boundary=cut']) {
      const socket = open()
      const body = '--cut\r\nContent-Disposition: form-data; name="image"; filename="p.png"\r\n\r\nPNG'
      const head = `POST /classify HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 5000`
      socket.write(`${head}\r\nExpect: 100-continue\r\n\r\n`)
      // From here on, the server waits for the body.
      assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 100 Continue/)
      await new Promise((resolve) => socket.write(body, resolve))
      socket.destroy()
      await assertWorks(server)
    }
    const gone = () => entries.slice(before).filter(({ status }) => status === 499).length
    await until('both are logged', () => gone() === 2)
  })

  it('answers what is not HTTP with a problem', async () => {
    const answer = await exchange('what is this\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]).status, 400)
    const long = await exchange(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`)
    assert.match(long, /^HTTP\/1\.1 431 /)
    await assertWorks(server)
  })

  it('validates top and model, and knows no other parameter', async () => {
    for (const top of ['0', '13', '-1', '1.5', 'many', '', '1e1', '99999999999999999999'])
      await assertProblem(server, await post(url(`/classify?top=${top}`), picture), 400, /from 1 to 12/)
    await assertProblem(server, await post(url('/classify?top=1&top=2'), picture), 400, /more than once/)
    await assertProblem(server, await post(url('/classify?topp=1'), picture), 400, /"topp" is unknown/)
    await assertProblem(
      server,
      await post(url('/classify?model=none'), picture),
      404,
      /served here: quadrants/,
    )
    const one = await json<Answer>(await post(url('/classify?top=1&model=quadrants'), picture))
    assert.equal(one.predictions.length, 1)
    assert.equal((await json<Answer>(await post(url('/classify'), picture))).predictions.length, 5)
  })

  it('answers unknown paths and methods with problems', async () => {
    await assertProblem(server, await fetch(url('/clasify')), 404, /\/classify/)
    await assertProblem(server, await fetch(url('/%E0%A4%A')), 404, /nothing at/)
    const wrong = await fetch(url('/classify'))
    assert.equal(wrong.headers.get('allow'), 'POST, OPTIONS')
    await assertProblem(server, wrong, 405, /GET is not possible/)
    await assertProblem(server, await post(url('/healthz'), picture), 405, /POST is not possible/)
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
    const before = entries.length
    await (await fetch(url('/models?x=1'))).text()
    await until('it is logged', () => entries.length > before)
    const [entry] = entries.slice(before)
    assert.deepEqual(
      [entry.event, entry.method, entry.path, entry.status],
      ['request', 'GET', '/models?x=1', 200],
    )
  })
})

describe('several models', () => {
  it('are chosen by name', async () => {
    const server = await start({ models: [golden('quadrants.onnx'), golden('slow.onnx')] })
    try {
      const picture = await quadrantImage(8, 8, [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        [9, 9, 9],
      ])
        .png()
        .toBuffer()
      const answer = await json<Answer>(await post(`${server.url}/classify?model=slow`, picture))
      assert.equal(answer.model, 'slow')
      assert.ok(Math.abs(answer.predictions[0].score - 1 / (1 + Math.exp(-1))) < 1e-6)
      const unnamed = await post(`${server.url}/classify`, picture)
      assert.equal(unnamed.status, 400)
      assert.match((await json<{ detail: string }>(unnamed)).detail, /served here: quadrants, slow/)
    } finally {
      await server.close()
    }
  })
})
