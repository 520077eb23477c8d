import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { random } from '../../../models/index.js'
import type { ChildResult } from '../../../src/search/evaluate/child.js'
import { openLocalQueue } from '../../../src/search/execution/local-queue.js'
import type { WorkQueue } from '../../../src/search/execution/queue.js'
import { UserError } from '../../../src/shared/errors.js'
import { assertAllOnce, search } from '../../helpers/search/children.js'
import { type FakeSettings, fakeChild } from '../../helpers/search/fake-evaluator.js'
import { isThere, until } from '../../helpers/search/processes.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const module = new URL('../../helpers/search/fake-evaluator.js', import.meta.url)

async function openFake(
  test: TestContext,
  settings: Partial<FakeSettings>,
  processes = 2,
): Promise<{ queue: WorkQueue; notes: string[] }> {
  const notes: string[] = []
  const evaluator: FakeSettings = { kind: 'fake', ...settings }
  const queue = await openLocalQueue({ evaluator, processes, module, note: (text) => notes.push(text) })
  test.after(() => queue.close())
  return { queue, notes }
}

async function pidsIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).filter((name) => /^\d+$/.test(name)).map(Number)
}

test('every child comes back once, with what was measured of it, and no process is left', async (t) => {
  const pids = await temporaryFolder(t)
  const { queue } = await openFake(t, { pids }, 3)
  assert.equal(queue.capacity(), 3)
  // Children that take no time may all be done by the first process, before the others have begun.
  await until('all three processes are there', async () => (await pidsIn(pids)).length === 3)
  assertAllOnce(await search(queue, 50), 50)
  await queue.close()
  const processes = await pidsIn(pids)
  assert.equal(processes.length, 3)
  assert.deepEqual(processes.filter(isThere), [])
})

test('children in hand are given up when the queue is closed, and no process is left', async (t) => {
  const pids = await temporaryFolder(t)
  const { queue } = await openFake(t, { pids, millis: 3_600_000 })
  await Promise.all([0, 1, 2].map((id) => queue.submit(fakeChild(id))))
  await until('both processes work', async () => (await pidsIn(pids)).length === 2)
  await queue.close()
  assert.deepEqual((await pidsIn(pids)).filter(isThere), [])
})

test('many children may wait in line, without a warning', async (t) => {
  const warnings: string[] = []
  const hear = ({ message }: Error): void => void warnings.push(message)
  process.on('warning', hear)
  t.after(() => process.off('warning', hear))
  const { queue } = await openFake(t, {}, 1)
  for (let id = 0; id < 30; id++) await queue.submit(fakeChild(id))
  const results: ChildResult[] = []
  while (results.length < 30) results.push((await queue.next())!)
  assertAllOnce(results, 30)
  assert.deepEqual(warnings, [])
})

test('waiting for a result can be broken off', async (t) => {
  const { queue } = await openFake(t, { millis: 3_600_000 })
  await queue.submit(fakeChild(0))
  const controller = new AbortController()
  const waiting = queue.next(controller.signal)
  controller.abort()
  assert.equal(await waiting, null)
})

test('processes killed at random moments cost no child', async (t) => {
  const pids = await temporaryFolder(t)
  const { queue } = await openFake(t, { pids, millis: 10 }, 2)
  const { uniform } = random(5, 'kills')
  const killed = new Set<number>()
  const results = await search(queue, 100, 0, async (count) => {
    if (count % 10 !== 0) return
    await sleep(20 * uniform())
    let alive: number[] = []
    await until('a process is there', async () => {
      alive = (await pidsIn(pids)).filter((pid) => isThere(pid) && !killed.has(pid))
      return alive.length > 0
    })
    const pid = alive[Math.floor(uniform() * alive.length)]
    process.kill(pid, 'SIGKILL')
    killed.add(pid)
  })
  assert.equal(killed.size, 10)
  assertAllOnce(results, 100)
})

