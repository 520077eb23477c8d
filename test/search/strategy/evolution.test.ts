import assert from 'node:assert/strict'
import { test } from 'node:test'
import { random } from '../../../models/index.js'
import { below, randomDecisions } from '../../../src/search/space/genotypes.js'
import {
  checkDecisions,
  type Decisions,
  paperSpace,
  type SearchSpace,
} from '../../../src/search/space/space.js'
import { evolutionFor, paperEvolution, regularizedEvolution } from '../../../src/search/strategy/evolution.js'
import { randomSearch } from '../../../src/search/strategy/random.js'
import type { Strategy } from '../../../src/search/strategy/strategy.js'
import { UserError } from '../../../src/shared/errors.js'

/** 36,864² sequences. */
const small: SearchSpace = {
  ...paperSpace,
  blocks: 2,
  operations: ['identity', 'sep_conv_3x3', 'sep_conv_5x5', 'max_pool_3x3'],
}

const distance = (a: Decisions, b: Decisions) => a.filter((decision, index) => decision !== b[index]).length

/** The best reward after so many children, three of them always on their way. */
async function bestOf(
  strategy: Strategy,
  reward: (d: Decisions) => number,
  children: number,
): Promise<number> {
  const flying: Decisions[] = []
  let best = 0
  for (let child = 0; child < children; child++) {
    flying.push(await strategy.ask())
    if (flying.length < 3) continue
    const landed = flying.splice(child % 3, 1)[0]
    best = Math.max(best, reward(landed))
    await strategy.tell(landed, reward(landed))
  }
  return best
}

test('finds a planted architecture, where five times as many random ones do not come near', async () => {
  for (const seed of [1, 2, 3]) {
    const planted = randomDecisions(small, random(seed, 'planted').uniform)
    const reward = (decisions: Decisions) => 1 - distance(decisions, planted) / planted.length
    assert.equal(await bestOf(regularizedEvolution(small, seed, evolutionFor(800)), reward, 800), 1)
    const best = await bestOf(randomSearch(small, seed), reward, 4000)
    assert.ok(best < 0.9, `random search reached ${best}`)
  }
})

/** A strategy with a population of four whose fittest is always the parent and never stays as it is. */
async function fourOf(rewards: number[]) {
  const strategy = regularizedEvolution(paperSpace, 7, { population: 4, sample: 500, identity: 0 })
  const told: Decisions[] = []
  for (const reward of rewards) {
    const decisions = await strategy.ask()
    await strategy.tell(decisions, reward)
    told.push(decisions)
  }
  return { strategy, told }
}

test('the fittest has children, one mutation away', async () => {
  const { strategy, told } = await fourOf([0.1, 0.9, 0.3, 0.2])
  for (let i = 0; i < 20; i++) assert.equal(distance(await strategy.ask(), told[1]), 1)
})

test('whoever has lived longest dies, however good', async () => {
  const { strategy, told } = await fourOf([0.9, 0.1, 0.3, 0.2])
  const child = await strategy.ask()
  assert.equal(distance(child, told[0]), 1)
  assert.deepEqual(strategy.figures(), { population: 4, best: 0.9, mean: 0.375 })
  await strategy.tell(child, 0.05)
  assert.equal(strategy.figures().best, 0.3)
  for (let i = 0; i < 20; i++) assert.equal(distance(await strategy.ask(), told[2]), 1)
})

test('failed children live and die like others', async () => {
  const { strategy } = await fourOf([0.9, 0, 0, 0])
  await strategy.tell(await strategy.ask(), 0)
  assert.deepEqual(strategy.figures(), { population: 4, best: 0, mean: 0 })
  checkDecisions(paperSpace, await strategy.ask())
})

