import assert from 'node:assert/strict'
import { test } from 'node:test'
import { companyOf, trainEvaluator } from '../../../src/search/evaluate/train.js'
import { smallRecipe } from '../../helpers/search/evaluate/small-recipe.js'

/** What is said of accuracies that come by one after the other at step 5. */
function verdicts(quantile: number, accuracies: number[]): boolean[] {
  const { isHopeless } = companyOf(quantile)
  return accuracies.map((top1) => isHopeless({ step: 5, top1 }))
}

const ten = [0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 1, 0.4, 0.8, 0.6]

test('nobody is hopeless before ten others have come by', () => {
  assert.ok(verdicts(0.99, [...ten.slice(0, 9), 0]).every((hopeless) => !hopeless))
  assert.equal(verdicts(0.99, [...ten, 0]).at(-1), true)
})

test('below the quantile of those before is hopeless, at it and above is not', () => {
  // The 0.25 quantile of 0.1, 0.2, …, 1 is 0.3.
  for (const [accuracy, hopeless] of [
    [0, true],
    [0.1, true],
    [0.29, true],
    [0.3, false],
    [0.31, false],
    [1, false],
  ] as const)
    assert.equal(verdicts(0.25, [...ten, accuracy]).at(-1), hopeless, `${accuracy}`)
})

test('who does as all others do is not hopeless, and with a quantile of 0 nobody is', () => {
  assert.equal(verdicts(0.5, new Array(11).fill(0.1)).at(-1), false)
  assert.equal(verdicts(0, [...ten, 0]).at(-1), false)
})

test('children are compared at the same step alone, the hopeless ones among them', () => {
  const { isHopeless } = companyOf(0.5)
  for (const top1 of ten) isHopeless({ step: 5, top1 })
  assert.equal(isHopeless({ step: 6, top1: 0 }), false)
  assert.equal(isHopeless({ step: 5, top1: 0.45 }), true)
  // Five of eleven are not above 0.45 now, and 5 / 11 is below a half still; after 0.46 it is six of twelve.
  assert.equal(isHopeless({ step: 5, top1: 0.46 }), true)
  assert.equal(isHopeless({ step: 5, top1: 0.47 }), false)
})

test('the evaluator trains each child on its own: the same child comes out the same', async (t) => {
  const { recipe } = await smallRecipe(t)
  const evaluator = await trainEvaluator({ ...recipe, kind: 'train', hopelessBelow: 0.25 }, { threads: 1 })
  const decisions = [0, 1, 1, 0, 0, 1, 0, 0, 2, 0]
  const qualities: number[] = []
  for (const id of [0, 1]) {
    const result = await evaluator.evaluate({ id, decisions }, new AbortController().signal)
    assert.equal(result.id, id)
    assert.equal(result.kind, 'measured', JSON.stringify(result))
    if (result.kind === 'measured') qualities.push(result.measured.quality)
  }
  assert.equal(qualities[0], qualities[1])
  await evaluator.close()
})
