/** A search killed at any moment loses at most the children in work, and ends as an unbroken one does. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readGenotype } from '../../../src/commands/shared/read-genotype.js'
import { readJournal } from '../../../src/search/journal/read-journal.js'
import { readSearchConfig } from '../../../src/search/search-folder.js'
import { decode } from '../../../src/search/space/genotypes.js'
import { randomSearch } from '../../../src/search/strategy/random.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const settings = [
  ...['--data', 'images', '--evaluator', 'train', '--strategy', 'random'],
  ...['--blocks', '1', '--train-images', '64', '--validation-images', '16', '--steps', '1', '--top', '1'],
]

/** Kills the process soon after it has written down so many results. */
function killOnceTold(folder: string, count: number): (child: ChildProcess) => void {
  return (child) => {
    const look = setInterval(async () => {
      const events = await readJournal(join(folder, 'journal.jsonl'))
      if (events.filter(({ kind }) => kind === 'told').length >= count) child.kill('SIGKILL')
    }, 20)
    child.on('exit', () => clearInterval(look))
  }
}

test('kill -9 in mid-search: the resumed search tries what is left, and can be reported', async (t) => {
  const cwd = await temporaryFolder(t)
  const folder = join(cwd, 'found')
  await paintImages(join(cwd, 'images'), 48)
  const search = (args: string[], onStart?: (child: ChildProcess) => void) =>
    toolkit(['search', ...args, '--processes', '2'], { cwd, onStart })

  // More children than can be trained before the kill, however late it comes.
  const endless = [...settings, '--budget', '100000', '--out', 'found']
  const killed = await search(endless, killOnceTold(folder, 1))
  assert.equal(killed.code, null, `it was to be killed, but ended: ${killed.stderr}`)
  const before = await readJournal(join(folder, 'journal.jsonl'))
  const children = before.filter(({ kind }) => kind === 'asked').length + 1

  const refused = await search(['--resume', 'found', '--seed', '2'])
  assert.deepEqual([refused.code, refused.stdout], [1, ''])
  assert.match(refused.stderr, /^--resume continues a search with its own settings: leave out --seed\n$/)

  const resumed = await search(['--resume', 'found', '--budget', String(children), '--json'])
  assert.equal(resumed.code, 0, resumed.stderr)
  const events = await readJournal(join(folder, 'journal.jsonl'))
  assert.deepEqual(events.slice(0, before.length), before)
  const { space, seed, name } = await readSearchConfig(folder)
  assert.equal(name, 'found')
  const strategy = randomSearch(space, seed)
  const asked = events.filter((event) => event.kind === 'asked')
  assert.equal(asked.length, children)
  for (const { decisions } of asked) assert.deepEqual(decisions, await strategy.ask())
  const told = events.filter((event) => event.kind === 'told')
  assert.deepEqual(
    told.map(({ result }) => result.id).sort((a, b) => a - b),
    asked.map(({ id }) => id),
  )
  for (const { result } of told) assert.equal(result.kind, 'measured')
  const highest = Math.max(...told.map(({ reward }) => reward))
  const first = told
    .filter(({ reward }) => reward === highest)
    .map(({ result }) => result.id)
    .sort((a, b) => a - b)[0]
  const [retrained] = events.filter((event) => event.kind === 'retrained')
  assert.equal(retrained.id, first)
  const { best } = JSON.parse(resumed.stdout)
  assert.deepEqual(best, [{ id: first, reward: highest, retrained: retrained.quality }])
  const genotype = decode(space, asked[first].decisions, `found-${first}`)
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'genotype.json'), 'utf8')), genotype)
  assert.deepEqual(await readGenotype(join(folder, 'best/1.json')), genotype)

  const report = await toolkit(['search-report', 'found', '--json'], { cwd })
  assert.equal(report.code, 0, report.stderr)
  const [figures] = JSON.parse(report.stdout).searches
  assert.equal(figures.curves.reward.length, children)
})
