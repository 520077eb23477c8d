import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Best } from '../../../src/search/journal/best.js'
import type { JournalEvent, RetrainedEvent } from '../../../src/search/journal/journal.js'
import { chosenToRetrain, retrain } from '../../../src/search/retrain/retrain.js'
import { type FakeQueue, fakeQueue, qualityOf, smallSpace, toldOf } from '../../helpers/search/fake-queue.js'

const chosen = [8, 3, 5, 12].map((id) => ({ id, decisions: [id, 1] })) as Best[]
const quality = (id: number): number => qualityOf([id, 1])

function retrainAll(events: JournalEvent[], queue: FakeQueue, signal?: AbortSignal) {
  const append = async (event: JournalEvent): Promise<void> => void events.push(event)
  const openQueue = async () => queue
  return retrain({ chosen, openQueue, journal: { events: [...events], append } }, { signal })
}

const idsOf = (events: readonly JournalEvent[] | null): number[] =>
  events!.map((event) => (event as RetrainedEvent).id)
/** Child 3 fails. */
const inOrder = [8, 5, 12].sort((a, b) => quality(b) - quality(a))

test('the best are trained once more and come back in their new order, without those that failed', async () => {
  const events: JournalEvent[] = []
  const queue = fakeQueue(2)
  const done = await retrainAll(events, queue)
  assert.deepEqual(idsOf(done), inOrder)
  assert.deepEqual([...idsOf(events)].sort(), [...inOrder].sort())
  for (const { id, quality: measured, seconds } of done!)
    assert.deepEqual([measured, seconds], [quality(id), 6])
  assert.deepEqual(
    queue.submitted.map(({ id }) => id),
    [8, 3, 5, 12],
  )
})

test('what was retrained before is not again, and what was retrained of others does not count', async () => {
  const events: JournalEvent[] = [
    { kind: 'retrained', id: 5, quality: 2, seconds: 1 },
    { kind: 'retrained', id: 99, quality: 3, seconds: 1 },
  ]
  const queue = fakeQueue(2)
  assert.deepEqual(idsOf(await retrainAll(events, queue)), [5, ...inOrder.filter((id) => id !== 5)])
  assert.deepEqual(
    queue.submitted.map(({ id }) => id),
    [8, 3, 12],
  )
})

test('where all were retrained before, no queue is opened', async () => {
  const events = chosen.map(
    ({ id }): JournalEvent => ({ kind: 'retrained', id, quality: quality(id), seconds: 1 }),
  )
  const done = await retrain({
    chosen,
    openQueue: () => assert.fail('nothing is left to be trained'),
    journal: { events, append: () => assert.fail('nothing is new') },
  })
  assert.equal(done!.length, chosen.length)
})

test('more workers, and results of nobody or a second time, change nothing', async () => {
  const queue = fakeQueue(2)
  const next = queue.next.bind(queue)
  const between: Awaited<ReturnType<typeof next>>[] = [null]
  queue.next = async (signal) => {
    if (between.length > 0) return between.shift()!
    const result = await next(signal)
    between.push(null, result, { id: 1000, worker: 'w', kind: 'failed', reason: 'unknown' })
    return result
  }
  const events: JournalEvent[] = []
  assert.deepEqual(idsOf(await retrainAll(events, queue)), inOrder)
  assert.equal(events.length, inOrder.length)
})

test('an abort stops it and keeps what is done', async () => {
  const stop = new AbortController()
  const queue = fakeQueue(2)
  const next = queue.next.bind(queue)
  const events: JournalEvent[] = []
  queue.next = (signal) => {
    if (events.length === 2) stop.abort()
    return next(signal)
  }
  assert.equal(await retrainAll(events, queue, stop.signal), null)
  assert.equal(events.length, 2)
  assert.deepEqual(idsOf(await retrainAll(events, fakeQueue(2))), inOrder)
})

test('chosen are the best and some of all ranks, each once', () => {
  const space = { ...smallSpace, cells: ['normal' as const], blocks: 1 }
  const events = [0, 1, 2, 3, 4, 5, 6].flatMap((id): JournalEvent[] => [
    { kind: 'asked', id, decisions: [0, 1, id % 3, Math.floor(id / 3), 0] },
    toldOf(id, 0.1 + 0.1 * id),
  ])
  const ids = (count: number, ranksChecked: number): number[] =>
    chosenToRetrain(space, events, { count, ranksChecked }).map(({ id }) => id)
  assert.deepEqual(ids(2, 0), [6, 5])
  assert.deepEqual(ids(2, 3), [6, 5, 3, 0])
  assert.deepEqual(ids(0, 3), [6, 3, 0])
})
