/** Models in their worker threads: the event loop stays free, the queue is bounded, dead workers come back. */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { topPredictions } from '../../serve/classify.js'
import type { RunningServer } from '../../serve/server.js'
import {
  type Answer,
  assertScores,
  assertWorks,
  classified,
  golden,
  json,
  post,
  solid,
  start,
} from './support.js'

/** Every worker thread that is started from here on. */
const workers: Worker[] = []
process.on('worker', (worker) => workers.push(worker))

/** A white picture: slow.onnx computes it for about a second. */
const white = () => solid([255, 255, 255]).png().toBuffer()
const black = () => solid([0, 0, 0]).png().toBuffer()

describe('a slow model', () => {
  let server: RunningServer
  before(async () => {
    server = await start({ models: [golden('slow.onnx')], queue: 2 })
  })
  after(() => server.close())
  const slow = async () => post(`${server.url}/classify`, await white())

  it('does not keep the server from answering', async () => {
    let done = false
    const answer = slow().finally(() => {
      done = true
    })
    let beats = 0
    while (!done) {
      const health = await fetch(`${server.url}/healthz`)
      assert.equal(health.status, 200)
      if (!done) beats++
    }
    const { milliseconds } = await json<Answer>(await answer)
    // Were the event loop to wait for the model, there could be one or two answers at most.
    assert.ok(beats >= 5, `${beats} answers while the model computed for ${milliseconds.inference} ms`)
  })

  it('lets a bounded number of requests wait and sends the others away at once', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, slow))
    const statuses = responses.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, 200, 200, 503, 503, 503, 503, 503])
    for (const response of responses.filter(({ status }) => status === 503)) {
      assert.match(response.headers.get('retry-after') ?? '', /^\d+$/)
      assert.equal((await json<{ status: number }>(response)).status, 503)
    }
    const answer = await post(`${server.url}/classify`, await black())
    assert.equal(answer.status, 200, await answer.text())
  })

  it('does not compute for clients that went away while they waited', async () => {
    const worker = workers.at(-1)!
    let runs = 0
    const postMessage = worker.postMessage.bind(worker)
    worker.postMessage = (...message: Parameters<Worker['postMessage']>) => {
      runs++
      postMessage(...message)
    }
    const first = slow()
    // It must be in work before the others come: whoever is there first is computed.
    while (runs === 0) await sleep(10)
    const abort = new AbortController()
    const body = await white()
    const gone = [1, 2].map(() =>
      fetch(`${server.url}/classify`, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'image/png' },
        signal: abort.signal,
      }),
    )
    await sleep(200)
    abort.abort()
    await Promise.all(gone.map((request) => assert.rejects(request, { name: 'AbortError' })))
    assert.equal((await first).status, 200)
    assert.equal((await post(`${server.url}/classify`, await black())).status, 200)
    assert.equal(runs, 2)
    worker.postMessage = postMessage
  })
})

describe('a worker that dies', () => {
  it('before it has answered costs that one request, and is started again', async () => {
    const server = await start()
    try {
      const victim = workers.at(-1)!
      victim.postMessage = () => void victim.terminate()
      const picture = await black()
      const [inWork, waiting] = [1, 2].map(() => post(`${server.url}/classify`, picture))
      const responses = await Promise.all([inWork, waiting])
      assert.deepEqual(responses.map(({ status }) => status).sort(), [200, 500])
      const failed = responses.find(({ status }) => status === 500)!
      assert.match((await json<{ detail: string }>(failed)).detail, /worker died/)
      assert.notEqual(workers.at(-1), victim)
      await assertWorks(server)
    } finally {
      await server.close()
    }
  })

  it('and cannot be started again makes the server unhealthy until it can', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serve-'))
    const path = join(folder, 'model.onnx')
    await copyFile(golden('quadrants.onnx'), path)
    const messages: unknown[] = []
    const server = await start({ models: [path], log: ({ message }) => message && messages.push(message) })
    const until = async (condition: () => Promise<boolean> | boolean) => {
      while (!(await condition())) await sleep(20)
    }
    const health = async () => (await fetch(`${server.url}/healthz`)).status
    try {
      await writeFile(path, 'no model any more')
      await workers.at(-1)!.terminate()
      await until(() => messages.length >= 2)
      assert.match(String(messages[0]), /A worker of quadrants died/)
      assert.match(String(messages[1]), /A worker of quadrants cannot be started again/)
      assert.equal(await health(), 503)
      const refused = await post(`${server.url}/classify`, await black())
      assert.equal(refused.status, 503)
      await copyFile(golden('quadrants.onnx'), path)
      await until(async () => (await health()) === 200)
      await assertWorks(server)
    } finally {
      await server.close()
      await rm(folder, { recursive: true })
    }
  })
})

describe('a model file that is replaced under the server', () => {
  it('is never served with the labels of the one before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serve-'))
    const path = join(folder, 'model.onnx')
    await copyFile(golden('quadrants.onnx'), path)
    const reported: string[] = []
    let tell = () => {}
    const server = await start({
      models: [path],
      log: ({ message }) => {
        if (message) reported.push(String(message))
        tell()
      },
    })
    try {
      // As good a model, of the same shape, with the card's labels in another order.
      const other = (await readFile(path, 'latin1')).replace('top left red', 'top left ref')
      await writeFile(path, other, 'latin1')
      const refusal = new Promise<void>((resolve) => {
        tell = () => reported.length >= 2 && resolve()
      })
      await workers.at(-1)!.terminate()
      await refusal
      assert.match(
        reported[1],
        /cannot be started again: the file has been replaced since its labels were read/,
      )
      assert.equal((await fetch(`${server.url}/healthz`)).status, 503)
    } finally {
      await server.close()
      await rm(folder, { recursive: true })
    }
  })
})

describe('many requests', () => {
  it('are all answered, each with its own picture', async () => {
    const server = await start({ workers: 2 })
    try {
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const colour: [number, number, number] = [5 * i, 250 - 5 * i, (i * 37) % 256]
          const answer = await classified(server, await solid(colour).png().toBuffer())
          assertScores(answer, [colour, colour, colour, colour], 1e-5)
        }),
      )
      await assertWorks(server)
    } finally {
      await server.close()
    }
  })
})

describe('closing', () => {
  it('lets what is in flight finish and takes nothing new', async () => {
    const server = await start({ models: [golden('slow.onnx')] })
    const inFlight = post(`${server.url}/classify`, await white())
    await sleep(200)
    const closed = server.close()
    await assert.rejects(fetch(`${server.url}/healthz`))
    assert.equal((await inFlight).status, 200)
    await closed
    await server.close()
  })

  it('refuses what takes longer than the time of grace, also in the middle of a run', async () => {
    const server = await start({ models: [golden('slow.onnx')] })
    const refused = post(`${server.url}/classify`, await white())
    await sleep(200)
    await server.close(50)
    const response = await refused
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('connection'), 'close')
  })
})

describe('topPredictions', () => {
  it('keeps the order of labels among equals', () => {
    const labels = ['a', 'b', 'c']
    const top = topPredictions(Float32Array.of(0.25, 0.5, 0.25), labels, 2)
    assert.deepEqual(top, [
      { classId: 1, label: 'b', score: 0.5 },
      { classId: 0, label: 'a', score: 0.25 },
    ])
  })
})
