import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Budget } from '../../src/search/config.js'
import type { AskedEvent, JournalEvent, ToldEvent } from '../../src/search/journal/journal.js'
import { runSearch, type SearchOptions, type Standing } from '../../src/search/search.js'
import { regularizedEvolution } from '../../src/search/strategy/evolution.js'
import { randomSearch } from '../../src/search/strategy/random.js'
import { qualityAlone } from '../../src/search/strategy/reward.js'
import type { Strategy } from '../../src/search/strategy/strategy.js'
import { type FakeQueue, fakeQueue, fakeResult, qualityOf, smallSpace } from '../helpers/search/fake-queue.js'

const CHILDREN = 30
const WORKERS = 3

const evolution = (): Strategy =>
  regularizedEvolution(smallSpace, 4, { population: 6, sample: 3, identity: 0.1 })
const strategies = { random: () => randomSearch(smallSpace, 4), evolution }

class Killed extends Error {}

/** What a session may differ in from the usual one. */
interface Session extends SearchOptions {
  budget?: Budget
  queue?: FakeQueue
  strategy?: Strategy
  /** The process dies as soon as it has written so many events. */
  events?: number
}

/** One session of a search, which goes on from what is in `journal` and adds to it. */
function sit(journal: JournalEvent[], session: Session = {}): Promise<boolean> {
  const { queue = fakeQueue(WORKERS), strategy = evolution(), events: most = Infinity, ...options } = session
  let written = 0
  return runSearch(
    {
      strategy,
      queue,
      reward: qualityAlone,
      budget: session.budget ?? { kind: 'children', amount: CHILDREN },
      journal: {
        events: [...journal],
        async append(event) {
          journal.push(event)
          if (++written === most) throw new Killed()
        },
      },
    },
    options,
  )
}

const asked = (journal: JournalEvent[]): AskedEvent[] =>
  journal.filter(({ kind }) => kind === 'asked') as AskedEvent[]
const told = (journal: JournalEvent[]): ToldEvent[] =>
  journal.filter(({ kind }) => kind === 'told') as ToldEvent[]
/** All that has to do with children, without the clock. */
const course = (journal: JournalEvent[]): unknown[] =>
  journal
    .filter(({ kind }) => kind === 'asked' || kind === 'told')
    .map((event) => ({ ...event, seconds: undefined }))

test('a budget of children is spent to the last: each is rewarded once, failed ones with 0', async () => {
  const journal: JournalEvent[] = []
  const queue = fakeQueue(WORKERS)
  const standings: Standing[] = []
  let mostInFlight = 0
  const next = queue.next.bind(queue)
  let back = 0
  queue.next = (signal) => {
    mostInFlight = Math.max(mostInFlight, queue.submitted.length - back++)
    return next(signal)
  }
  assert.equal(await sit(journal, { queue, onTold: (_, standing) => void standings.push(standing) }), true)
  assert.deepEqual(
    queue.submitted,
    asked(journal).map(({ id, decisions }) => ({ id, decisions })),
  )
  assert.deepEqual(
    asked(journal).map(({ id }) => id),
    Array.from({ length: CHILDREN }, (_, id) => id),
  )
  assert.equal(mostInFlight, WORKERS)
  assert.equal(told(journal).length, CHILDREN)
  for (const { result, reward } of told(journal)) {
    const { decisions } = asked(journal)[result.id]
    assert.deepEqual(result, fakeResult({ id: result.id, decisions }))
    assert.equal(reward, result.id % 7 === 3 ? 0 : qualityOf(decisions))
  }
  assert.equal(new Set(told(journal).map(({ result }) => result.id)).size, CHILDREN)
  assert.deepEqual(
    standings.map((standing) => standing.told),
    Array.from({ length: CHILDREN }, (_, index) => index + 1),
  )
  for (const { asked, told, inFlight } of standings) assert.equal(asked, told + inFlight)
  const seconds = journal.flatMap((event) => ('seconds' in event ? [event.seconds] : []))
  assert.deepEqual(
    seconds,
    [...seconds].sort((a, b) => a - b),
  )
  assert.equal(journal[0].kind, 'session')
  assert.equal(
    journal.filter(({ kind }) => kind === 'overhead').length,
    2,
    'after 20 children, and at the end',
  )
})

test('a search killed after any event of its journal goes on as if it had not been', async () => {
  for (const [name, strategy] of Object.entries(strategies)) {
    const whole: JournalEvent[] = []
    await sit(whole, { strategy: strategy() })
    for (let events = 1; events <= whole.length; events++) {
      const broken: JournalEvent[] = []
      await assert.rejects(sit(broken, { strategy: strategy(), events }), Killed)
      const answered = new Set(told(broken).map(({ result }) => result.id))
      const inFlight = asked(broken).filter(({ id }) => !answered.has(id))
      const queue = fakeQueue(WORKERS)
      assert.equal(await sit(broken, { strategy: strategy(), queue }), true)
      assert.deepEqual(course(broken), course(whole), `${name}, killed after ${events} events`)
      assert.deepEqual(
        queue.submitted.slice(0, inFlight.length),
        inFlight.map(({ id, decisions }) => ({ id, decisions })),
      )
      for (const { id } of queue.submitted) assert.ok(!answered.has(id), 'told already')
    }
  }
})

test('a search killed again and again gets to its end', async () => {
  const whole: JournalEvent[] = []
  await sit(whole)
  const broken: JournalEvent[] = []
  let sessions = 0
  for (let finished = false; !finished; sessions++) {
    // The first event of a session is its beginning.
    const before = broken.length
    finished = await sit(broken, { events: 2 }).catch((error: unknown) => {
      assert.ok(error instanceof Killed)
      const last = broken[before + 1]
      return last.kind === 'overhead' && told(broken).length === CHILDREN
    })
  }
  assert.ok(sessions > CHILDREN)
  assert.deepEqual(course(broken), course(whole))
})

