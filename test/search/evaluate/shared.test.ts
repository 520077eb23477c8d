import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DatasetError } from '../../../datasets/index.js'
import type { Child } from '../../../src/search/evaluate/child.js'
import type { SharedSettings } from '../../../src/search/evaluate/settings.js'
import { sharedEvaluator, warmUpShared } from '../../../src/search/evaluate/shared.js'
import { loadShared, trainedForOf } from '../../../src/search/evaluate/shared-weights-file.js'
import { UserError } from '../../../src/shared/errors.js'
import { smallRecipe } from '../../helpers/search/evaluate/small-recipe.js'

const machine = { threads: 1 }
const signal = new AbortController().signal

/** Settings that differ in where the weights lie. */
async function settings(t: TestContext, warmUp: Partial<SharedSettings['warmUp']> = {}) {
  const { recipe, folder } = await smallRecipe(t)
  return (name: string): SharedSettings => ({
    ...recipe,
    run: { ...recipe.run, length: { kind: 'steps', amount: 1 } },
    kind: 'shared',
    weights: join(folder, name),
    warmUp: { rounds: 2, sideBySide: 2, rate: 0.5, ...warmUp },
  })
}

test('weights are warmed up, stopped and resumed to the same bits; then a reward is the architecture’s alone', async (t) => {
  const at = await settings(t)
  const unbroken = at('unbroken')
  const rounds: number[] = []
  const onRound = (done: number, loss: number) => {
    rounds.push(done)
    assert.ok(loss > 0 && Number.isFinite(loss), `loss ${loss}`)
  }
  const saved: number[] = []
  const onSaved = async (done: number) => {
    assert.equal((await loadShared(unbroken.weights)).rounds, done)
    saved.push(done)
  }
  assert.equal(await warmUpShared(unbroken, machine, { onRound, onSaved, saveEvery: 0 }), true)
  assert.deepEqual(rounds, [1, 2])
  assert.deepEqual(saved, [1, 2])
  const whole = await loadShared(unbroken.weights)
  assert.equal(whole.rounds, 2)
  assert.ok(whole.weights.size > 20)

  const broken = at('broken')
  const stop = new AbortController()
  const stopAfterOne = { signal: stop.signal, onRound: () => stop.abort() }
  assert.equal(await warmUpShared(broken, machine, stopAfterOne), false)
  const half = await loadShared(broken.weights)
  assert.equal(half.rounds, 1)
  rounds.length = 0
  assert.equal(await warmUpShared(broken, machine, { onRound }), true)
  assert.deepEqual(rounds, [2])
  const resumed = await loadShared(broken.weights)
  assert.deepEqual([...resumed.weights.keys()].sort(), [...whole.weights.keys()].sort())
  for (const [key, numbers] of whole.weights) assert.deepEqual(resumed.weights.get(key), numbers, key)
  assert.notDeepEqual(half.weights, whole.weights)
  // What is done is not done again, and the images are not needed to see that.
  const noImages = { ...machine, dataFolder: '/no/such/folder' }
  assert.equal(await warmUpShared(broken, noImages, { onRound: () => assert.fail() }), true)

  const decisions = [0, 1, 1, 0, 0, 1, 0, 0, 2, 0]
  const others = [1, 1, 0, 0, 0, 0, 0, 1, 1, 0]
  const children: Child[] = [decisions, others, decisions].map((decisions, id) => ({ id, decisions }))
  const evaluator = await sharedEvaluator(broken, machine)
  const figures: unknown[] = []
  for (const child of children) {
    const result = await evaluator.evaluate(child, signal)
    assert.equal(result.kind, 'measured', JSON.stringify(result))
    if (result.kind === 'measured') figures.push({ ...result.measured, seconds: null })
  }
  await evaluator.close()
  assert.deepEqual(figures[0], figures[2])
  assert.notDeepEqual(figures[0], figures[1])
  // Nothing that a child learns comes back.
  assert.deepEqual(await loadShared(broken.weights), resumed)
})

test('a child begins with the shared weights: at the end of a warm-up it is better than by chance', async (t) => {
  const at = (await settings(t, { rounds: 3, sideBySide: 1, rate: 1 }))('weights')
  at.space = { ...at.space, operations: ['conv_3x3'] }
  await warmUpShared({ ...at, run: { ...at.run, length: { kind: 'steps', amount: 24 } } }, machine)
  const learningRate = { kind: 'constant', peak: 1e-9, warmup: 0 } as const
  const evaluator = await sharedEvaluator({ ...at, run: { ...at.run, learningRate } }, machine)
  const result = await evaluator.evaluate({ id: 0, decisions: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0] }, signal)
  assert.ok(result.kind === 'measured' && result.measured.quality > 0.7, JSON.stringify(result))
})

test('children that diverge leave nothing behind, and the warm-up goes on', async (t) => {
  const at = (await settings(t))('weights')
  at.run = {
    ...at.run,
    length: { kind: 'steps', amount: 3 },
    learningRate: { kind: 'constant', peak: 1e30, warmup: 0 },
  }
  const losses: number[] = []
  assert.equal(await warmUpShared(at, machine, { onRound: (_, loss) => losses.push(loss) }), true)
  assert.deepEqual(losses, [Number.NaN, Number.NaN])
  assert.equal((await loadShared(at.weights)).weights.size, 0)
})

test('a warm-up that is stopped before it began leaves a file to go on from; bad input is named', async (t) => {
  const at = (await settings(t))('weights')
  await assert.rejects(sharedEvaluator(at, machine), (error: Error) => {
    assert.ok(error instanceof UserError && error.message.includes(at.weights), error.message)
    return true
  })
  assert.equal(existsSync(at.weights), false)
  assert.equal(await warmUpShared(at, machine, { signal: AbortSignal.abort() }), false)
  assert.deepEqual(await loadShared(at.weights), {
    weights: new Map(),
    rounds: 0,
    trainedFor: trainedForOf(at),
  })
  await assert.rejects(sharedEvaluator(at, machine), {
    name: 'UserError',
    message: /have been trained for 0 of 2 rounds; go on with the search that trains them/,
  })
  const data = { ...at.run.data, name: '/no/such/folder' }
  const elsewhere = { ...at, weights: `${at.weights}-2`, run: { ...at.run, data } }
  await assert.rejects(warmUpShared(elsewhere, machine), DatasetError)
})
