import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { dropout, dropPath, eagerContext, keepAtCell } from '../../models/index.js'

const images = 4000

/** One value for each of many examples, after dropping; every example has two equal numbers. */
function dropped(keep: number, progress: number, step = 0) {
  const ctx = eagerContext({ seed: 5, training: true, progress, step })
  const values = dropPath(ctx, tf.ones([images, 1, 2, 1]), keep).dataSync()
  for (let i = 0; i < values.length; i += 2) assert.equal(values[i], values[i + 1])
  return values.filter((_, i) => i % 2 === 0)
}

test('whole examples are dropped, the others scaled, as often as the schedule says', () => {
  for (const [keep, progress, effective] of [
    [0.6, 1, 0.6],
    [0.6, 0.5, 0.8],
    [0.25, 1, 0.25],
  ]) {
    const values = dropped(keep, progress)
    const kept = values.filter((value) => value !== 0)
    for (const value of kept) assert.ok(Math.abs(value - 1 / effective) < 1e-5)
    const deviation = Math.sqrt((effective * (1 - effective)) / images)
    assert.ok(Math.abs(kept.length / images - effective) < 4 * deviation, `${kept.length} of ${images}`)
  }
})

test('nothing is dropped at the start, without a target, or in inference', () => {
  assert.ok(dropped(0.6, 0).every((value) => value === 1))
  const x = tf.ones<tf.Rank.R4>([4, 1, 1, 1])
  assert.equal(dropPath(eagerContext({ seed: 0, training: true, progress: 1 }), x, 1), x)
  assert.equal(dropPath(eagerContext({ seed: 0 }), x, 0.5), x)
})

test('each step draws anew, and a repeated step the same', () => {
  assert.deepEqual(dropped(0.5, 1, 3), dropped(0.5, 1, 3))
  assert.notDeepEqual(dropped(0.5, 1, 3), dropped(0.5, 1, 4))
})

test('the keep probability falls linearly with depth', () => {
  assert.equal(keepAtCell(0.6, 19, 20), 0.6)
  assert.ok(Math.abs(keepAtCell(0.6, 4, 20) - 0.9) < 1e-12)
  assert.equal(keepAtCell(1, 7, 20), 1)
})

test('dropout keeps the mean, and drops single numbers', () => {
  const x = tf.ones<tf.Rank.R2>([100, 50])
  const values = dropout(eagerContext({ seed: 1, training: true }), x, 0.3).dataSync()
  const kept = values.filter((value) => value !== 0).length / values.length
  assert.ok(Math.abs(kept - 0.7) < 0.03)
  assert.ok(values.every((value) => value === 0 || Math.abs(value - 1 / 0.7) < 1e-5))
  assert.equal(dropout(eagerContext({ seed: 1 }), x, 0.3), x)
})
