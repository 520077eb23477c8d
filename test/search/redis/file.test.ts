/** Workers elsewhere get the file that an evaluator's settings name. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { random } from '../../../models/index.js'
import type { ChildResult } from '../../../src/search/evaluate/child.js'
import type { EvaluatorSettings } from '../../../src/search/evaluate/evaluator.js'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import { openRedisQueue } from '../../../src/search/redis/queue.js'
import { runRedisWorker } from '../../../src/search/redis/worker.js'
import { fakeChild, fakeResult, quickTiming } from '../../helpers/search/fake-evaluator.js'
import { until } from '../../helpers/search/processes.js'
import { startRedis, withoutRedis } from '../../helpers/search/redis-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const skip = withoutRedis
const KEY = 'toolkit:file:test'

/** A search whose evaluator names a file of two and a half pieces. */
async function searchWithFile(t: TestContext) {
  const server = await startRedis()
  const path = join(await temporaryFolder(t), 'weights')
  const { uniform } = random(1, 'file')
  const content = Buffer.from(Array.from({ length: 2.5 * 2 ** 20 }, () => Math.floor(256 * uniform())))
  await writeFile(path, content)
  const evaluator: EvaluatorSettings & { weights: string } = { kind: 'fake', weights: path }
  const queue = await openRedisQueue({
    url: server.url,
    name: 'test',
    search: 'first',
    evaluator,
    file: { setting: 'weights', path },
    timing: quickTiming,
  })
  const workers: (() => Promise<void>)[] = []
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= queue.close())
  // Workers first: they would wait long for a Redis that is gone.
  t.after(async () => {
    await Promise.all(workers.map((stop) => stop()))
    await close()
    await server.end()
  })
  const work = () => {
    const worker = workWith(server.url)
    workers.push(worker.stop)
    return worker
  }
  return { server, queue, path, content, work, close }
}

/** A worker that reads the file for each search that it comes to; `stop` ends it. */
function workWith(url: string) {
  const controller = new AbortController()
  const read: { path: string; bytes: Buffer }[] = []
  const ended = runRedisWorker({
    url,
    processes: 1,
    signal: controller.signal,
    timing: quickTiming,
    async evaluatorFor(settings) {
      const path = (settings as { weights?: string }).weights!
      read.push({ path, bytes: await readFile(path) })
      return { evaluate: async (child) => fakeResult(child), close: async () => {} }
    },
  })
  const stop = (): Promise<void> => {
    controller.abort()
    return ended
  }
  return { read, stop }
}

async function oneChild(queue: WorkQueue, id: number): Promise<ChildResult> {
  await queue.submit(fakeChild(id))
  for (;;) {
    const result = await queue.next()
    if (result !== null) return result
  }
}

test('each worker has its own copy, once for all children, and removes it; nothing stays on Redis', {
  skip,
}, async (t) => {
  const { server, queue, path, content, work, close } = await searchWithFile(t)
  const workers = [work(), work()]
  for (let id = 0; id < 5; id++) assert.equal((await oneChild(queue, id)).id, id)
  await until('both have it', () => workers.every(({ read }) => read.length === 1))
  const copies = workers.map(({ read: [{ path: copy, bytes }] }) => {
    assert.ok(bytes.equals(content))
    return copy
  })
  assert.equal(new Set([...copies, path]).size, 3)
  assert((await server.client.ttl(KEY)) > 0)
  await Promise.all(workers.map(({ stop }) => stop()))
  assert.deepEqual(copies.filter(existsSync), [])
  await close()
  assert.deepEqual(await server.client.keys('*'), ['toolkit:search:test'])
})

test('a file that Redis has lost or damaged is sent again', { skip }, async (t) => {
  const { server, queue, content, work } = await searchWithFile(t)
  await server.client.hdel(KEY, '1')
  const first = work()
  assert.equal((await oneChild(queue, 0)).id, 0)
  await first.stop()
  await server.client.hset(KEY, '2', 'something else')
  const second = work()
  assert.equal((await oneChild(queue, 1)).id, 1)
  await second.stop()
  await server.client.flushall()
  const third = work()
  assert.equal((await oneChild(queue, 2)).id, 2)
  for (const { read } of [first, second, third]) assert.ok(read[0].bytes.equals(content))
})

test('a worker does not wait for the file of a search that is over', { skip }, async (t) => {
  const { server, work, close } = await searchWithFile(t)
  const record = await server.client.get('toolkit:search:test')
  await close()
  // As a search that was killed leaves it, whose file is lost.
  await server.client.set('toolkit:search:test', record!)
  await server.client.set('toolkit:lock:test', '{}', 'PX', 500)
  const { read, stop } = work()
  await until('the search is dead', async () => (await server.client.exists('toolkit:lock:test')) === 0)
  await stop()
  assert.deepEqual(read, [])
})

test('a file that is not there is named', async () => {
  const options = { url: 'redis://127.0.0.1:1', name: 'test', search: 'first', evaluator: { kind: 'fake' } }
  await assert.rejects(
    openRedisQueue({ ...options, file: { setting: 'weights', path: '/no/such/weights' } }),
    { name: 'UserError', message: /Cannot .*\/no\/such\/weights/ },
  )
})
