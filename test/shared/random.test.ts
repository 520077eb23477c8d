import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fnv1a64, random, sfc32, shuffle, splitMix64, xoshiro128 } from '../../src/shared/random.js'
import { moments } from '../helpers/moments.js'

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

test('normal numbers have mean 0, deviation 1, and the tails of a normal', () => {
  const { normal } = random(4, 'normal')
  const values = Array.from({ length: 100_000 }, normal)
  const { mean, deviation } = moments(values)
  assert.ok(Math.abs(mean) < 0.015 && Math.abs(deviation - 1) < 0.01, `${mean} ${deviation}`)
  const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length
  assert.ok(Math.abs(beyondTwo - 0.0455) < 0.003, `${beyondTwo}`)
})

test('sfc32 gives the numbers that data sets were drawn with', () => {
  const first = (...args: Parameters<typeof sfc32>) => {
    const draw = sfc32(...args)
    return Array.from({ length: 3 }, () => draw() * 2 ** 32)
  }
  assert.deepEqual(first(0), [3_286_217_895, 47_629_698, 2_839_242_424])
  assert.deepEqual(first(1, 'scenes', 'train', 7), [2_871_104_444, 2_218_849_732, 4_251_293_382])
  assert.deepEqual(first(-3, 'ü'), [306_174_884, 4_003_047_433, 1_430_420_269])
})

test('shuffling keeps the items, in the order that the stream decides', () => {
  const shuffled = shuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], sfc32(5, 'x'))
  assert.deepEqual(shuffled, [3, 8, 6, 5, 2, 7, 1, 4, 9, 0])
})
