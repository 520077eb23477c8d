/** What may die in the middle of a search on Redis, and costs no child. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openRedisQueue } from '../../../src/search/redis/queue.js'
import { assertAllOnce, nextWithin, search } from '../../helpers/search/children.js'
import { fakeChild, fakeResult } from '../../helpers/search/fake-evaluator.js'
import { until } from '../../helpers/search/processes.js'
import {
  atEnd,
  evaluatorOf,
  never,
  open,
  queueOptions,
  redis,
  work,
  workerProcess,
} from '../../helpers/search/redis-queue.js'
import { withoutRedis as skip } from '../../helpers/search/redis-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const searchScript = fileURLToPath(new URL('../../helpers/search/redis-search-process.js', import.meta.url))

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')

test('a search that is killed and started again loses no child, hears of none twice, and repeats no finished work', {
  skip,
}, async (t) => {
  const server = await redis(t)
  const folder = await temporaryFolder(t)
  const [journal, log, limit] = ['journal', 'log', 'limit'].map((name) => join(folder, name))
  const count = 60
  await writeFile(limit, '0')
  // No worker dies here: however slow the machine, none may be taken for dead.
  const settings = { url: server.url, millis: 0, log, limit, childLock: 600_000 }
  for (let n = 0; n < 2; n++) workerProcess(t, settings)
  const begun = async (id: number) => (await linesOf(log)).includes(String(id))
  const found = async (id: number) =>
    JSON.stringify(await server.client.xrange('toolkit:results:killed', '-', '+')).includes(
      `{\\"id\\":${id},`,
    )
  for (const stopAt of [5, 20, 40, count]) {
    const running = spawn(process.execPath, [searchScript, server.url, journal, String(count)], {
      stdio: 'inherit',
    })
    atEnd(t, () => running.kill('SIGKILL'))
    await writeFile(limit, String(stopAt))
    const told = async () => (await linesOf(journal)).filter((line) => line.startsWith('told')).length
    if (stopAt === count) {
      await until('the search ends', () => running.exitCode !== null)
      assert.equal(running.exitCode, 0)
    } else {
      const inHand = [stopAt, stopAt + 1]
      await until(`${stopAt} children are told`, async () => (await told()) === stopAt)
      for (const id of inHand) await until(`${id} is begun`, () => begun(id))
      running.kill('SIGKILL')
      await once(running, 'exit')
      // Workers go on, and what they find waits for the search.
      await writeFile(limit, String(stopAt + inHand.length))
      for (const id of inHand) await until(`${id} is found`, () => found(id))
    }
  }
  const told = (await linesOf(journal)).filter((line) => line.startsWith('told'))
  assert.equal(told.length, count)
  assert.equal(new Set(told).size, count)
  const evaluated = await linesOf(log)
  assert.equal(new Set(evaluated).size, count)
  // Jobs that wait are handed out again at a restart; those in hand and done are not.
  assert(evaluated.length <= count + 3, `${evaluated.length} evaluations`)
})

for (const persistent of [true, false]) {
  const what = persistent ? 'with its data' : 'without its data'
  test(`Redis killed and started again ${what} costs no child`, { skip }, async (t) => {
    const server = await redis(t, { persistent })
    const notes: string[] = []
    const queue = await open(t, server, { note: (text) => notes.push(text) })
    // Children from this one on take until Redis is back: they are in flight while it is away.
    let limit = 10
    const held = evaluatorOf(async (child, signal) => {
      while (child.id >= limit) await sleep(5, undefined, { signal })
      return fakeResult(child)
    })
    for (let n = 0; n < 2; n++) work(t, server, { evaluatorFor: async () => held })
    // With one child in flight at a time, there would be none to lose when one has just come back.
    await until('both workers are there', () => queue.capacity() === 3)
    const noted = (pattern: RegExp) => notes.filter((note) => pattern.test(note)).length
    const results = await search(queue, 60, 0, async (count) => {
      if (count !== limit) return
      const outage = count === 10 ? 1 : 2
      await server.kill()
      await until('it is noticed', () => noted(/ is away /) >= outage)
      await server.start()
      await until('it is back', () => noted(/ is back$/) >= outage)
      if (!persistent) await until('the loss is noticed', () => noted(/^Redis has lost /) >= outage)
      limit = count === 10 ? 30 : Number.POSITIVE_INFINITY
    })
    assertAllOnce(results, 60)
    assert(notes.some((note) => /is away \(.*\); trying again for up to 600 seconds$/.test(note)))
    assert(notes.some((note) => note.endsWith('is back')))
    if (!persistent)
      assert(
        notes.some((note) => /^Redis has lost \d+ children/.test(note)),
        notes.join('\n'),
      )
  })
}

test('a result counts although the lock was lost meanwhile, once', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await open(t, server)
  const finish: (() => void)[] = []
  const patiently = evaluatorOf(async (child) => {
    await new Promise<void>((resolve) => finish.push(resolve))
    return fakeResult(child)
  })
  let ended = 0
  for (let n = 0; n < 2; n++) work(t, server, { evaluatorFor: async () => patiently, onEnd: () => ended++ })
  await queue.submit(fakeChild(0))
  await until('it is begun', () => finish.length === 1)
  await server.client.del('toolkit:queue:test:first-0:lock')
  await until('another has begun it too', () => finish.length === 2)
  for (const end of finish) end()
  assertAllOnce([(await nextWithin(queue, 30_000))!], 1)
  await until('both have answered', () => ended === 2)
  await until(
    'the second answer is removed',
    async () => (await server.client.xlen('toolkit:results:test')) <= 1,
  )
  assert.equal(await nextWithin(queue, 1), null)
})

test('results that wait are found by a search that goes on, also doubled ones', { skip }, async (t) => {
  const server = await redis(t)
  await (await openRedisQueue(queueOptions(server))).close()
  for (const [search, id] of [
    ['first', 0],
    ['first', 0],
    ['another', 1],
    ['first', 2],
  ] as const) {
    const result = JSON.stringify(fakeResult(fakeChild(id)))
    await server.client.xadd('toolkit:results:test', '*', 'search', search, 'result', result)
  }
  const queue = await open(t, server)
  await until(
    'what is not wanted is removed',
    async () => (await server.client.xlen('toolkit:results:test')) === 2,
  )
  work(t, server)
  assertAllOnce(await search(queue, 4), 4)
})

test('Redis that stays away longer than the timeout ends search and worker', { skip }, async (t) => {
  const server = await redis(t)
  const queue = await open(t, server, { timeout: 1 })
  const { ended } = work(t, server, { timeout: 1, evaluatorFor: async () => never })
  await queue.submit(fakeChild(0))
  await until('the worker is there', () => queue.capacity() > 1)
  await server.kill()
  const gone = {
    name: 'UserError',
    message: /^Redis at redis:.* was away for 1 seconds: nothing listens there/,
  }
  await Promise.all([
    assert.rejects(async () => {
      while (true) await queue.next()
    }, gone),
    assert.rejects(ended, gone),
  ])
})
