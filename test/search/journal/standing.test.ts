import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sparkline, watchSearch } from '../../../src/search/journal/standing.js'
import { toldOf } from '../../helpers/search/fake-queue.js'

/** Multiples of 1/64, whose sums are exact. */
const rewards = fc.array(
  fc.integer({ min: 0, max: 64 }).map((part) => part / 64),
  { minLength: 1, maxLength: 120 },
)

test('the figures of a search are those of brute force, at every child', () => {
  fc.assert(
    fc.property(rewards, (rewards) => {
      const watched = watchSearch()
      for (const [id, reward] of rewards.entries()) {
        watched.add(toldOf(id, reward))
        const all = rewards.slice(0, id + 1)
        const last = all.filter((_, index) => index > id - 25)
        assert.equal(watched.told, all.length)
        assert.equal(watched.failed, all.filter((reward) => reward === 0).length)
        // Those that fail have reward 0 and are the best of nothing.
        const best = Math.max(...all)
        assert.equal(watched.best?.result.id, best === 0 ? undefined : all.indexOf(best))
        assert.equal(watched.runningMean, last.reduce((a, b) => a + b, 0) / last.length)
        assert.deepEqual(watched.rewards, all)
      }
    }),
    { numRuns: 30 },
  )
})

test('the line of bars: one for each child, or means of as many as fit', () => {
  assert.equal(sparkline([], 10), '')
  assert.equal(sparkline([0.4], 10), '▁')
  assert.equal(sparkline([0.5, 0.5, 0.5], 10), '▁▁▁')
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), '▁▂▃▄▅▆▇█')
  assert.equal(sparkline([7, 7, 0, 0, 3, 3], 3), '█▁▄')
  fc.assert(
    fc.property(rewards, fc.integer({ min: 1, max: 90 }), (rewards, width) => {
      const bars = [...sparkline(rewards, width)]
      assert.equal(bars.length, Math.min(width, rewards.length))
      for (const bar of bars) assert.ok('▁▂▃▄▅▆▇█'.includes(bar))
      const rising = [...rewards].sort((a, b) => a - b)
      if (rewards.length <= width) {
        const sorted = [...sparkline(rising, width)]
        assert.deepEqual(sorted, [...bars].sort(), 'the same bars, whatever their order')
      }
    }),
  )
})
