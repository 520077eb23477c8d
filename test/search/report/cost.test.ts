import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEvent, SessionEvent, ToldEvent, Workforce } from '../../../src/search/journal/journal.js'
import { timeAndCost } from '../../../src/search/report/cost.js'

const session = (seconds: number, workforce?: Workforce): SessionEvent => ({
  kind: 'session',
  seconds,
  at: '2026-01-05T09:00:00.000Z',
  workforce,
})

function told(id: number, at: number, compile: number, train: number, measure: number): ToldEvent {
  const seconds = { compile, train, measure }
  const measured = { quality: 0.5, parameters: 1, multiplyAdds: 1e6, seconds }
  const result = { id, worker: 'w', kind: 'measured', measured } as const
  return { kind: 'told', result, seconds: at, reward: 0.5, figures: {} }
}

/** Two processes of one thread for 100 s, then four of two threads for 50 s: 400 s of workers. */
const events: JournalEvent[] = [
  { kind: 'warmed', rounds: 3, seconds: 60, threads: 4 },
  { kind: 'warmed', rounds: 5, seconds: 30, threads: 4 },
  session(0, { processes: 2, threads: 1 }),
  told(0, 90, 5, 60, 10),
  { kind: 'overhead', seconds: 100, strategySeconds: 3, journalSeconds: 1 },
  session(100, { processes: 4, threads: 2 }),
  told(1, 120, 2, 100, 20),
  {
    kind: 'told',
    result: { id: 2, worker: 'w', kind: 'failed', reason: 'NaN' },
    seconds: 130,
    reward: 0,
    figures: {},
  },
  told(2, 145, 3, 70, 10),
  { kind: 'overhead', seconds: 150, strategySeconds: 4, journalSeconds: 2 },
  { kind: 'retrained', id: 1, quality: 0.9, seconds: 1000 },
]

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12 * Math.abs(b), `${a} and ${b}`)

test('the time of the workers is told to the last second, and overhead is all that trains and measures nothing', () => {
  const { time, cost } = timeAndCost(events)
  const known = { compile: 10, train: 230, measure: 40, strategy: 7, journal: 3 }
  assert.deepEqual(time, { ...known, waiting: 400 - 290 })
  near(cost.overhead, 1 - 270 / 400)
  near(cost.coreHours, (75 * 1 + 122 * 2 + 83 * 2) / 3600)
  near(cost.warmUpCoreHours, (90 * 4) / 3600)
  assert.deepEqual([cost.processes, cost.threads, cost.multiplyAdds], [4, 2, 3e6])
})

test('where the journal does not tell who evaluated, waiting is not known and a thread is one', () => {
  const old = events.map((event) => (event.kind === 'session' ? session(event.seconds) : event))
  const { time, cost } = timeAndCost(old)
  assert.equal(time.waiting, null)
  near(cost.overhead, 20 / 290)
  near(cost.coreHours, 280 / 3600)
  assert.deepEqual([cost.processes, cost.threads], [null, null])
  // A session in which nothing happened says nothing.
  assert.equal(timeAndCost([session(0), ...events]).time.waiting, 110)
})