test('random search asks the same whatever the number of workers', async () => {
  const journals = [1, 5].map((): JournalEvent[] => [])
  for (const [index, workers] of [1, 5].entries())
    await sit(journals[index], { strategy: strategies.random(), queue: fakeQueue(workers) })
  assert.deepEqual(asked(journals[0]), asked(journals[1]))
})

test('results that come twice, and those of nobody, are passed over', async () => {
  const whole: JournalEvent[] = []
  await sit(whole)
  const queue = fakeQueue(WORKERS)
  const next = queue.next.bind(queue)
  const again: Awaited<ReturnType<typeof next>>[] = []
  queue.next = async (signal) => {
    if (again.length > 0) return again.shift()!
    const result = await next(signal)
    again.push(result, { id: 1000, worker: 'w', kind: 'failed', reason: 'unknown' })
    return result
  }
  const journal: JournalEvent[] = []
  assert.equal(await sit(journal, { queue }), true)
  assert.deepEqual(course(journal), course(whole))
  assert.equal(journal.length, whole.length)
})

test('workers that come later get children at once, and the search goes on to its end', async () => {
  const queue = fakeQueue(1)
  const next = queue.next.bind(queue)
  queue.next = async (signal) => {
    if (queue.workers > 1 || queue.submitted.length < 4) return next(signal)
    queue.workers = 6
    return null
  }
  const journal: JournalEvent[] = []
  assert.equal(await sit(journal, { queue }), true)
  assert.equal(told(journal).length, CHILDREN)
  const kinds = journal.map(({ kind }) => kind).join(' ')
  assert.match(kinds, /told asked asked asked asked asked asked told/)
})

test('an aborted search gives up the children in flight, and hands them out again when it is resumed', async () => {
  const journal: JournalEvent[] = []
  const stop = new AbortController()
  const onTold = (_: ToldEvent, standing: Standing): void => {
    if (standing.told === 10) stop.abort()
  }
  assert.equal(await sit(journal, { signal: stop.signal, onTold }), false)
  assert.equal(told(journal).length, 10)
  assert.equal(asked(journal).length, 10 + WORKERS - 1)
  assert.equal(journal.at(-1)!.kind, 'overhead')
  assert.equal(await sit(journal), true)
  const whole: JournalEvent[] = []
  await sit(whole)
  assert.deepEqual(course(journal), course(whole))
})

test('a finished search has nothing more to do, unless its budget is raised', async () => {
  const journal: JournalEvent[] = []
  await sit(journal)
  const queue = fakeQueue(WORKERS)
  assert.equal(await sit(journal, { queue }), true)
  assert.deepEqual(queue.submitted, [])
  await sit(journal, { queue, budget: { kind: 'children', amount: CHILDREN + 5 } })
  assert.deepEqual(
    queue.submitted.map(({ id }) => id),
    [0, 1, 2, 3, 4].map((more) => CHILDREN + more),
  )
})

test('a budget of time counts all sessions; children in flight at its end are still told', async () => {
  const hour: Budget = { kind: 'seconds', amount: 3600 }
  const journal: JournalEvent[] = []
  await assert.rejects(sit(journal, { budget: hour, events: 8 }), Killed)
  const before = asked(journal).length
  assert.ok(told(journal).length < before)
  journal.push({ kind: 'overhead', seconds: 3600, strategySeconds: 0, journalSeconds: 0 })
  // What the best were trained longer for is no time of the search.
  journal.push({ kind: 'retrained', id: 0, quality: 0.5, seconds: 9000 })
  const resumed = [...journal]
  assert.equal(await sit(resumed, { budget: hour }), true)
  assert.equal(asked(resumed).length, before)
  assert.equal(told(resumed).length, before)
  for (const { seconds } of told(resumed).slice(told(journal).length))
    assert.ok(seconds >= 3600 && seconds < 3700)

  const none: JournalEvent[] = []
  assert.equal(await sit(none, { budget: { kind: 'seconds', amount: 1e-9 } }), true)
  assert.deepEqual(asked(none), [])
})

test('a journal that was edited, or is of another seed, is refused', async () => {
  const journal: JournalEvent[] = []
  await assert.rejects(sit(journal, { events: 20 }), Killed)
  const first = told(journal)[0]
  const [child] = asked(journal)
  const without = (event: JournalEvent): JournalEvent[] => journal.filter((other) => other !== event)
  const other = child.decisions.map((decision, index) => (index === 4 ? 1 - decision : decision))
  for (const [edited, message] of [
    [
      journal.map((event) => (event === child ? { ...child, decisions: other } : event)),
      /child 0 is not what/,
    ],
    [without(child), /child 1 is not what/],
    [without(first).map((event) => (event === child ? { ...child, id: 1 } : event)), /child 1 is not what/],
    [[...journal, first], new RegExp(`tells of child ${first.result.id}, which .* was told before`)],
    [[first, ...without(first)], new RegExp(`tells of child ${first.result.id}, which was not asked for`)],
  ] as [JournalEvent[], RegExp][]) {
    const before = edited.length
    await assert.rejects(sit(edited), (error: Error) => {
      assert.equal(error.name, 'UserError')
      assert.match(error.message, message)
      return true
    })
    assert.equal(edited.length, before, 'nothing is written')
  }
  const another = regularizedEvolution(smallSpace, 5, { population: 6, sample: 3, identity: 0.1 })
  await assert.rejects(sit(journal, { strategy: another }), /child 0 is not what this strategy and seed/)
})
