import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ChildResult } from '../../../src/search/evaluate/child.js'
import { UserError } from '../../../src/shared/errors.js'
import { assertAllOnce, nextWithin, search } from '../../helpers/search/children.js'
import { fakeChild, quickTiming } from '../../helpers/search/fake-evaluator.js'
import { until } from '../../helpers/search/processes.js'
import { evaluatorOf, never, open, redis, work, workerProcess } from '../../helpers/search/redis-queue.js'
import { withoutRedis as skip } from '../../helpers/search/redis-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')

test('a worker that leaves counts no more', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await open(t, server)
  const [polite, rude] = [work(t, server, { processes: 4 }), workerProcess(t, { url: server.url, millis: 0 })]
  await until('both are there', () => queue.capacity() === Math.ceil(5 * 1.25))
  await polite.stop()
  await until('one has left', () => queue.capacity() === 2)
  rude.kill('SIGKILL')
  await until('none is there', () => queue.capacity() === 1)
})

test('the child of a killed worker goes to another', { skip }, async (t) => {
  const server = await redis(t)
  const log = join(await temporaryFolder(t), 'log')
  const queue = await open(t, server)
  await queue.submit(fakeChild(0))
  const first = workerProcess(t, { url: server.url, millis: 3_600_000, log })
  await until('it is begun', async () => (await linesOf(log)).length === 1)
  first.kill('SIGKILL')
  work(t, server)
  assertAllOnce([(await nextWithin(queue, 30_000))!], 1)
})

test('a worker that is asked to leave hands its child back at once', { skip }, async (t) => {
  const server = await redis(t)
  const timing = { ...quickTiming, childLock: 3_600_000 }
  const queue = await open(t, server)
  const ended: (ChildResult | null)[] = []
  let begun = 0
  const leaving = work(t, server, {
    timing,
    evaluatorFor: async () => never,
    onBegin: () => begun++,
    onEnd: (_, result) => ended.push(result),
  })
  await queue.submit(fakeChild(0))
  await until('it is begun', () => begun === 1)
  await leaving.stop()
  work(t, server, { timing })
  assertAllOnce([(await nextWithin(queue, 30_000))!], 1)
  assert.deepEqual(ended, [null])
})

test('a worker that cannot evaluate says why and hands the child back; the search goes on', {
  skip,
}, async (t) => {
  const server = await redis(t)
  const queue = await open(t, server)
  await queue.submit(fakeChild(0))
  const missing = evaluatorOf(async () => {
    throw new UserError('There is no data set "fake"; fetch it')
  })
  const { ended } = work(t, server, { evaluatorFor: async () => missing })
  await assert.rejects(ended, { name: 'UserError', message: 'There is no data set "fake"; fetch it' })
  work(t, server)
  assertAllOnce([(await nextWithin(queue, 30_000))!], 1)
})

test('a child whose workers disappear again and again is failed in the end', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await open(t, server)
  await queue.submit(fakeChild(0))
  await until(
    'its job is there',
    async () => (await server.client.exists('toolkit:queue:test:first-0')) === 1,
  )
  await server.client.hset('toolkit:queue:test:first-0', 'stc', 10)
  work(t, server)
  const result = await nextWithin(queue, 30_000)
  assert(result?.kind === 'failed')
  assert.equal(result.reason, 'its workers disappeared 10 times')
})

test('a worker of another version is refused', { skip }, async (t) => {
  const server = await redis(t)
  const record = { search: 'first', version: '9.9.9', evaluator: { kind: 'fake' } }
  await server.client.set('toolkit:search:test', JSON.stringify(record))
  await server.client.set('toolkit:lock:test', '{}')
  await assert.rejects(work(t, server).ended, {
    name: 'UserError',
    message:
      /^The search test is run by version 9\.9\.9 of the toolkit, this worker is version \d.*; install the same/,
  })
})

test('where several searches run, a worker must say which', { skip }, async (t) => {
  const server = await redis(t)
  const a = await open(t, server, { name: 'a' })
  await open(t, server, { name: 'b' })
  await assert.rejects(work(t, server).ended, {
    name: 'UserError',
    message: 'Several searches run here: a, b; choose one with --name',
  })
  work(t, server, { name: 'a' })
  assertAllOnce(await search(a, 5), 5)
})
