import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grouped, plural } from '../../src/shared/text.js'

test('one is singular, everything else plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => plural(count, 'step')),
    ['0 steps', '1 step', '2 steps'],
  )
  assert.deepEqual(
    [plural(1, 'child', 'children'), plural(3, 'child', 'children')],
    ['1 child', '3 children'],
  )
})

test('thousands are separated by commas', () => {
  assert.deepEqual([999, 1000, 5_326_716].map(grouped), ['999', '1,000', '5,326,716'])
})
