/** The strategy on rewards whose best architecture is known, against random search. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPERATION_NAMES, random } from '../../../models/index.js'
import type { Decisions, SearchSpace } from '../../../src/search/space/space.js'
import { decisionSizes } from '../../../src/search/space/space.js'
import { createPpo } from '../../../src/search/strategy/ppo.js'
import {
  type PpoOptions,
  paperController,
  smallController,
} from '../../../src/search/strategy/ppo-options.js'
import type { Strategy } from '../../../src/search/strategy/strategy.js'

/** Three blocks of a Normal cell with seven operations: half a billion architectures. */
const TOY: SearchSpace = {
  cells: ['normal'],
  blocks: 3,
  operations: [
    'identity',
    'sep_conv_3x3',
    'sep_conv_5x5',
    'sep_conv_7x7',
    'avg_pool_3x3',
    'max_pool_3x3',
    'conv_1x1',
  ],
  combinations: ['add', 'concat'],
}
const TOY_OPTIONS: PpoOptions = { ...paperController, hidden: 32, learningRate: 0.007 }

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

function drawn(space: SearchSpace, seed: number, ...keys: (string | number)[]): Decisions {
  const { uniform } = random(seed, ...keys)
  return decisionSizes(space).map(({ size: options }) => Math.floor(uniform() * options))
}

type Reward = (decisions: Decisions) => number

/** The share of decisions that equal the planted ones. */
const shareOf =
  (planted: Decisions): Reward =>
  (decisions) =>
    mean(decisions.map((option, i) => Number(option === planted[i])))

/** A block pays when both of its operations fit, a little when one does; states and combinations count for nothing. */
const pairsOf =
  (planted: Decisions): Reward =>
  (decisions) => {
    const blocks = [0, 5, 10].map((at) => {
      const fits = [2, 3].filter((i) => decisions[at + i] === planted[at + i]).length
      return [0, 0.2, 1][fits]
    })
    return mean(blocks)
  }

/** `total` rewards in the order of the answers, `flight` architectures always out, answered out of order. */
async function search(strategy: Strategy, reward: Reward, total: number, flight = 1) {
  const out: Decisions[] = []
  const tried: { decisions: Decisions; reward: number }[] = []
  const { uniform } = random(1, 'flight')
  while (tried.length < total) {
    while (out.length < flight) out.push(await strategy.ask())
    const [decisions] = out.splice(Math.floor(uniform() * out.length), 1)
    tried.push({ decisions, reward: reward(decisions) })
    await strategy.tell(decisions, reward(decisions))
  }
  return tried
}

for (const [what, rewardOf, flight] of [
  ['a reward of single decisions', shareOf, 1],
  ['a reward of pairs of operations', pairsOf, 1],
  ['a reward of single decisions, told late and out of order', shareOf, 12],
] as const)
  test(`finds and keeps to the planted architecture: ${what}`, async () => {
    for (const seed of [1, 2, 3]) {
      const reward = rewardOf(drawn(TOY, seed, 'planted'))
      const strategy = await createPpo(TOY, seed, TOY_OPTIONS)
      const { entropy: before } = strategy.figures()
      const tried = await search(strategy, reward, 400, flight)
      const { entropy, updates } = strategy.figures()
      await strategy.close()
      const last = tried.slice(-40).map(({ reward }) => reward)
      const byChance = Array.from({ length: 400 }, (_, i) => reward(drawn(TOY, seed, 'chance', i)))
      const figures = `seed ${seed}: ${mean(last)} at last, by chance ${mean(byChance)}, best ${Math.max(...byChance)}`
      assert.ok(mean(last) > Math.max(...byChance), figures)
      assert.ok(last.filter((value) => value === 1).length >= 20, figures)
      assert.ok(entropy < before / 2, `entropy from ${before} to ${entropy}`)
      assert.equal(updates, 20)
    }
  })

test('the small controller learns the paper’s own space within 300 children', async () => {
  const space: SearchSpace = {
    cells: ['normal', 'reduction'],
    blocks: 5,
    operations: [...OPERATION_NAMES],
    combinations: ['add', 'concat'],
  }
  const reward = shareOf(drawn(space, 1, 'planted'))
  const strategy = await createPpo(space, 1, smallController)
  const even = decisionSizes(space).reduce((sum, { size }) => sum + Math.log(size), 0)
  assert.ok(Math.abs(strategy.figures().entropy - even) < 1)
  const tried = await search(strategy, reward, 300)
  await strategy.close()
  const last = mean(tried.slice(-40).map(({ reward }) => reward))
  const best = Math.max(...Array.from({ length: 300 }, (_, i) => reward(drawn(space, 1, 'chance', i))))
  assert.ok(last > 1.5 * best, `${last} at last, the best by chance ${best}`)
})
