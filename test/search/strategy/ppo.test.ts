/** The strategy's bookkeeping, and that the same calls give the same answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { random } from '../../../models/index.js'
import type { Decisions, SearchSpace } from '../../../src/search/space/space.js'
import { createPpo } from '../../../src/search/strategy/ppo.js'
import { type PpoOptions, smallController } from '../../../src/search/strategy/ppo-options.js'
import type { Strategy } from '../../../src/search/strategy/strategy.js'
import { SPACE } from '../../helpers/search/small-controller.js'

/** A batch of 4, so that few calls make several updates. */
const opened = (seed: number, options: Partial<PpoOptions> = {}) =>
  createPpo(SPACE, seed, { ...smallController, hidden: 8, batch: 4, ...options })

/** All answers to the same calls: asks and tells mixed, some architectures waiting through updates. */
async function replay(seed: number): Promise<{ asked: Decisions[]; figures: object[] }> {
  const strategy = await opened(seed)
  const asked: Decisions[] = []
  const figures: object[] = []
  const { uniform } = random(2, 'replay')
  const out: Decisions[] = []
  for (let i = 0; i < 40; i++) {
    if (out.length === 0 || uniform() < 0.6) {
      asked.push(await strategy.ask())
      out.push(asked[asked.length - 1])
    } else await strategy.tell(out.splice(Math.floor(uniform() * out.length), 1)[0], uniform())
    figures.push(strategy.figures())
  }
  await strategy.close()
  return { asked, figures }
}

test('the same calls give the same answers, bit for bit; another seed gives others', async () => {
  const first = await replay(1)
  assert.deepEqual(await replay(1), first)
  assert.ok((first.figures.at(-1) as { updates: number }).updates >= 3)
  assert.notDeepEqual((await replay(2)).asked, first.asked)
})

test('an ask sees what a tell before it has learned, awaited or not', async () => {
  const strategies = [await opened(1), await opened(1)]
  const [patient, hasty] = strategies
  const asked: Decisions[][] = [[], []]
  for (let i = 0; i < 4; i++) asked[0].push(await patient.ask())
  for (const decisions of asked[0]) await patient.tell(decisions, decisions[2])
  for (let i = 0; i < 4; i++) asked[0].push(await patient.ask())
  asked[1] = await Promise.all(Array.from({ length: 4 }, () => hasty.ask()))
  const telling = asked[1].map((decisions) => hasty.tell(decisions, decisions[2]))
  asked[1].push(...(await Promise.all(Array.from({ length: 4 }, () => hasty.ask()))))
  await Promise.all(telling)
  for (const strategy of strategies) await strategy.close()
  assert.deepEqual(asked[1], asked[0])
})

test('an update changes what the policy proposes next, and nothing before it', async () => {
  const [told, untold] = [await opened(1, { learningRate: 0.05 }), await opened(1, { learningRate: 0.05 })]
  const ask = async (strategy: Strategy, count: number) => {
    const all: Decisions[] = []
    for (let i = 0; i < count; i++) all.push(await strategy.ask())
    return all
  }
  const first = await ask(told, 6)
  assert.deepEqual(first, await ask(untold, 6))
  for (const decisions of first.slice(0, 3)) await told.tell(decisions, decisions[2])
  assert.deepEqual(await ask(told, 1), await ask(untold, 1))
  await told.tell(first[3], first[3][2])
  assert.notDeepEqual(await ask(told, 10), await ask(untold, 10))
  await told.close()
  await untold.close()
})

test('the baseline is the exponential moving average of all rewards so far', async () => {
  const strategy = await opened(1, { baselineDecay: 0.8 })
  assert.equal(strategy.figures().baseline, 0)
  const rewards = [0.3, 0.9, 0, 0.4, 0.7, 0.1]
  for (const [k, reward] of rewards.entries()) {
    await strategy.tell(await strategy.ask(), reward)
    const weights = rewards.slice(0, k + 1).map((_, i) => 0.8 ** (k - i))
    const sum = weights.reduce((total, weight, i) => total + weight * rewards[i], 0)
    const expected = sum / weights.reduce((a, b) => a + b)
    assert.ok(Math.abs(strategy.figures().baseline - expected) < 1e-12, `after ${k + 1} rewards`)
  }
  assert.equal(strategy.figures().updates, 1)
  await strategy.close()
})

test('equal rewards teach nothing, however the policy then stands', async () => {
  // Without an entropy weight only advantages move the policy, and these are 0.
  const [told, untold] = [await opened(1, { entropyWeight: 0 }), await opened(1, { entropyWeight: 0 })]
  for (let i = 0; i < 12; i++) {
    const decisions = await told.ask()
    assert.deepEqual(decisions, await untold.ask())
    await told.tell(decisions, 0.5)
  }
  assert.equal(told.figures().updates, 3)
  await told.close()
  await untold.close()
})

test('a reward that is not finite, and an architecture that awaits none, are refused and change nothing', async () => {
  const strategy = await opened(1)
  const decisions = await strategy.ask()
  const before = strategy.figures()
  for (const reward of [Number.NaN, Number.POSITIVE_INFINITY])
    await assert.rejects(strategy.tell(decisions, reward), /reward of architecture .* is (NaN|Infinity)/)
  const other = decisions.map((option, i) => (i === 0 ? 1 - option : option))
  await assert.rejects(strategy.tell(other, 0.5), /awaits no reward/)
  assert.deepEqual(strategy.figures(), before)
  await strategy.tell(decisions, 0)
  await assert.rejects(strategy.tell(decisions, 0.5), /awaits no reward/)
  await strategy.close()
})

test('an architecture that was proposed twice is answered twice', async () => {
  const single: SearchSpace = {
    cells: ['normal'],
    blocks: 1,
    operations: ['identity'],
    combinations: ['add'],
  }
  const strategy = await createPpo(single, 1, { hidden: 4, batch: 8 })
  const asked: Decisions[] = []
  for (let i = 0; i < 8; i++) asked.push(await strategy.ask())
  assert.ok(new Set(asked.map(String)).size <= 4)
  for (const decisions of asked) await strategy.tell(decisions, decisions[0])
  assert.equal(strategy.figures().updates, 1)
  await strategy.close()
})

test('options that cannot be are named', async () => {
  for (const [options, name] of [
    [{ hidden: 0 }, /hidden/],
    [{ learningRate: Number.NaN }, /learningRate/],
    [{ clip: 1 }, /clip/],
    [{ baselineDecay: 1 }, /baselineDecay/],
    [{ batch: 2.5 }, /batch/],
  ] as const)
    await assert.rejects(createPpo(SPACE, 1, options), name)
})

test('closing gives its threads free: the next strategy needs no further ones', async () => {
  const first = await opened(1)
  await first.tell(await first.ask(), 0.5)
  await first.close()
  const workers: Worker[] = []
  const collect = (worker: Worker) => workers.push(worker)
  process.on('worker', collect)
  const second = await opened(1)
  process.off('worker', collect)
  assert.equal(workers.length, 0)
  await second.close()
})
