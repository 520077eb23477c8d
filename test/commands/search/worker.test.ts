import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import { openRedisQueue } from '../../../src/search/redis/queue.js'
import { runRedisWorker } from '../../../src/search/redis/worker.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { type FakeSettings, fakeChild, fakeResult, quickTiming } from '../../helpers/search/fake-evaluator.js'
import { isThere, until } from '../../helpers/search/processes.js'
import { freePort, startRedis, withoutRedis } from '../../helpers/search/redis-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const skip = withoutRedis
const script = fileURLToPath(new URL('../../helpers/commands/search-worker-process.js', import.meta.url))

/** A search on a Redis of its own; both are closed at the end of the test. */
async function search(
  t: TestContext,
  settings: Partial<FakeSettings>,
): Promise<{ url: string; queue: WorkQueue }> {
  const { url, end } = await startRedis()
  const evaluator: FakeSettings = { kind: 'fake', ...settings }
  const queue = await openRedisQueue({ url, name: 'test', search: 'test', evaluator, timing: quickTiming })
  t.after(async () => {
    await queue.close()
    await end()
  })
  return { url, queue }
}

/** The command in a group of processes of its own, as a terminal starts it. */
function startWorker(t: TestContext, args: string[]) {
  const worker = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  t.after(() => worker.kill('SIGKILL'))
  let said = ''
  for (const stream of [worker.stdout, worker.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  return { worker, said: () => said }
}

test('a worker evaluates in processes of its own with the settings of the search, and shows what it does', {
  skip,
}, async (t) => {
  const pids = await temporaryFolder(t)
  const { url, queue } = await search(t, { pids })
  const { worker, said } = startWorker(t, ['--queue', url, '--processes', '2', '--json'])
  // Children that take no time may all be done by the first process, before the other has begun.
  await until('both processes are there', async () => (await readdir(pids)).length === 2)
  for (let id = 0; id < 6; id++) await queue.submit(fakeChild(id))
  const ids = new Set<number>()
  while (ids.size < 6) {
    const result = await queue.next()
    if (result !== null) ids.add(result.id)
  }
  const processes = (await readdir(pids)).map(Number)
  assert.equal(processes.length, 2)
  assert(!processes.includes(worker.pid!))
  process.kill(-worker.pid!, 'SIGINT')
  await once(worker, 'close')
  assert.equal(worker.exitCode, 130)
  assert.deepEqual(processes.filter(isThere), [])
  assert.match(said(), /^Working for the search test, 2 children at a time$/m)
  assert.match(said(), /^\{"measured":6,"failed":0\}$/m)
  assert.match(said(), /^6 children done; in progress: none$/m)
})

test('Ctrl-C returns the child in progress to the queue, for another worker', { skip }, async (t) => {
  const pids = await temporaryFolder(t)
  const { url, queue } = await search(t, { pids, millis: 3_600_000 })
  const { worker, said } = startWorker(t, ['--queue', url, '--processes', '1'])
  await queue.submit(fakeChild(0))
  await until('the child is begun', () => /in progress: 0 for/.test(said()))
  process.kill(-worker.pid!, 'SIGINT')
  await once(worker, 'close')
  assert.equal(worker.exitCode, 130)
  assert.match(
    said(),
    /^Stopping: children in progress go back to the queue. Ctrl-C again exits immediately.$/m,
  )
  assert.match(said(), /^0 children done; in progress: none$/m)
  const leaving = new AbortController()
  const other = runRedisWorker({
    url,
    processes: 1,
    signal: leaving.signal,
    evaluatorFor: async () => ({ evaluate: async (child) => fakeResult(child), close: async () => {} }),
    // With the usual lock of half a minute, only a child that was handed back is there at once.
    timing: { stalled: 3_600_000 },
  })
  let result = null
  while (result === null) result = await queue.next()
  assert.equal(result.id, 0)
  leaving.abort()
  await other
})

test('a worker that can evaluate nothing says why and ends with 1', { skip }, async (t) => {
  const { url } = await search(t, { start: 'refuse' })
  const { worker, said } = startWorker(t, ['--queue', url, '--processes', '1'])
  await once(worker, 'close')
  assert.equal(worker.exitCode, 1)
  assert.match(said(), /^There is no data set "fake"; fetch it$/m)
})

test('wrong usage and an address that does not answer are told in plain words', async () => {
  assert.equal((await toolkit(['search-worker'])).code, 2)
  const { code, stderr, stdout } = await toolkit([
    'search-worker',
    '--queue',
    `redis://127.0.0.1:${await freePort()}`,
    // The former name of --redis-timeout.
    ...['--patience', '5'],
  ])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(
    stderr,
    /^Cannot use Redis at redis:\/\/127\.0\.0\.1:\d+: nothing listens there; start redis-server/m,
  )
  const badly = await toolkit(['search-worker'], { env: { TOOLKIT_QUEUE: 'localhost:6379' } })
  assert.equal(badly.code, 1)
  assert.match(badly.stderr, /^"localhost:6379" is not the address of a Redis server/m)
})
