/** Models in their worker threads: the event loop stays free, the queue is bounded, dead workers come back. */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { topPredictions } from '../../serve/classify.js'
import type { RunningServer } from '../../serve/server.js'
import type { Tensors } from '../../src/runtime/session.js'
import { until } from '../helpers/search/processes.js'
import { holdWork, workers } from '../helpers/serve/held-worker.js'
import { startModel } from '../helpers/serve/model.js'
import {
  assertScores,
  assertWorks,
  classified,
  golden,
  json,
  post,
  solid,
  start,
} from '../helpers/serve/support.js'

/** The more light, the longer slow.onnx computes. */
const white = () => solid([255, 255, 255]).png().toBuffer()
const black = () => solid([0, 0, 0]).png().toBuffer()

describe('a model that computes', () => {
  const log: Record<string, unknown>[] = []
  let server: RunningServer
  before(async () => {
    server = await start({ models: [golden('slow.onnx')], queue: 2, log: (entry) => log.push(entry) })
  })
  after(() => server.close())
  const send = async (picture: Promise<Buffer>, signal?: AbortSignal) =>
    fetch(`${server.url}/classify`, {
      method: 'POST',
      body: await picture,
      headers: { 'Content-Type': 'image/png' },
      signal,
    })
  const isHealthy = async () => (await fetch(`${server.url}/healthz`)).status === 200

  it('does not keep the server from answering', async () => {
    // Were the event loop to wait for the model, no try would see an answer. A single one may see few: this thread
    // has to have its turn while the model computes.
    let beats = 0
    for (let tries = 0; tries < 20 && beats < 5; tries++) {
      const work = holdWork()
      work.letGo()
      let done = false
      const answer = send(white()).finally(() => {
        done = true
      })
      await until('the model computes', () => work.begun === 1)
      for (beats = 0; !done && (await isHealthy()); ) if (!done) beats++
      assert.equal((await answer).status, 200)
    }
    assert.ok(beats >= 5, `${beats} answers while the model computed`)
  })

  it('lets a bounded number of requests wait and sends the others away at once', async () => {
    const work = holdWork()
    const responses: Response[] = []
    const all = Array.from({ length: 8 }, async () => responses.push(await send(white())))
    // While the first one computes.
    await until('five are sent away', () => responses.length === 5)
    for (const response of responses) {
      assert.equal(response.status, 503)
      assert.match(response.headers.get('retry-after') ?? '', /^\d+$/)
      assert.equal((await json<{ status: number }>(response)).status, 503)
    }
    work.letGo()
    await Promise.all(all)
    assert.deepEqual(
      responses.slice(5).map(({ status }) => status),
      [200, 200, 200],
    )
    const answer = await send(black())
    assert.equal(answer.status, 200, await answer.text())
  })

  it('does not compute for clients that went away while they waited', async () => {
    const work = holdWork()
    const first = send(white())
    // It must be in work before the others come: whoever is there first is computed.
    await until('the first one computes', () => work.begun === 1)
    const leave = new AbortController()
    const waitAndGo = async () => {
      for (;;) {
        const { status } = await send(white(), leave.signal)
        // The place was taken by what asks below whether one is free.
        assert.equal(status, 503)
      }
    }
    const gone = [1, 2].map(() => assert.rejects(waitAndGo(), { name: 'AbortError' }))
    // Whatever is no image leaves its place at once, if there was one.
    const isFull = async () => (await send(Promise.resolve(Buffer.from('no image')))).status === 503
    await until('both of them wait', isFull)
    log.length = 0
    leave.abort()
    await Promise.all(gone)
    await until('the server has noticed', () => log.filter(({ status }) => status === 499).length === 2)
    work.letGo()
    assert.equal((await first).status, 200)
    assert.equal((await send(black())).status, 200)
    assert.equal(work.begun, 2)
  })
})

