import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { extentOf, scaleOf, ticksOf } from '../../../src/shared/charts/axis.js'

const ends = fc
  .double({ min: -1e12, max: 1e12, noNaN: true })
  .map((value) => (Math.abs(value) < 1e-290 ? 0 : value))
const ticks = (axis: Parameters<typeof scaleOf>[0], most = Number.POSITIVE_INFINITY) =>
  ticksOf(axis, scaleOf(axis), (widths) => widths.length <= most)

test('ticks are few, evenly spaced, in order, and within an axis that covers the values', () => {
  fc.assert(
    fc.property(ends, ends, fc.boolean(), (a, b, nice) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      const axis = { domain: [low, high] as const, nice }
      const { scale } = scaleOf(axis)
      const [from, to] = scale.domain()
      assert.ok(from <= low && to >= high && from < to)
      const found = ticks(axis, 6)
      const values = found.map(({ value }) => value)
      assert.ok(values.length >= 1 && values.length <= 6)
      assert.ok(values.every((value) => value >= from && value <= to))
      const steps = values.slice(1).map((value, i) => value - values[i])
      for (const step of steps) assert.ok(Math.abs(step - steps[0]) <= 1e-6 * (to - from) && step > 0)
      assert.equal(new Set(found.map(({ label }) => label)).size, values.length, 'each has its own label')
    }),
  )
})

test('labels have as many decimals as they need, and are short for very large and very small values', () => {
  const labels = (low: number, high: number, more = {}) =>
    ticks({ domain: [low, high], ...more }).map(({ label }) => label)
  assert.deepEqual(labels(0, 0.6), ['0', '0.1', '0.2', '0.3', '0.4', '0.5', '0.6'])
  assert.deepEqual(labels(0, 3000), ['0', '500', '1,000', '1,500', '2,000', '2,500', '3,000'])
  assert.deepEqual(labels(0, 3e7), ['0', '5M', '10M', '15M', '20M', '25M', '30M'])
  assert.deepEqual(labels(0, 3e-6), ['0', '5.0e-7', '1.0e-6', '1.5e-6', '2.0e-6', '2.5e-6', '3.0e-6'])
  assert.deepEqual(labels(0, 2, { whole: true }), ['0', '1', '2'])
  assert.deepEqual(labels(0, 1, { ticks: [0, 0.5, 1, 1.5], format: (tick: number) => `${100 * tick} %` }), [
    '0 %',
    '50 %',
    '100 %',
  ])
})

test('a single value, none, and those that are no numbers have an axis too', () => {
  for (const value of [0, 0.7, -3, 1e30, 1e-30]) {
    const [low, high] = scaleOf({ domain: [value, value] }).scale.domain()
    assert.ok(low <= value && value <= high && low < high, `${value}`)
  }
  assert.deepEqual(scaleOf({ domain: extentOf([]) }).scale.domain(), [0, 1])
  assert.deepEqual(extentOf([null, Number.NaN, 3, Number.POSITIVE_INFINITY, -1]), [-1, 3])
  assert.deepEqual(extentOf([2, 3], true), [0, 3])
})

test('values beyond the axis lie on its ends', () => {
  const scale = scaleOf({ domain: [1, 2] }).scale.range([0, 100])
  assert.deepEqual([0, 1.5, 9].map(scale), [0, 50, 100])
})
