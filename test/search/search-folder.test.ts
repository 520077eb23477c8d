import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { JournalEvent } from '../../src/search/journal/journal.js'
import {
  configPath,
  createSearchFolder,
  journalPath,
  openSearchFolder,
  readSearchConfig,
} from '../../src/search/search-folder.js'
import { smallSearch } from '../helpers/search/small-search.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'

const config = smallSearch()
const events: JournalEvent[] = [
  { kind: 'session', seconds: 0, at: '2026-01-05T09:00:00.000Z' },
  { kind: 'asked', id: 0, decisions: [0, 1, 2] },
  { kind: 'asked', id: 1, decisions: [1, 1, 0] },
]
const refuses = (doing: Promise<unknown>, message: RegExp): Promise<void> =>
  assert.rejects(doing, (error: Error) => {
    assert.equal(error.name, 'UserError')
    assert.match(error.message, message)
    return true
  })

test('a config that could not be read again is refused, and leaves nothing behind', async (t) => {
  const folder = join(await temporaryFolder(t), 'searches/new')
  const wrong = { ...config, seed: Number.NaN }
  await refuses(
    createSearchFolder(folder, wrong),
    /^The search cannot be begun, because its config could not be read again: "seed" is null/,
  )
  await assert.rejects(readdir(folder), /ENOENT/)
})

test('a search comes back as it was left, without the line that was half-written', async (t) => {
  const folder = join(await temporaryFolder(t), 'searches/new')
  const search = await createSearchFolder(folder, config)
  assert.deepEqual(search.events, [])
  for (const event of events) await search.append(event)
  await search.close()
  assert.deepEqual((await readdir(folder)).sort(), ['journal.jsonl', 'search.json'])

  const text = await readFile(journalPath(folder), 'utf8')
  const last = text.trimEnd().split('\n').at(-1)!.length + 1
  for (let bytes = text.length - last + 1; bytes < text.length; bytes += 7) {
    await writeFile(journalPath(folder), text)
    await truncate(journalPath(folder), bytes)
    const resumed = await openSearchFolder(folder)
    assert.deepEqual(resumed.config, config)
    assert.deepEqual(resumed.events, events.slice(0, -1))
    await resumed.append(events.at(-1)!)
    await resumed.close()
    assert.equal(await readFile(journalPath(folder), 'utf8'), text)
  }
})

test('a search that could not begin leaves nothing behind; one in which something happened stays', async (t) => {
  const parent = await temporaryFolder(t)
  const folder = join(parent, 'new')
  const fails = async (happened: JournalEvent[], file?: string): Promise<string[]> => {
    const search = await createSearchFolder(folder, config)
    for (const event of [...events, ...happened]) await search.append(event)
    if (file !== undefined) await writeFile(join(folder, file), '')
    await search.discardUnbegun()
    await search.close()
    const left = (await readdir(parent)).length === 0 ? [] : await readdir(folder)
    await rm(folder, { recursive: true, force: true })
    return left.sort()
  }
  assert.deepEqual(await fails([]), [])
  const warmed: JournalEvent = { kind: 'warmed', rounds: 1, seconds: 1, threads: 1 }
  const result = { id: 0, worker: 'w', kind: 'failed', reason: 'x' } as const
  const told: JournalEvent = { kind: 'told', result, seconds: 1, reward: 0, figures: {} }
  for (const event of [warmed, told]) assert.deepEqual(await fails([event]), ['journal.jsonl', 'search.json'])
  assert.deepEqual(await fails([], 'more'), ['journal.jsonl', 'more', 'search.json'])
})

test('a search killed before its first event begins', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(configPath(folder), JSON.stringify(config))
  const resumed = await openSearchFolder(folder)
  assert.deepEqual(resumed.events, [])
  await resumed.close()
})

test('the budget alone can be changed, and stays changed', async (t) => {
  const folder = await temporaryFolder(t)
  await (await createSearchFolder(folder, config)).close()
  const budget = { kind: 'seconds', amount: 90 } as const
  const resumed = await openSearchFolder(folder, budget)
  assert.deepEqual(resumed.config, { ...config, budget })
  await resumed.close()
  assert.deepEqual(await readSearchConfig(folder), { ...config, budget })
})

test("another search's folder, and one with other files, are left alone", async (t) => {
  const folder = await temporaryFolder(t)
  await (await createSearchFolder(folder, config)).close()
  await refuses(
    createSearchFolder(folder, { ...config, seed: 8 }),
    /holds a search already; go on .*--resume/,
  )
  assert.deepEqual(await readSearchConfig(folder), config)

  const other = join(folder, 'other')
  await mkdir(other)
  await writeFile(join(other, 'letter.txt'), 'Dear')
  await refuses(createSearchFolder(other, config), /other holds other files, such as letter\.txt/)
  await refuses(openSearchFolder(other), /other holds no search: there is no search\.json in it/)
  assert.deepEqual(await readdir(other), ['letter.txt'])
  await refuses(openSearchFolder(join(folder, 'nowhere')), /nowhere holds no search/)
  await refuses(openSearchFolder(join(other, 'letter.txt')), /letter\.txt holds no search/)
  await refuses(createSearchFolder(join(other, 'letter.txt/new'), config), /Cannot create .*a file/)
})

test('damage is told with the file and what is wrong in it, and gives the folder free', async (t) => {
  const folder = await temporaryFolder(t)
  await (await createSearchFolder(folder, config)).close()
  await writeFile(configPath(folder), JSON.stringify({ ...config, seed: 'one' }))
  await refuses(openSearchFolder(folder), /search\.json is damaged: "seed" is "one"/)
  await writeFile(configPath(folder), '{"name"')
  await refuses(openSearchFolder(folder), /search\.json is damaged: /)
  await writeFile(configPath(folder), JSON.stringify(config))
  await appendFile(journalPath(folder), '{"kind":"asked"}\n')
  await refuses(openSearchFolder(folder), /journal\.jsonl, line 1 is damaged/)
  assert.deepEqual((await readdir(folder)).sort(), ['journal.jsonl', 'search.json'])
})

test('two processes do not search in one folder; the lock of one that was killed is taken over', async (t) => {
  const folder = await temporaryFolder(t)
  const search = await createSearchFolder(folder, config)
  await refuses(openSearchFolder(folder), /wait for it or stop it/)
  await search.close()

  const living = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  t.after(() => living.kill('SIGKILL'))
  const lock = join(folder, 'lock')
  await writeFile(lock, JSON.stringify({ pid: living.pid, host: hostname(), started: '' }))
  await refuses(openSearchFolder(folder), new RegExp(`^Process ${living.pid} on`))
  const gone = new Promise((resolve) => living.once('exit', resolve))
  living.kill('SIGKILL')
  await gone
  await (await openSearchFolder(folder)).close()
  assert.ok(!(await readdir(folder)).includes('lock'))
})