describe('a worker that dies', () => {
  it('before it has answered is started again, and what it computed is computed once more', async () => {
    const warned: unknown[] = []
    const server = await start({ log: ({ message }) => message && warned.push(message) })
    try {
      const victim = workers.at(-1)!
      victim.postMessage = () => void victim.terminate()
      const picture = await black()
      const responses = await Promise.all([1, 2].map(() => post(`${server.url}/classify`, picture)))
      assert.deepEqual(
        responses.map(({ status }) => status),
        [200, 200],
      )
      assert.notEqual(workers.at(-1), victim)
      assert.match(String(warned), /^A worker of quadrants died \(exit code 1\); it is started again\.$/)
      await assertWorks(server)
    } finally {
      await server.close()
    }
  })

  it('of an image costs that image alone, however often it kills', async () => {
    let died = 0
    let refused = ''
    const observer = {
      workerDied: () => died++,
      notComputed: (_: string, reason: string) => {
        refused += reason
      },
    }
    const model = await startModel<'classification'>(golden('brightness.onnx'), { observer })
    const bright = (level: number) => new Uint8Array(8 * 8 * 3).fill(level)
    const poison = 66
    const poisoned = (worker: Worker) => {
      const { postMessage } = worker
      worker.postMessage = (message: { feeds?: Tensors }, ...rest) => {
        if (message.feeds?.images.data.includes(poison)) void worker.terminate()
        else postMessage.call(worker, message, ...rest)
      }
    }
    const first = workers.at(-1)!
    process.on('worker', poisoned)
    try {
      const work = holdWork(first)
      const computed = model.infer(bright(1))
      await until('the first is computed', () => work.begun === 1)
      poisoned(first)
      const answers = [2, poison, 3].map((level) => model.infer(bright(level)))
      work.letGo()
      await computed
      const [before, killer, after] = await Promise.allSettled(answers)
      for (const [result, level] of [
        [before, 2],
        [after, 3],
      ] as const) {
        assert.equal(result.status, 'fulfilled')
        assert.equal(result.value.probabilities[0], Math.fround(level / 250))
      }
      assert.equal(killer.status, 'rejected')
      assert.equal(killer.reason.status, 500)
      assert.equal(killer.reason.detail, 'Two workers died while they computed this image.')
      assert.equal(refused, 'crashed')
      // With the batch, and once more alone.
      assert.equal(died, 2)
    } finally {
      process.off('worker', poisoned)
      await model.inference.close()
    }
  })

  it('and cannot be started again makes the server unhealthy until it can', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'serve-'))
    const path = join(folder, 'model.onnx')
    await copyFile(golden('quadrants.onnx'), path)
    const messages: unknown[] = []
    const server = await start({ models: [path], log: ({ message }) => message && messages.push(message) })
    const health = async () => (await fetch(`${server.url}/healthz`)).status
    try {
      await writeFile(path, 'no model any more')
      await workers.at(-1)!.terminate()
      await until('both are reported', () => messages.length >= 2)
      assert.match(String(messages[0]), /A worker of quadrants died/)
      assert.match(String(messages[1]), /A worker of quadrants cannot be started again/)
      assert.equal(await health(), 503)
      const refused = await post(`${server.url}/classify`, await black())
      assert.equal(refused.status, 503)
      await copyFile(golden('quadrants.onnx'), path)
      await until('it is healthy', async () => (await health()) === 200)
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
  /** A server whose model computes an image until it is let go. */
  async function startWorking() {
    const server = await start({ models: [golden('slow.onnx')] })
    const work = holdWork()
    const answer = post(`${server.url}/classify`, await white())
    await until('the model computes', () => work.begun === 1)
    return { server, work, answer }
  }

  it('lets what is in flight finish and takes nothing new', async () => {
    const { server, work, answer } = await startWorking()
    const closed = server.close()
    await assert.rejects(fetch(`${server.url}/healthz`))
    work.letGo()
    assert.equal((await answer).status, 200)
    await closed
    await server.close()
  })

  it('refuses what takes longer than the time of grace, also in the middle of a run', async () => {
    const { server, work, answer } = await startWorking()
    const closed = server.close(50)
    const response = await answer
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('connection'), 'close')
    work.letGo()
    await closed
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
