import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { orderedPlaces } from '../../src/shared/ordered-places.js'

const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true })

test('places keep their gaps, and no others that do are nearer to the desired ones', () => {
  const items = fc.array(fc.tuple(finite(-100, 100), finite(0, 30), finite(0.1, 5)), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(items, fc.array(finite(-10, 10), { minLength: 8, maxLength: 8 }), (items, moves) => {
      const [desired, gaps, weights] = [0, 1, 2].map((part) => items.map((item) => item[part]))
      const far = (places: number[]) =>
        places.reduce((sum, place, i) => sum + weights[i] * (place - desired[i]) ** 2, 0)
      const apart = (places: number[]) =>
        places.every((place, i) => i === 0 || place - places[i - 1] >= gaps[i - 1] - 1e-9)
      const found = orderedPlaces(desired, gaps, weights)
      assert.ok(apart(found))
      // The problem is convex: a better choice anywhere means a better one nearby.
      for (const scale of [1, 0.1, 0.001]) {
        const other = found.map((place, i) => place + scale * moves[i])
        if (apart(other)) assert.ok(far(other) >= far(found) - 1e-6)
      }
      for (const from of found.keys())
        for (const to of found.keys())
          for (const move of [-0.01, 0.01]) {
            const other = found.map((place, i) => (i >= from && i <= to ? place + move : place))
            if (apart(other)) assert.ok(far(other) >= far(found) - 1e-6)
          }
    }),
  )
  assert.deepEqual(orderedPlaces([0, 0, 0], [9, 18]), [-12, -3, 15])
})
