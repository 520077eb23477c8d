/** When quick looks are due. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckClock } from '../../../src/train/run/check-clock.js'

test('looks come every few minutes, after an evaluation too', () => {
  const clock = new CheckClock(3, 1000)
  assert.deepEqual(
    [1000, 1179, 1180].map((now) => clock.isDue(now, 2)),
    [false, false, true],
  )
  clock.looked(1180, 1184)
  assert.deepEqual([clock.isDue(1363, 2), clock.isDue(1364, 2)], [false, true])
  clock.evaluated(1360)
  assert.deepEqual([clock.isDue(1364, 2), clock.isDue(1540, 2)], [false, true])
})

test('looks take a twentieth of the time at most: by the estimate first, then by the last one', () => {
  const clock = new CheckClock(1, 0)
  assert.deepEqual([clock.isDue(100, 30), clock.isDue(599, 30), clock.isDue(600, 30)], [false, false, true])
  clock.looked(600, 610)
  assert.deepEqual([clock.isDue(809, 30), clock.isDue(810, 30)], [false, true])
})

test('without minutes there is never one', () => {
  assert.equal(new CheckClock(null, 0).isDue(1e9, 0), false)
})
