import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bandOf, bestSoFar, runningMean, sharesOverTime, topMean } from '../../../src/search/report/curves.js'

const rewards = fc.array(
  fc.tuple(fc.option(fc.double({ min: 0, max: 1, noNaN: true })), fc.constantFrom(...'abcdefgh')),
  {
    minLength: 1,
    maxLength: 40,
  },
)
const near = (a: number | null, b: number | null): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) < 1e-12
const meanOf = (values: number[]) => values.reduce((a, b) => a + b) / values.length

test('running mean, best and mean of the best: as worked out anew for every child', () => {
  fc.assert(
    fc.property(rewards, fc.integer({ min: 1, max: 6 }), (rewards, count) => {
      const values = rewards.map(([value]) => value)
      const running = runningMean(values, count)
      const best = bestSoFar(values.map((value) => value ?? 0))
      const top = topMean(
        values,
        rewards.map(([, key]) => key),
        count,
      )
      for (const i of values.keys()) {
        const until = values.slice(0, i + 1).filter((value) => value !== null)
        assert.ok(near(running[i], until.length === 0 ? null : meanOf(until.slice(-count))))
        assert.equal(best[i], Math.max(0, ...until))
        const ofKey = new Map<string, number>()
        for (const [value, key] of rewards.slice(0, i + 1))
          if (value !== null) ofKey.set(key, Math.max(value, ofKey.get(key) ?? 0))
        const sorted = [...ofKey.values()].sort((a, b) => b - a)
        assert.ok(near(top[i], sorted.length < count ? null : meanOf(sorted.slice(0, count))))
      }
    }),
  )
})

test('bands: mean, lowest and highest, as far as the shortest curve goes and where all have values', () => {
  const { mean, low, high } = bandOf([
    [null, 1, 4],
    [2, 3, 6, 8],
    [1, 8, 2],
  ])
  assert.deepEqual(mean, [null, 4, 4])
  assert.deepEqual(low, [null, 1, 2])
  assert.deepEqual(high, [null, 8, 6])
})

test('shares over time sum to 1 and count every choice in its part', () => {
  const options = ['x', 'y', 'z'] as const
  const list = fc.array(fc.tuple(fc.constantFrom(...options), fc.constantFrom(...options)), {
    minLength: 1,
    maxLength: 50,
  })
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 12 }), (drawn, parts) => {
      const found = sharesOverTime(drawn, options, parts)
      assert.equal(found.length, Math.min(parts, drawn.length))
      for (const shares of found) assert.ok(near(shares.x! + shares.y! + shares.z!, 1))
      if (drawn.length % found.length !== 0) return
      const size = drawn.length / found.length
      for (const [part, shares] of found.entries())
        for (const option of options) {
          const inPart = drawn.filter((_, i) => Math.floor(i / size) === part).flat()
          assert.ok(near(shares[option]!, inPart.filter((taken) => taken === option).length / inPart.length))
        }
    }),
  )
})
