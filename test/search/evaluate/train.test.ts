import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trainEvaluator } from '../../../src/search/evaluate/train.js'
import { smallRecipe } from '../../helpers/search/evaluate/small-recipe.js'

test('the evaluator trains each child on its own: the same child comes out the same', async (t) => {
  const { recipe } = await smallRecipe(t)
  const evaluator = await trainEvaluator({ ...recipe, kind: 'train', stopBelow: 0.25 }, { threads: 1 })
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
