import assert from 'node:assert/strict'
import { test } from 'node:test'
import { medianStopper } from '../../../src/search/evaluate/median-stopping.js'

/** Whether children stop that reach these accuracies, one after the other, at step 5. */
function stops(quantile: number, accuracies: number[]): boolean[] {
  const { shouldStop } = medianStopper(quantile)
  return accuracies.map((top1) => shouldStop({ step: 5, top1 }))
}

const ten = [0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 1, 0.4, 0.8, 0.6]

test('no child stops before ten others were evaluated', () => {
  assert.ok(stops(0.99, [...ten.slice(0, 9), 0]).every((stopped) => !stopped))
  assert.equal(stops(0.99, [...ten, 0]).at(-1), true)
})

test('a child below the quantile of those before it stops, one at it or above does not', () => {
  // The 0.25 quantile of 0.1, 0.2, …, 1 is 0.3.
  for (const [accuracy, expected] of [
    [0, true],
    [0.1, true],
    [0.29, true],
    [0.3, false],
    [0.31, false],
    [1, false],
  ] as const)
    assert.equal(stops(0.25, [...ten, accuracy]).at(-1), expected, `${accuracy}`)
})

test('a child that does as all others do goes on, and with a quantile of 0 all do', () => {
  assert.equal(stops(0.5, new Array(11).fill(0.1)).at(-1), false)
  assert.equal(stops(0, [...ten, 0]).at(-1), false)
})

test('children are compared at the same step alone, also with those that were stopped', () => {
  const { shouldStop } = medianStopper(0.5)
  for (const top1 of ten) shouldStop({ step: 5, top1 })
  assert.equal(shouldStop({ step: 6, top1: 0 }), false)
  assert.equal(shouldStop({ step: 5, top1: 0.45 }), true)
  // Five of eleven are not above 0.45 now, and 5 / 11 is below a half still; after 0.46 it is six of twelve.
  assert.equal(shouldStop({ step: 5, top1: 0.46 }), true)
  assert.equal(shouldStop({ step: 5, top1: 0.47 }), false)
})
