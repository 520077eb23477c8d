import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Child, ChildResult, Evaluator } from '../../../src/search/evaluate/child.js'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import { openRedisQueue, type RedisQueueOptions } from '../../../src/search/redis/queue.js'
import { type RedisWorkerOptions, runRedisWorker } from '../../../src/search/redis/worker.js'
import { UserError } from '../../../src/shared/errors.js'
import { fakeChild, fakeQuality, fakeResult, quickTiming } from '../../helpers/search/fake-evaluator.js'
import { until } from '../../helpers/search/processes.js'
import { freePort, type RedisServer, startRedis, withoutRedis } from '../../helpers/search/redis-server.js'
import type { WorkerProcessOptions } from '../../helpers/search/redis-worker-process.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const skip = withoutRedis
const workerScript = fileURLToPath(new URL('../../helpers/search/redis-worker-process.js', import.meta.url))
const searchScript = fileURLToPath(new URL('../../helpers/search/redis-search-process.js', import.meta.url))

/** Node runs what is to be done at the end of a test in order; here, what was opened last is closed first. */
const ends = new WeakMap<TestContext, (() => unknown)[]>()
function atEnd(t: TestContext, end: () => unknown): void {
  const all = ends.get(t)
  if (all !== undefined) {
    all.unshift(end)
    return
  }
  ends.set(t, [end])
  t.after(async () => {
    for (const each of ends.get(t)!) await each()
  })
}

async function redis(t: TestContext, options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options)
  atEnd(t, () => server.end())
  return server
}

function queueOptions(server: { url: string }, options: Partial<RedisQueueOptions> = {}): RedisQueueOptions {
  const settings = { name: 'test', search: 'first', evaluator: { kind: 'fake' }, timing: quickTiming }
  return { url: server.url, ...settings, ...options }
}

async function open(
  t: TestContext,
  server: RedisServer,
  options: Partial<RedisQueueOptions> = {},
): Promise<WorkQueue> {
  const queue = await openRedisQueue(queueOptions(server, options))
  atEnd(t, () => queue.close())
  return queue
}

const evaluatorOf = (evaluate: Evaluator['evaluate']): Evaluator => ({ evaluate, close: async () => {} })
const instantly = evaluatorOf(async (child) => fakeResult(child))
const never = evaluatorOf((_, signal) => sleep(3_600_000, undefined, { signal }) as Promise<never>)

/** A worker in this process; `stop` ends it and waits for that. */
function work(t: TestContext, server: { url: string }, options: Partial<RedisWorkerOptions> = {}) {
  const controller = new AbortController()
  const ended = runRedisWorker({
    url: server.url,
    processes: 1,
    evaluatorFor: async () => instantly,
    signal: controller.signal,
    timing: quickTiming,
    ...options,
  })
  // A test that wants its error waits for it.
  ended.catch(() => {})
  const stop = (): Promise<void> => {
    controller.abort()
    return ended
  }
  atEnd(t, () => stop().catch(() => {}))
  return { ended, stop }
}

function workerProcess(t: TestContext, options: WorkerProcessOptions): ChildProcess {
  const child = spawn(process.execPath, [workerScript, JSON.stringify(options)], { stdio: 'inherit' })
  atEnd(t, () => child.kill('SIGKILL'))
  return child
}

/** Hands out children from `first` on, as many at a time as the queue wants, until all have come back. */
async function search(
  queue: WorkQueue,
  count: number,
  first = 0,
  onResult: (count: number) => unknown = () => {},
): Promise<ChildResult[]> {
  const results: ChildResult[] = []
  for (let asked = 0; results.length < count; ) {
    while (asked < count && asked - results.length < queue.capacity())
      await queue.submit(fakeChild(first + asked++))
    const result = await queue.next()
    if (result === null) continue
    results.push(result)
    await onResult(results.length)
  }
  return results
}

function assertAllOnce(results: ChildResult[], count: number, first = 0): void {
  assert.deepEqual(
    results.map(({ id }) => id).sort((a, b) => a - b),
    Array.from({ length: count }, (_, place) => first + place),
  )
  for (const result of results) {
    assert(result.kind === 'measured', JSON.stringify(result))
    assert.equal(result.measured.quality, fakeQuality(fakeChild(result.id).decisions))
  }
}

/** Next results until one comes or the time is up. */
async function nextWithin(queue: WorkQueue, millis: number): Promise<ChildResult | null> {
  const end = AbortSignal.timeout(millis)
  let result: ChildResult | null = null
  while (result === null && !end.aborted) result = await queue.next(end)
  return result
}

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')

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

test('a Redis that cannot be used is refused in plain words, soon', { skip }, async (t) => {
  const server = await redis(t, { password: 'secret' })
  const address = (user: string, port = server.port): string => `redis://${user}127.0.0.1:${port}`
  const replica = await redis(t, { args: ['--replicaof', '127.0.0.1', '1'] })
  const chatty = createServer((socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).on('error', () => {})
  }).listen(0, '127.0.0.1')
  const mute = createServer(() => {}).listen(0, '127.0.0.1')
  atEnd(t, () => [chatty, mute].map((server) => server.close()))
  const portOf = (server: typeof mute): number => (server.address() as { port: number }).port
  for (const [url, message] of [
    ['http://127.0.0.1', /^"http:\/\/127\.0\.0\.1" is not the address of a Redis server; one looks like/],
    [address('', await freePort()), /^Cannot use Redis at redis:\S+: nothing listens there/],
    ['redis://no.such.host.invalid', /^Cannot use Redis at redis:\S+: there is no host of that name$/],
    [address(''), /^Cannot use Redis at redis:\S+: it asks for a password/],
    [address(':wrong@'), /^Cannot use Redis at redis:\/\/:\*\*\*@\S+: it refuses the name or password$/],
    [`${address(':secret@')}/99`, /^Cannot use Redis at redis:\S+: it has no database of the number/],
    [replica.url, /^Cannot use Redis at redis:\S+: it is a read-only replica; name the primary$/],
    [address('', portOf(chatty)), /: what answers there does not speak Redis's protocol$/],
    [address('', portOf(mute)), /: it does not answer$/],
  ] as [string, RegExp][]) {
    await assert.rejects(openRedisQueue(queueOptions({ url })), { name: 'UserError', message })
    await assert.rejects(work(t, { url }).ended, { name: 'UserError', message })
  }
  const queue = await openRedisQueue(queueOptions({ url: address(':secret@') }))
  await queue.close()
})

test('a name that cannot be one is refused', async () => {
  const options = queueOptions({ url: 'redis://127.0.0.1' }, { name: 'a:b' })
  await assert.rejects(openRedisQueue(options), { name: 'UserError', message: /^"a:b" cannot be the name/ })
})
