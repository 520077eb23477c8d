import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  fnv1a64,
  initialValue,
  type ParameterSpec,
  random,
  splitMix64,
  xoshiro128,
} from '../../models/index.js'

test('the published parts give their published numbers', () => {
  // FNV's own test suite (Noll).
  assert.equal(fnv1a64(''), 0xcbf29ce484222325n)
  assert.equal(fnv1a64('a'), 0xaf63dc4c8601ec8cn)
  assert.equal(fnv1a64('foobar'), 0x85944171f73967e8n)
  // Vigna's splitmix64.c, seed 1234567.
  const split = splitMix64(1234567n)
  assert.deepEqual(
    [split(), split(), split()],
    [6457827717110365317n, 3203168211198807973n, 9817491932198370423n],
  )
  // Blackman and Vigna's xoshiro128starstar.c 1.1, state 1, 2, 3, 4.
  const state = [1n + (2n << 32n), 3n + (4n << 32n)]
  const draw = xoshiro128(() => state.shift() ?? 0n)
  assert.deepEqual(Array.from({ length: 6 }, draw), [11520, 0, 5927040, 70819200, 2031721883, 1637235492])
})

test('a stream depends on its seed and keys alone', () => {
  const first = (...args: Parameters<typeof random>) => random(...args).bits()
  assert.equal(first(1, 'a', 2), first(1, 'a', 2))
  const values = [
    first(1, 'a', 2),
    first(2, 'a', 2),
    first(1, 'b', 2),
    first(1, 'a', '2'),
    first(1, 'a'),
    first(1, 'a2'),
  ]
  assert.equal(new Set(values).size, values.length)
})

test('uniform numbers stay below 1 as 32-bit floats and are flat', () => {
  const { uniform } = random(3, 'uniform')
  const counts = new Array(10).fill(0)
  for (let i = 0; i < 100_000; i++) {
    const value = Math.fround(uniform())
    assert.ok(value >= 0 && value < 1)
    counts[Math.floor(value * 10)]++
  }
  // Each count has deviation √(100,000 · 0.1 · 0.9) ≈ 95.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 450, `${counts}`)
})

function moments(values: ArrayLike<number>) {
  const list = Array.from(values)
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length
  return {
    mean,
    deviation: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length),
  }
}

test('normal numbers have mean 0, deviation 1, and the tails of a normal', () => {
  const { normal } = random(4, 'normal')
  const values = Array.from({ length: 100_000 }, normal)
  const { mean, deviation } = moments(values)
  assert.ok(Math.abs(mean) < 0.015 && Math.abs(deviation - 1) < 0.01, `${mean} ${deviation}`)
  const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length
  assert.ok(Math.abs(beyondTwo - 0.0455) < 0.003, `${beyondTwo}`)
})

test('initial values: variance scaling, uniform, constant', () => {
  const spec = (initializer: ParameterSpec['initializer'], path = 'a/kernel'): ParameterSpec => ({
    path,
    shape: [5, 4, 100, 20],
    role: 'weight',
    initializer,
  })
  const scaled = initialValue(spec({ kind: 'varianceScaling', scale: 2, fanIn: 2000 }), 1)
  assert.equal(scaled.length, 40_000)
  const { mean, deviation } = moments(scaled)
  const wanted = Math.sqrt(2 / 2000)
  assert.ok(Math.abs(deviation / wanted - 1) < 0.015, `${deviation} against ${wanted}`)
  assert.ok(Math.abs(mean) < wanted * 0.02)
  // Cut at two deviations of the normal before rescaling.
  assert.ok(Math.max(...scaled) <= (2 * wanted) / 0.8796 && Math.max(...scaled) > wanted * 2)

  const flat = initialValue(spec({ kind: 'uniform', limit: 0.1 }), 1)
  assert.ok(Math.abs(moments(flat).deviation - 0.1 / Math.sqrt(3)) < 0.001)
  assert.ok(flat.every((value) => Math.abs(value) <= 0.1))

  assert.ok(initialValue(spec({ kind: 'constant', value: 3 }), 1).every((value) => value === 3))
  assert.deepEqual(scaled, initialValue(spec({ kind: 'varianceScaling', scale: 2, fanIn: 2000 }), 1))
  assert.notDeepEqual(scaled, initialValue(spec({ kind: 'varianceScaling', scale: 2, fanIn: 2000 }), 2))
  assert.notDeepEqual(scaled, initialValue(spec({ kind: 'varianceScaling', scale: 2, fanIn: 2000 }, 'b'), 1))
})