for (const [how, reason] of [
  ['SIGKILL', 'its process died of SIGKILL, perhaps for lack of memory, 3 times'],
  ['SIGSEGV', 'its process died of SIGSEGV 3 times'],
  ['throw', 'its process failed (a mistake) 3 times'],
] as const) {
  test(`a child whose process meets ${how} each time is failed with the reason, and the others go on`, async (t) => {
    const log = join(await temporaryFolder(t), 'log')
    const { queue, notes } = await openFake(t, { log, mishap: { id: 3, how } })
    const results = await search(queue, 8)
    const failed = results.filter(({ kind }) => kind === 'failed')
    assert.deepEqual(
      failed.map((result) => result.kind === 'failed' && [result.id, result.reason]),
      [[3, reason]],
    )
    assert.equal(results.length, 8)
    const begun = (await readFile(log, 'utf8')).trim().split('\n')
    assert.equal(begun.filter((id) => id === '3').length, 3)
    assert.equal(notes.length, 3)
  })
}

test('an evaluator that can evaluate nothing ends the search with its own words', async (t) => {
  const { queue } = await openFake(t, { start: 'refuse' })
  assert(queue.capacity() >= 1)
  await queue.submit(fakeChild(0))
  await assert.rejects(queue.next(), (error) => {
    assert(error instanceof UserError)
    assert.equal(error.message, 'There is no data set "fake"; fetch it')
    return true
  })
  await assert.rejects(queue.next(), UserError)
})

test('settings that no evaluator knows end the search', async (t) => {
  const queue = await openLocalQueue({ evaluator: { kind: 'no such' }, processes: 1 })
  t.after(() => queue.close())
  await assert.rejects(queue.next(), { name: 'UserError', message: /^There is no evaluator "no such"/ })
})

test('an evaluator that can evaluate nothing any more ends the search', async (t) => {
  const { queue } = await openFake(t, { mishap: { id: 2, how: 'refuse' } })
  await assert.rejects(search(queue, 10), { name: 'UserError', message: 'The data set is gone' })
})

test('a process that refuses leaves the work to the others', async (t) => {
  const pids = await temporaryFolder(t)
  const { queue, notes } = await openFake(t, { start: 'refuse once', pids }, 2)
  assertAllOnce(await search(queue, 10), 10)
  // The other may be done with all children before this one has ended.
  await until('the one that refuses is gone', () => queue.capacity() === 1)
  assert.deepEqual(notes, ['There is no data set "fake"; fetch it; 1 of 2 worker processes go on'])
})

test('processes that die before they can work end the search', async (t) => {
  const { queue } = await openFake(t, { start: 'die' })
  await assert.rejects(queue.next(), {
    name: 'UserError',
    message: /^A worker process died of SIGKILL, perhaps for lack of memory, 3 times before it could work$/,
  })
})

const parent = fileURLToPath(new URL('../../helpers/search/queue-parent.js', import.meta.url))

test('processes vanish when their parent is killed', async (t) => {
  const pids = await temporaryFolder(t)
  const child = spawn(process.execPath, [parent, pids], { stdio: ['ignore', 'ignore', 'inherit'] })
  await until('both processes work', async () => (await pidsIn(pids)).length === 2)
  child.kill('SIGKILL')
  const processes = await pidsIn(pids)
  await until('they are gone', () => !processes.some(isThere))
})

test('Ctrl-C reaches the whole group, and the parent decides what becomes of the children', async (t) => {
  const pids = await temporaryFolder(t)
  const child = spawn(process.execPath, [parent, pids], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  await until('both children are begun', async () => {
    const log = await readFile(join(pids, 'log'), 'utf8').catch(() => '')
    return log.split('\n').length === 3
  })
  process.kill(-child.pid!, 'SIGINT')
  await until('the parent has heard of it', () => printed !== '')
  await writeFile(join(pids, 'release'), '')
  await once(child, 'close')
  assert.equal(printed, 'interrupted\nmeasured measured\n')
  const begun = (await readFile(join(pids, 'log'), 'utf8')).trim().split('\n')
  assert.deepEqual(begun.sort(), ['0', '1'])
})
