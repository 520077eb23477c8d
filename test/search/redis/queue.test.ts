import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import type { Child } from '../../../src/search/evaluate/child.js'
import { openRedisQueue } from '../../../src/search/redis/queue.js'
import { assertAllOnce, search } from '../../helpers/search/children.js'
import { fakeChild, quickTiming } from '../../helpers/search/fake-evaluator.js'
import { until } from '../../helpers/search/processes.js'
import { instantly, never, open, queueOptions, redis, work } from '../../helpers/search/redis-queue.js'
import { withoutRedis as skip } from '../../helpers/search/redis-server.js'

test('every child comes back once, with what was measured of it', { skip }, async (t) => {
  const server = await redis(t)
  work(t, server, { processes: 2 })
  work(t, server, { processes: 2 })
  assertAllOnce(await search(await open(t, server), 100), 100)
})

test('workers that come later are given children at once', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await open(t, server)
  const begun: number[] = []
  const slow = { evaluatorFor: async () => never, onBegin: ({ id }: Child) => begun.push(id) }
  assert.equal(queue.capacity(), 1)
  await queue.submit(fakeChild(0))
  work(t, server, slow)
  // No child has come back, and still there is reason to hand out more.
  assert.equal(await queue.next(), null)
  assert.equal(queue.capacity(), 2)
  work(t, server, { ...slow, processes: 3 })
  assert.equal(await queue.next(), null)
  assert.equal(queue.capacity(), 5)
  for (const id of [1, 2, 3]) await queue.submit(fakeChild(id))
  await until('four are begun', () => begun.length === 4)
})

test('what an earlier search of the same name left behind is dropped', { skip }, async (t) => {
  const server = await redis(t)
  const first = await openRedisQueue(queueOptions(server))
  for (const id of [0, 1, 2]) await first.submit(fakeChild(id))
  const worker = work(t, server)
  await first.next()
  await worker.stop()
  await first.close()
  const second = await open(t, server, { search: 'second' })
  work(t, server)
  assertAllOnce(await search(second, 20, 100), 20, 100)
})

test('closing the search makes workers drop their children and wait for the next', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await openRedisQueue(queueOptions(server))
  await queue.submit(fakeChild(0))
  const notes: string[] = []
  let [evaluator, begun, dropped] = [never, 0, 0]
  work(t, server, {
    evaluatorFor: async () => evaluator,
    note: (text) => notes.push(text),
    onBegin: () => begun++,
    onEnd: (_, result) => result === null && dropped++,
  })
  await until('it is begun', () => begun === 1)
  evaluator = instantly
  await queue.close()
  await until('it is dropped', () => dropped === 1)
  await until('the worker has looked for another search', () => notes.length === 3)
  const again = await open(t, server)
  assertAllOnce(await search(again, 5), 5)
  assert.deepEqual(notes, [
    'Working for the search test, 1 children at a time',
    'The search test is over',
    'No search is running yet; waiting for one',
    'Working for the search test, 1 children at a time',
  ])
})

test('nothing but a small record stays on Redis after a search, and what may stay expires', {
  skip,
}, async (t) => {
  const server = await redis(t)
  const queue = await openRedisQueue(queueOptions(server))
  const worker = work(t, server)
  await search(queue, 500)
  // What BullMQ tells onlookers is cut off at a hundred or so.
  assert((await server.client.xlen('toolkit:queue:test:events')) < 300)
  await until('told results are removed', async () => (await server.client.xlen('toolkit:results:test')) <= 1)
  await worker.stop()
  await queue.close()
  const keys = await server.client.keys('*')
  assert.deepEqual(keys, ['toolkit:search:test'])
  for (const key of keys) assert((await server.client.ttl(key)) > 0)
})

test('a second search of the same name is refused while the first is alive, and let in when it died', {
  skip,
}, async (t) => {
  const server = await redis(t)
  // Long enough for the slowest machine to give a sign of life in.
  const timing = { ...quickTiming, searchLock: 20_000 }
  const queue = await open(t, server, { timing })
  await assert.rejects(openRedisQueue(queueOptions(server, { search: 'second', timing })), {
    name: 'UserError',
    message: `Process ${process.pid} on ${hostname()} runs a search named test on this Redis; stop it, or search in a folder of another name`,
  })
  await queue.close()
  // As a process that was killed leaves it.
  await server.client.set('toolkit:lock:test', JSON.stringify({ host: 'elsewhere', pid: 1 }), 'PX', 2000)
  await open(t, server, { search: 'second' })
})

test('a search that has lost its name to another leaves that one alone', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await openRedisQueue(queueOptions(server))
  await queue.submit(fakeChild(0))
  await server.client.set('toolkit:lock:test', JSON.stringify({ host: 'elsewhere', pid: 7 }))
  await server.client.set('toolkit:search:test', 'of the other')
  await assert.rejects(
    async () => {
      while (true) await queue.next()
    },
    { name: 'UserError', message: /^Process 7 on elsewhere runs a search named test/ },
  )
  await server.client.set('toolkit:search:test', 'of the other')
  await queue.close()
  assert.equal(await server.client.get('toolkit:search:test'), 'of the other')
  assert.equal(await server.client.exists('toolkit:queue:test:first-0'), 1)
})
