import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBudget } from '../../../src/commands/search/flags.js'

import { searchConfigFrom as configOf } from '../../helpers/commands/search-config.js'

test('a budget is children or a time, and more than nothing', () => {
  for (const [text, kind, amount] of [
    ['200', 'children', 200],
    [' 1 ', 'children', 1],
    ['3.0', 'children', 3],
    ['90s', 'seconds', 90],
    ['0.5s', 'seconds', 0.5],
    ['30m', 'seconds', 1800],
    ['1.5h', 'seconds', 5400],
    ['2d', 'seconds', 172_800],
  ] as const)
    assert.deepEqual(parseBudget(text), { kind, amount }, text)
  for (const text of [
    '',
    '0',
    '0h',
    '0.0s',
    '-3',
    '1.5',
    '.5',
    'ten',
    '3 h',
    '2w',
    '1h30m',
    '1e3',
    'NaN',
    'Infinity',
  ])
    assert.throws(() => parseBudget(text), /a number of children like 200, or a time like 30m or 2h/, text)
})

test('what cannot be is refused', () => {
  for (const [line, message] of [
    ['--strategy luck', /Allowed choices are ppo, random, evolution/],
    ['--task paint', /Allowed choices are classify, autoencode/],
    ['--evaluator guess', /Allowed choices are train, shared/],
    ['--budget 0', /number of children like 200, .* above 0/],
    ['--blocks 0', /whole number of 1 or more/],
    ['--blocks 21', /"space\.blocks" is 21/],
    ['--seed 4294967296', /"seed" is 4294967296/],
    ['--image-size 7', /whole number of 8 or more/],
    ['--target-multiply-adds 0', /a number above 0/],
    ['--target-latency fast', /number/],
    ['--weights w --warm-up 3', /'--weights <file>' cannot be used with option '--warm-up <rounds>'/],
    ['--epochs 2 --steps 3', /cannot be used with/],
    ['--target-latency 2 --target-multiply-adds 3', /cannot be used with/],
    [
      '--evaluator train --weights w',
      /^UserError: --weights is about shared weights, which --evaluator train/,
    ],
    ['--evaluator train --warm-up 3', /^UserError: --warm-up is about shared weights/],
  ] as [string, RegExp][])
    assert.throws(() => configOf(line), message, line)
})
