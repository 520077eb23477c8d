import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planOf, QUICK_SECONDS, STAGES, USUAL_SECONDS } from '../../src/chain/plan.js'

test('the stages have all the time and no more, and the same number gives the same plan', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 1e5, noNaN: true }), (seconds) => {
      const plan = planOf(seconds)
      const shared = STAGES.reduce((sum, name) => sum + plan[name].seconds, 0)
      assert.ok(Math.abs(shared - seconds) < 1e-6 * seconds, `${shared} of ${seconds} s`)
      assert.deepEqual(planOf(seconds), plan)
    }),
  )
})

test('training leaves time in its stage, and every amount can be used', () => {
  for (const seconds of [0.1, 2, 30, 60, QUICK_SECONDS, USUAL_SECONDS, 86_400]) {
    const { search, classifier, detector } = planOf(seconds)
    for (const [part, whole] of [
      [search.budget, search.seconds],
      [classifier.training, classifier.seconds],
      [detector.training, detector.seconds],
    ])
      assert.ok(part > 0.5 * whole && part < whole, `${part} of ${whole} s`)
    for (const amount of [search.steps, search.validation, classifier.validation, classifier.tested])
      assert.ok(Number.isInteger(amount) && amount > 0)
    for (const amount of [detector.scenes, detector.tested, detector.validation])
      assert.ok(Number.isInteger(amount) && amount > 0)
    assert.ok(detector.validation <= detector.tested && classifier.validation <= 500)
  }
})

test('the usual plan is the whole network, measured on all that is held out', () => {
  const { classifier, detector } = planOf(USUAL_SECONDS)
  assert.deepEqual([classifier.cells, classifier.filters, classifier.imageSize], [2, 32, 64])
  assert.deepEqual([classifier.tested, detector.tested], [1500, 200])
})