test('the sample is drawn with replacement', async () => {
  const strategy = regularizedEvolution(paperSpace, 3, { population: 4, sample: 2, identity: 0.9999999 })
  const told: string[] = []
  for (const reward of [0.1, 0.2, 0.3, 0.4]) {
    const decisions = await strategy.ask()
    await strategy.tell(decisions, reward)
    told.push(decisions.join())
  }
  const draws = 3000
  const counts = [0, 0, 0, 0]
  for (let draw = 0; draw < draws; draw++) counts[told.indexOf((await strategy.ask()).join())]++
  // The k-th worst of four is the better of two draws with probability (k² − (k − 1)²) / 16.
  for (const [index, expected] of [1, 3, 5, 7].entries()) {
    const p = expected / 16
    assert.ok(Math.abs(counts[index] - draws * p) < 5 * Math.sqrt(draws * p * (1 - p)), `${counts}`)
  }
})

test('asks before any answer are random; so are the first as many as the population holds', async () => {
  const settings = { population: 3, sample: 50, identity: 0 }
  const strategy = regularizedEvolution(paperSpace, 5, settings)
  const asked: Decisions[] = []
  for (let i = 0; i < 6; i++) asked.push(await strategy.ask())
  await strategy.tell(asked[4], 0.2)
  assert.equal(distance(await strategy.ask(), asked[4]), 1)
  for (const [index, decisions] of asked.entries())
    for (const other of asked.slice(0, index)) assert.ok(distance(decisions, other) > 10)
  const eager = regularizedEvolution(paperSpace, 5, settings)
  for (const decisions of asked.slice(0, 3)) {
    assert.deepEqual(await eager.ask(), decisions)
    await eager.tell(decisions, 0.5)
  }
})

test('repeating the calls of a search repeats its answers', async () => {
  const settings = { population: 5, sample: 2, identity: 0.2 }
  const calls: (['ask', Decisions] | ['tell', Decisions, number])[] = []
  const first = regularizedEvolution(paperSpace, 9, settings)
  const { uniform } = random(9, 'calls')
  const flying: Decisions[] = []
  while (calls.length < 80)
    if (flying.length === 0 || uniform() < 0.5) {
      flying.push(await first.ask())
      calls.push(['ask', [...flying[flying.length - 1]]])
    } else {
      const [told] = flying.splice(below(flying.length, uniform), 1)
      calls.push(['tell', [...told], uniform()])
      await first.tell(told, calls[calls.length - 1][2] as number)
      // What callers do with their decisions afterwards does not matter to the population.
      told.fill(0)
    }
  const second = regularizedEvolution(paperSpace, 9, settings)
  for (const [call, decisions, reward] of calls)
    if (call === 'ask') assert.deepEqual(await second.ask(), decisions)
    else await second.tell(decisions, reward)
  assert.deepEqual(second.figures(), first.figures())
  for (let i = 0; i < 10; i++) assert.deepEqual(await second.ask(), await first.ask())
  const other = regularizedEvolution(paperSpace, 10, settings)
  assert.notDeepEqual(await other.ask(), calls[0][1])
})

test('the population fits the budget and is the paper’s at its size', () => {
  assert.deepEqual(evolutionFor(20_000), paperEvolution)
  assert.deepEqual(evolutionFor(2000), { population: 50, sample: 13, identity: 0.05 })
  assert.deepEqual(evolutionFor(300), { population: 25, sample: 6, identity: 0.05 })
  for (const children of [1, 4, 20]) {
    const { population, sample } = evolutionFor(children)
    assert.ok(population <= Math.max(2, children / 2) && sample >= 2, `${children} children`)
  }
})

for (const [name, change, message] of [
  [
    'an empty population',
    { population: 0 },
    /"evolution.population" is 0, but must be a whole number of 2 or more/,
  ],
  ['half a candidate', { sample: 2.5 }, /"evolution.sample" is 2.5/],
  [
    'nothing but identity',
    { identity: 1 },
    /"evolution.identity" is 1, but must be a number of at least 0 and below 1/,
  ],
] as const)
  test(`refuses ${name}`, () => {
    assert.throws(
      () => regularizedEvolution(paperSpace, 0, { ...paperEvolution, ...change }),
      (error) => error instanceof UserError && message.test(error.message),
    )
  })
