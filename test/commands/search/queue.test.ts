/** A search with shared weights whose worker knows nothing but the address of Redis. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readJournal } from '../../../src/search/journal/read-journal.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { freePort, startRedis, withoutRedis } from '../../helpers/search/redis-server.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('a worker in another folder that is told the name gets the shared weights, and trains the best longer', {
  skip: withoutRedis,
}, async (t) => {
  const cwd = await temporaryFolder(t)
  const elsewhere = join(cwd, 'elsewhere')
  await mkdir(elsewhere)
  await paintImages(join(cwd, 'images'), 16)
  const server = await startRedis()
  t.after(() => server.end())
  const queue = ['--queue', server.url]

  let worker: ChildProcess | undefined
  t.after(() => worker?.kill('SIGKILL'))
  const working = toolkit(
    ['search-worker', ...queue, '--name', 'found', '--processes', '1', '--threads', '1'],
    {
      cwd: elsewhere,
      env: { TMPDIR: elsewhere },
      onStart: (child) => {
        worker = child
      },
    },
  )
  const settings = [
    ...['--data', join(cwd, 'images'), '--evaluator', 'shared', '--warm-up', '1', '--strategy', 'random'],
    ...[
      '--budget',
      '2',
      '--blocks',
      '1',
      '--batch-size',
      '8',
      '--validation-images',
      '8',
      '--steps',
      '1',
      ...['--top', '1', '--retrain-epochs', '1', '--retrain-images', '8'],
    ],
  ]
  const { code, stderr } = await toolkit(['search', ...settings, ...queue, '--out', 'found'], { cwd })
  assert.equal(code, 0, stderr)
  worker!.kill('SIGINT')
  const said = await working
  assert.match(said.stderr, /^Working for the search found, 1 children at a time$/m)
  assert.deepEqual(await readdir(elsewhere), [])

  const events = await readJournal(join(cwd, 'found/journal.jsonl'))
  const told = events.filter((event) => event.kind === 'told')
  assert.deepEqual(told.map(({ result }) => [result.id, result.kind]).sort(), [
    [0, 'measured'],
    [1, 'measured'],
  ])
  assert.match(said.stderr, /^Working for the search found-retrained, 1 children at a time$/m)
  assert.equal(events.filter((event) => event.kind === 'retrained').length, 1)
  const [warmed] = events.filter((event) => event.kind === 'warmed')
  assert.ok(warmed.rounds === 1 && warmed.seconds > 0)
  // Who evaluated is not known.
  for (const event of events) assert.ok(event.kind !== 'session' || event.workforce === undefined)
})

test('an address that does not answer, and a name that no queue can have, are told before any training', async (t) => {
  const cwd = await temporaryFolder(t)
  await paintImages(join(cwd, 'images'), 16)
  const search = (queue: string, out: string) =>
    toolkit(['search', '--data', 'images', '--queue', queue, '--out', out], { cwd })
  const silent = await search(`redis://127.0.0.1:${await freePort()}`, 'found')
  assert.deepEqual([silent.code, silent.stdout], [1, ''])
  assert.match(silent.stderr, /^Cannot use Redis at .*: nothing listens there; [^\n]*\n$/)
  const named = await search('redis://127.0.0.1', 'my search')
  assert.match(named.stderr, /^"my search-retrained" cannot be the name of a search; [^\n]*\n$/)
  assert.deepEqual(await readdir(cwd), ['images'])
})
