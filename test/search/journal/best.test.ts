import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bestChildren, childrenOfAllRanks } from '../../../src/search/journal/best.js'
import type { JournalEvent } from '../../../src/search/journal/journal.js'
import { runSearch } from '../../../src/search/search.js'
import { canonicalKey } from '../../../src/search/space/canonical.js'
import { decodeCells } from '../../../src/search/space/genotypes.js'
import type { Decisions, SearchSpace } from '../../../src/search/space/space.js'
import { randomSearch } from '../../../src/search/strategy/random.js'
import { qualityAlone } from '../../../src/search/strategy/reward.js'
import { fakeQueue, qualityOf, smallSpace, toldOf } from '../../helpers/search/fake-queue.js'

const oneCell: SearchSpace = { ...smallSpace, cells: ['normal'], blocks: 1 }

const asked = (id: number, decisions: Decisions): JournalEvent => ({ kind: 'asked', id, decisions })
test('each architecture counts once, however it was written down, with its best reward', () => {
  // Children 0 and 1: both sides of a sum, exchanged.
  const events = [
    asked(0, [0, 1, 0, 1, 0]),
    asked(1, [1, 0, 1, 0, 0]),
    asked(2, [0, 1, 0, 2, 0]),
    asked(3, [0, 0, 2, 2, 0]),
    asked(4, [0, 0, 1, 1, 0]),
    asked(5, [0, 0, 1, 0, 0]),
    toldOf(4, 0),
    toldOf(3, 0.5),
    toldOf(2, 0.5),
    toldOf(1, 0.9),
    toldOf(0, 0.7),
  ]
  const best = bestChildren(oneCell, events, 10)
  assert.deepEqual(
    best.map(({ id, reward }) => [id, reward]),
    [
      [1, 0.9],
      [2, 0.5],
      [3, 0.5],
    ],
  )
  assert.deepEqual(best[0].decisions, [1, 0, 1, 0, 0])
  assert.equal(best[0].told.result.id, 1)
  assert.deepEqual(
    bestChildren(oneCell, events, 1).map(({ id }) => id),
    [1],
  )
  assert.deepEqual(bestChildren(oneCell, events, 0), [])
  assert.deepEqual(bestChildren(oneCell, [toldOf(4, 0)], 3), [])
})

test('of a whole search they are the best of all that were measured', async () => {
  const events: JournalEvent[] = []
  await runSearch({
    strategy: randomSearch(oneCell, 2),
    queue: fakeQueue(3),
    reward: qualityAlone,
    budget: { kind: 'children', amount: 80 },
    journal: { events: [], append: async (event) => void events.push(event) },
  })
  const measured = new Map<string, number>()
  for (const event of events) {
    if (event.kind !== 'asked' || event.id % 7 === 3) continue
    const key = canonicalKey(decodeCells(oneCell, event.decisions))
    measured.set(key, Math.max(measured.get(key) ?? 0, qualityOf(event.decisions)))
  }
  assert.ok(measured.size < 60, 'some come twice')
  assert.deepEqual(
    bestChildren(oneCell, events, 1000).map(({ reward }) => reward),
    [...measured.values()].sort((a, b) => b - a),
  )
})

test('children of all ranks stand evenly apart, the best and the worst among them', () => {
  const events = [0, 1, 2, 3, 4, 5, 6].flatMap((id) => [
    asked(id, [0, 1, id % 3, Math.floor(id / 3), 0]),
    toldOf(id, 0.1 + 0.1 * id),
  ])
  const ids = (count: number): number[] => childrenOfAllRanks(oneCell, events, count).map(({ id }) => id)
  assert.deepEqual(ids(0), [])
  assert.deepEqual(ids(1), [6])
  assert.deepEqual(ids(2), [6, 0])
  assert.deepEqual(ids(4), [6, 4, 2, 0])
  assert.deepEqual(ids(100), [6, 5, 4, 3, 2, 1, 0])
})
