/** One holder at a time, however many come at once, and whatever those left that were killed. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isLockFile, lockFolder } from '../../src/shared/lock.js'
import { readLock } from '../../src/shared/lock-file.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

/** No process has this number: it is beyond the largest that Linux gives. */
const gone = (token: string) => JSON.stringify({ pid: 2 ** 30, host: hostname(), started: 'x', token })

async function rivals(t: TestContext, count: number): Promise<ChildProcess[]> {
  const path = new URL('../helpers/train/lock-rival.js', import.meta.url)
  const children = Array.from({ length: count }, () => fork(path, { execArgv: [] }))
  t.after(() =>
    children.forEach((child) => {
      child.kill('SIGKILL')
    }),
  )
  await Promise.all(children.map((child) => once(child, 'message')))
  return children
}

/** What each answers to the same order. */
async function tell(children: ChildProcess[], order: object): Promise<boolean[]> {
  const answers = children.map((child) => once(child, 'message'))
  for (const child of children) child.send(order)
  return (await Promise.all(answers)).map(([answer]) => answer as boolean)
}

for (const [what, links] of [
  ['with hard links', true],
  ['on a file system without hard links', false],
] as const)
  test(`of eight processes that take over a stale lock at once exactly one gets it, ${what}`, async (t) => {
    const folder = await temporaryFolder(t)
    const lock = join(folder, 'lock')
    const children = await rivals(t, 8)
    for (let round = 0; round < 60; round++) {
      await writeFile(lock, gone('same each time'))
      // In every third round one was killed before, in the middle of taking over.
      if (round % 3 === 0) await writeFile(`${lock}.${(await readLock(lock))!.id}.claim`, gone('killed'))
      const got = await tell(children, { take: folder, links })
      assert.equal(got.filter(Boolean).length, 1, `round ${round}`)
      await tell(children, { release: true })
      assert.deepEqual(await readdir(folder), [])
    }
  })

test('a lock that is free goes to exactly one of eight', async (t) => {
  const folder = await temporaryFolder(t)
  const children = await rivals(t, 8)
  for (let round = 0; round < 60; round++) {
    const got = await tell(children, { take: folder, links: true })
    assert.equal(got.filter(Boolean).length, 1, `round ${round}`)
    await tell(children, { release: true })
  }
})

test('within one process a lock is held once', async (t) => {
  const folder = await temporaryFolder(t)
  const takers = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)))
  const got = takers.flatMap((taker) => (taker.status === 'fulfilled' ? [taker.value] : []))
  assert.equal(got.length, 1)
  await got[0]()
  await (await lockFolder(folder))()
})

test('a lock with the number of this very process, from before a restart, is taken over', async (t) => {
  const folder = await temporaryFolder(t)
  const release = await lockFolder(folder)
  const text = await readFile(join(folder, 'lock'), 'utf8')
  await release()
  await writeFile(join(folder, 'lock'), text)
  await (await lockFolder(folder))()
})

test('the lock of another is not given back by who lost its own', async (t) => {
  const folder = await temporaryFolder(t)
  const release = await lockFolder(folder)
  await writeFile(join(folder, 'lock'), gone('another'))
  await release()
  assert.equal(await readFile(join(folder, 'lock'), 'utf8'), gone('another'))
})

test('a lock that cannot be written leaves nothing behind', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'lock'))
  await assert.rejects(lockFolder(folder), /Cannot write .*lock: it is a folder, not a file/)
  assert.deepEqual(await readdir(folder), ['lock'])
  await assert.rejects(lockFolder(join(folder, 'none')), /Cannot write .*lock: it does not exist/)
})

test('the temporary file may be swept up before it is linked', async (t) => {
  const folder = await temporaryFolder(t)
  let swept = 0
  const release = await lockFolder(folder, async (from, to) => {
    if (swept++ > 0) return link(from, to)
    throw Object.assign(new Error('swept up'), { code: 'ENOENT', syscall: 'link' })
  })
  assert.deepEqual(await readdir(folder), ['lock'])
  await release()
})

test('the files of locking are told from others by their names', () => {
  const [own, others] = [
    ['lock', 'lock.0a-1f.tmp', 'lock.0a1f.claim'],
    ['lock.json', 'locks', 'a.lock', 'lock..tmp'],
  ]
  assert.ok(own.every(isLockFile))
  assert.ok(!others.some(isLockFile))
})
