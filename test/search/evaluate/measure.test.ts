import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { DatasetError } from '../../../datasets/index.js'
import type { ChildResult } from '../../../src/search/evaluate/child.js'
import { type MeasureOptions, measureChild } from '../../../src/search/evaluate/measure.js'
import { childConfig, loadChildData } from '../../../src/search/evaluate/recipe.js'
import type { ChildRecipe } from '../../../src/search/evaluate/settings.js'
import { UserError } from '../../../src/shared/errors.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { describeNetwork } from '../../../src/train/classification/describe.js'
import { networkConfig } from '../../../src/train/classification/network.js'
import type { EvaluationRow } from '../../../src/train/tasks.js'
import { smallRecipe, smallSpace } from '../../helpers/search/evaluate/small-recipe.js'

const child = { id: 7, decisions: [0, 1, 1, 0, 0, 1, 0, 0, 2, 0] }

type Changes = Partial<Omit<MeasureOptions, 'config'>> & {
  run?: Partial<RunConfig>
  recipe?: Partial<ChildRecipe>
}

async function measure(t: TestContext, { run, recipe: changes, ...options }: Changes = {}) {
  const { recipe } = await smallRecipe(t)
  const settings = { ...recipe, ...changes, run: { ...recipe.run, ...run } }
  const data = await loadChildData(settings, {})
  const config = childConfig(smallSpace, data.run, child.decisions)
  const { signal } = new AbortController()
  const result = await measureChild(child, settings, data, { threads: 1 }, { config, signal, ...options })
  return { result, config, data }
}

function measured(result: ChildResult) {
  assert.equal(result.kind, 'measured', JSON.stringify(result))
  return (result as ChildResult & { kind: 'measured' }).measured
}

function reason(result: ChildResult): string {
  assert.equal(result.kind, 'failed', JSON.stringify(result))
  return (result as ChildResult & { kind: 'failed' }).reason
}

test('a child comes back with its figures, which are those of the network that was trained', async (t) => {
  const rows: EvaluationRow[] = []
  const { result, config } = await measure(t, { onEvaluation: (row) => rows.push(row) })
  const { quality, seconds, ...figures } = measured(result)
  assert.deepEqual([result.id, result.worker], [7, `${process.pid}`])
  assert.deepEqual(
    rows.map(({ step, images }) => [step, images]),
    [
      [3, 16],
      [6, 16],
      [9, 16],
    ],
  )
  assert.equal(quality, rows[2].top1)
  const described = describeNetwork(networkConfig(config, 2), 8)
  assert.deepEqual(figures, {
    parameters: described.parameters.trainable,
    multiplyAdds: described.multiplyAdds,
  })
  assert.ok(seconds.compile > 0 && seconds.train > 0 && seconds.measure > 0, JSON.stringify(seconds))
})

test('red and green are told apart, and the time of one image is measured when asked for', async (t) => {
  const { result } = await measure(t, {
    run: { length: { kind: 'epochs', amount: 8 } },
    recipe: { latency: true },
  })
  const { quality, latencyMillis } = measured(result)
  assert.ok(quality > 0.7, `accuracy ${quality}`)
  assert.ok(latencyMillis !== undefined && latencyMillis > 0)
})

test('a child that diverges is a failed result with a plain reason', async (t) => {
  const learningRate = { kind: 'constant', peak: 1e30, warmup: 0 } as const
  const { result } = await measure(t, { run: { learningRate, clipNorm: null } })
  assert.match(
    reason(result),
    /^The (loss|gradient's norm) became \S+ at step 2, at a learning rate of 1e\+30$/,
  )
})

test('a child whose weights leave all bounds in its only step is a failed result, not a perfect one', async (t) => {
  const learningRate = { kind: 'constant', peak: 1e30, warmup: 0 } as const
  const { result } = await measure(t, { run: { learningRate, length: { kind: 'steps', amount: 1 } } })
  assert.match(reason(result), /^At a learning rate of 1e\+30, a weight is \d\.\d\de\+\d\d after step 1$/)
})

test('a child that makes no network is a failed result', async (t) => {
  const { result } = await measure(t, {
    run: { auxiliaryWeight: 0.4 },
    // Before the second reduction there is 4 × 4 left.
    recipe: { imageSize: 8 },
  })
  assert.match(reason(result), /auxiliary head needs at least 5×5 features/)
})

test('an aborted signal throws, before and while training', async (t) => {
  await assert.rejects(measure(t, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  const stop = new AbortController()
  const onEvaluation = () => stop.abort()
  await assert.rejects(measure(t, { signal: stop.signal, onEvaluation }), { name: 'AbortError' })
})

test('what is wrong with the data is thrown, since it is wrong for every child', async (t) => {
  await assert.rejects(measure(t, { run: { batchSize: 64 } }), (error) => {
    assert.ok(error instanceof UserError)
    assert.match(error.message, /24 images, fewer than one batch of 64/)
    return true
  })
  const { recipe } = await smallRecipe(t)
  const { data } = recipe.run
  const load = (changes: Partial<typeof data>) =>
    loadChildData({ ...recipe, run: { ...recipe.run, data: { ...data, ...changes } } }, {})
  await assert.rejects(load({ name: '/no/such/folder' }), DatasetError)
  await assert.rejects(load({ validation: 0 }), /internal: "data.validation" is 0/)
})

test('a child that is given up counts with what it has reached', async (t) => {
  const rows: EvaluationRow[] = []
  const stop = new AbortController()
  const { result } = await measure(t, {
    stopEarly: stop.signal,
    onEvaluation(row) {
      rows.push(row)
      if (rows.length === 2) stop.abort()
    },
  })
  const { quality, stoppedEarly } = measured(result)
  assert.deepEqual([rows.length, quality, stoppedEarly], [2, rows[1].top1, true])
})

test('a child that is given up at its end was not stopped early', async (t) => {
  const stop = new AbortController()
  const { result } = await measure(t, {
    stopEarly: stop.signal,
    onEvaluation: ({ step }) => step === 9 && stop.abort(),
  })
  assert.equal(measured(result).stoppedEarly, undefined)
})

test('a child may begin with other weights than its own', async (t) => {
  const seen: string[] = []
  const run: Partial<RunConfig> = {
    length: { kind: 'steps', amount: 1 },
    learningRate: { kind: 'constant', peak: 1e-9, warmup: 0 },
  }
  const rows: EvaluationRow[] = []
  await measure(t, {
    run,
    begin(layout, state) {
      seen.push(...layout.map(({ path }) => path))
      return { ...state, parameters: state.parameters.fill(0) }
    },
    onEvaluation: (row) => rows.push(row),
  })
  assert.ok(seen.includes('head/kernel'))
  // Without weights, both classes are equally likely.
  assert.ok(Math.abs(rows[0].loss - Math.log(2)) < 1e-5, `loss ${rows[0].loss}`)
})
