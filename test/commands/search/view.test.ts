import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchView, summaryLine } from '../../../src/commands/search/view.js'
import { watchSearch } from '../../../src/search/journal/standing.js'
import { toldOf } from '../../helpers/search/fake-queue.js'

test('the line that tells how a search stands', () => {
  const watched = watchSearch()
  for (let id = 0; id < 120; id++) watched.add(toldOf(id, id === 97 ? 0.512 : id === 5 ? 0 : 0.25))
  const standing = { asked: 122, told: 120, inFlight: 2, seconds: 1000 }
  const children = { kind: 'children', amount: 200 } as const
  // 100 children in the 500 s of this session: 720 an hour, so 80 more take 400 s.
  assert.equal(
    summaryLine(watched, standing, children, { told: 20, seconds: 500 }),
    '120/200 children · best 0.512 (child 97) · last 25: 0.260 · 1 failed · 720 children/h · 7 min left',
  )
  const hour = { kind: 'seconds', amount: 1060 } as const
  assert.match(
    summaryLine(watched, standing, hour, { told: 0, seconds: 0 }),
    /^120 children · .* · 432 children\/h · 60 s left$/,
  )
  assert.match(
    summaryLine(watched, { ...standing, seconds: 2000 }, hour, { told: 0, seconds: 0 }),
    / 0 s left$/,
  )
  assert.match(
    summaryLine(watchSearch(), { ...standing, told: 0 }, children, { told: 0, seconds: 0 }),
    /^0\/200 children · last 0: 0\.000 · 0 children\/h · unknown time left$/,
  )
})

test('what came too soon after the last renewal is shown at the end', () => {
  const written: string[] = []
  let now = 0
  const stream = { write: (text: string) => written.push(text) > 0 } as never
  const children = { kind: 'children', amount: 3 } as const
  const view = searchView(stream, children, { told: 0, seconds: 0 }, () => now)
  const watched = watchSearch()
  for (let id = 0; id < 3; id++) {
    now += 1000
    watched.add(toldOf(id, 0.5))
    view.show(watched, { asked: 3, told: id + 1, inFlight: 2 - id, seconds: now / 1000 }, () => ({}))
  }
  assert.deepEqual(
    written.map((line) => line.slice(0, 12)),
    ['1/3 children'],
  )
  view.end()
  view.end()
  assert.deepEqual(
    written.map((line) => line.slice(0, 12)),
    ['1/3 children', '3/3 children'],
  )
})
