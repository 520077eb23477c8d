import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedRecipe } from '../../../src/search/evaluate/recipes.js'
import type { JournalEvent, ToldEvent } from '../../../src/search/journal/journal.js'
import { reportStatistics } from '../../../src/search/report/report-statistics.js'
import type { SearchLog } from '../../../src/search/report/search-log.js'
import { type FakeSearch, fakeConfig, fakeJournal } from '../../helpers/search/fake-search.js'

const logOf = (fake: FakeSearch, events: JournalEvent[] = fakeJournal(fake)): SearchLog => {
  const config = fakeConfig(fake)
  return { name: config.name, config, events }
}

const told = (events: JournalEvent[]) =>
  events.flatMap((event): ToldEvent[] => (event.kind === 'told' ? [event] : []))
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.abs(b), `${a} and ${b}`)

test('a search: what its journal says, counted anew', () => {
  const events = fakeJournal({ strategy: 'ppo', seed: 1, children: 230, retrained: 8 })
  // Two children are still in work.
  const lastTwo = told(events).slice(-2)
  const cut = events.filter((event) => !lastTwo.includes(event as ToldEvent))
  const [search] = reportStatistics([logOf({ strategy: 'ppo', seed: 1, children: 230 }, cut)], 4).searches

  const results = told(cut).map(({ result }) => result)
  const measured = results.flatMap((result) => (result.kind === 'measured' ? [result.measured] : []))
  assert.deepEqual(
    { ...search.children, distinct: 0 },
    {
      planned: 230,
      asked: 230,
      measured: measured.length,
      failed: 228 - measured.length,
      stoppedEarly: measured.filter(({ stoppedEarly }) => stoppedEarly).length,
      inFlight: 2,
      distinct: 0,
    },
  )
  assert.ok(search.children.failed > 0 && search.children.stoppedEarly > 0)
  assert.equal(search.failures.flatMap(({ children }) => children).length, search.children.failed)
  assert.equal(search.sessions, 2)
  assert.equal(search.seconds, told(cut).at(-1)!.seconds)
  near(search.childrenPerHour * search.seconds, 228 * 3600)
  let evaluated = 0
  for (const { seconds } of measured) evaluated += seconds.compile + seconds.train + seconds.measure
  near(search.cost.coreHours, (2 * evaluated) / 3600)
  near(search.time.strategy, 11 * 0.9)
  assert.deepEqual(
    search.curves.reward,
    told(cut).map(({ reward }) => reward),
  )
  assert.deepEqual(
    search.curves.entropy,
    told(cut).map(({ figures }) => figures.entropy),
  )
  for (const { tenths } of search.operations) assert.equal(tenths.length, 10)
})

test('the best: those trained longer first, by what they reached; each architecture once', () => {
  const log = logOf({ strategy: 'random', seed: 2, children: 50 })
  const asked = log.events.filter((event) => event.kind === 'asked')
  const results = told([...log.events])
  const measured = (id: number, quality: number) => {
    const [like] = results.filter(({ result }) => result.kind === 'measured')
    return {
      ...like,
      reward: quality,
      result: {
        ...like.result,
        id,
        measured: { ...(like.result as never as { measured: object }).measured, quality },
      },
    } as ToldEvent
  }
  const again = { ...asked[0], id: 3 }
  const events: JournalEvent[] = [
    ...asked.slice(0, 3),
    again,
    measured(0, 0.7),
    measured(2, 0.75),
    measured(3, 0.8),
    measured(1, 0.6),
    { kind: 'retrained', id: 1, quality: 0.9, seconds: 5 },
    { kind: 'retrained', id: 2, quality: 0.1, seconds: 5 },
    { kind: 'retrained', id: 2, quality: 0.95, seconds: 5 },
  ]
  const [search] = reportStatistics([{ ...log, events }], 10).searches
  assert.deepEqual(
    search.best.map(({ id, retrainedQuality }) => [id, retrainedQuality]),
    [
      [2, 0.95],
      [1, 0.9],
      [3, null],
    ],
  )
  assert.equal(search.children.distinct, 3)
  const three: JournalEvent[] = [...events, { kind: 'retrained', id: 3, quality: 0.5, seconds: 5 }]
  const tauOf = (ranksChecked: number, events: JournalEvent[]) => {
    const config = { ...log.config, retrain: { ...log.config.retrain!, ranksChecked } }
    return reportStatistics([{ ...log, config, events }], 1).searches[0].retrained.tau
  }
  assert.equal(tauOf(3, events), null, 'two children are too few')
  // Rewards 0.8, 0.6 and 0.75 of qualities 0.5, 0.9 and 0.95: one of three pairs is ordered alike.
  near(tauOf(3, three)!, -1 / 3)
  assert.equal(tauOf(0, three), null, 'the best alone tell nothing of the order')
})

test('searches that differ in seed and budget alone are one method, and its curves lie within theirs', () => {
  const fakes = (['ppo', 'random'] as const).flatMap((strategy) =>
    [1, 2, 3].map((seed): FakeSearch => ({ strategy, seed, children: 60 + seed })),
  )
  const { groups, searches } = reportStatistics(
    fakes.map((fake) => logOf(fake)),
    1,
  )
  assert.deepEqual(
    groups.map(({ label, searches: members }) => [label, members]),
    [
      ['ppo', [0, 1, 2]],
      ['random', [3, 4, 5]],
    ],
  )
  for (const { searches: members, curves, operations } of groups) {
    assert.equal(curves.best.mean.length, 61)
    for (const i of [0, 30, 60]) {
      const values = members.map((member) => searches[member].curves.best[i])
      assert.equal(curves.best.low[i], Math.min(...values))
      assert.equal(curves.best.high[i], Math.max(...values))
      near(curves.best.mean[i]!, (values[0] + values[1] + values[2]) / 3)
    }
    for (const { tenths } of operations)
      for (const shares of tenths)
        near(
          Object.values(shares).reduce((a, b) => a + b),
          1,
        )
  }

  const other = logOf({ strategy: 'ppo', seed: 4, children: 30 })
  const evaluator = sharedRecipe(other.config.space, 'weights')
  const shared = { ...other, config: { ...other.config, evaluator } }
  const labels = reportStatistics([logOf(fakes[0]), shared], 1).groups.map(({ label }) => label)
  assert.deepEqual(labels, ['ppo, train', 'ppo, shared'])
})

test('a search without results, and a journal that contradicts itself, are told in plain words', () => {
  const log = logOf({ strategy: 'random', seed: 1, children: 5 })
  const refuses = (events: readonly JournalEvent[], message: RegExp) =>
    assert.throws(() => reportStatistics([{ ...log, events }], 1), { name: 'UserError', message })
  refuses([], /^random-1 has no children to report yet/)
  refuses(
    [...log.events, ...told([...log.events])],
    /reports child 0, which was not proposed or was reported before/,
  )
  refuses(
    [...log.events, { kind: 'retrained', id: 77, quality: 1, seconds: 1 }],
    /reports a longer training of child 77, which never finished/,
  )
})
