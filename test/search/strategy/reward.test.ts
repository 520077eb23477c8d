import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Measured } from '../../../src/search/evaluate/child.js'
import { qualityAlone, rewardOf, rewardOfResult, usualExponent } from '../../../src/search/strategy/reward.js'

const measured: Measured = {
  quality: 0.8,
  parameters: 10,
  multiplyAdds: 3e6,
  latencyMillis: 40,
  seconds: { compile: 1, train: 2, measure: 3 },
}

test('quality alone is its own reward, and a child that failed has none', () => {
  assert.equal(rewardOf(qualityAlone, measured), 0.8)
  assert.equal(rewardOfResult(qualityAlone, { id: 1, worker: 'w', kind: 'measured', measured }), 0.8)
  for (const cost of [null, 'latencyMillis'] as const)
    assert.equal(
      rewardOfResult({ cost, target: 2, exponent: -1 }, { id: 1, worker: 'w', kind: 'failed', reason: 'x' }),
      0,
    )
})

test('a cost at its target changes nothing, a higher one takes away, a lower one gives', () => {
  const reward = (target: number, exponent = usualExponent) =>
    rewardOf({ cost: 'multiplyAdds', target, exponent }, measured)
  assert.equal(reward(3e6), 0.8)
  // MnasNet, section 3: the exponent is such that doubling the latency costs 5 % of the accuracy.
  assert.ok(Math.abs(reward(1.5e6) / 0.8 - 0.95) < 0.005)
  assert.ok(reward(6e6) > 0.8)
  assert.ok(Math.abs(reward(1.5e6, -1) - 0.4) < 1e-12)
  assert.equal(reward(1, 0), 0.8)
})

test('what costs next to nothing is not worth infinitely much', () => {
  const reward = (latencyMillis: number) =>
    rewardOf({ cost: 'latencyMillis', target: 10, exponent: -1 }, { ...measured, latencyMillis })
  assert.equal(reward(0), 800)
  assert.equal(reward(0.001), 800)
  assert.equal(reward(0.1), 80)
})

test('latency counts where it is wanted, and not where it was not measured', () => {
  const config = { cost: 'latencyMillis', target: 10, exponent: -0.5 } as const
  assert.ok(Math.abs(rewardOf(config, measured) - 0.4) < 1e-12)
  const { latencyMillis: _, ...without } = measured
  assert.equal(rewardOf(config, without), 0.8)
})
