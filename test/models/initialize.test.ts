import assert from 'node:assert/strict'
import { test } from 'node:test'
import { initialValue, type ParameterSpec } from '../../models/index.js'
import { moments } from '../helpers/moments.js'

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
