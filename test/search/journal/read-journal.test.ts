import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readJournal } from '../../../src/search/journal/read-journal.js'
import { writeFakeSearch } from '../../helpers/search/fake-search.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('a journal comes back as it was written, whatever a killed process left of its last line', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'journal.jsonl')
  assert.deepEqual(await readJournal(path), [])
  const events = await writeFakeSearch(folder, { strategy: 'ppo', seed: 4, children: 60, retrained: 3 })
  for (const kind of ['asked', 'told', 'session', 'overhead', 'retrained'])
    assert.ok(events.some((event) => event.kind === kind))
  assert.deepEqual(await readJournal(path), events)

  const last = JSON.stringify(events.at(-1))
  for (const half of ['{', last.slice(0, -1), last]) {
    const whole = await readFile(path, 'utf8')
    await appendFile(path, half)
    assert.deepEqual(await readJournal(path), events)
    await writeFile(path, whole)
  }
})

test('a session that version 0.1 wrote under its name of then is read', async (t) => {
  const path = join(await temporaryFolder(t), 'journal.jsonl')
  await writeFile(path, '{"kind":"sitting","seconds":7,"at":"2026-01-05T09:00:00.000Z"}\n')
  assert.deepEqual(await readJournal(path), [{ kind: 'session', seconds: 7, at: '2026-01-05T09:00:00.000Z' }])
})

test('any other damage is reported with its line and field', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'journal.jsonl')
  const session = '{"kind":"session","seconds":0,"at":"2026-01-05T09:00:00.000Z"}'
  for (const [line, what] of [
    ['{"kind":"asked","id":0', /JSON|end of/],
    ['', /JSON/],
    ['null', /"event" is null, but must be an object/],
    ['{"kind":"asked","id":0,"decisions":[1,-2]}', /"event\.decisions\[1\]" is -2/],
    ['{"kind":"told","seconds":1,"reward":0.5,"figures":{}}', /"event\.result/],
    [
      '{"kind":"told","result":{"id":0,"worker":"a","kind":"failed","reason":"x"},"seconds":1,"reward":0,"figures":{"entropy":"much"}}',
      /"event\.figures\.entropy" is "much", but must be a number/,
    ],
    ['{"kind":"retrained","id":0,"quality":null,"seconds":3}', /"event\.quality" is null/],
    ['{"kind":"begun"}', /"event\.kind" is "begun"/],
  ] as [string, RegExp][]) {
    await writeFile(path, `${session}\n${line}\n${session}\n`)
    await assert.rejects(readJournal(path), (error: Error) => {
      assert.equal(error.name, 'UserError')
      assert.match(
        error.message,
        /journal\.jsonl, line 2 is damaged: .*; restore the file or begin a new search$/,
      )
      assert.match(error.message, what)
      return true
    })
  }
})
