import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grouped, numberWithin, plural } from '../../src/shared/text.js'

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

test('bounds are said in words', () => {
  const said = [
    {},
    { from: 0 },
    { above: 0 },
    { to: 0 },
    { below: 1 },
    { from: 0, to: 1 },
    { above: 0, to: 1 },
  ]
  assert.deepEqual([...said, { from: 0, below: 1 }].map(numberWithin), [
    'a number',
    'a number of at least 0',
    'a number above 0',
    'a number of at most 0',
    'a number below 1',
    'a number from 0 to 1',
    'a number above 0 and at most 1',
    'a number of at least 0 and below 1',
  ])
})
