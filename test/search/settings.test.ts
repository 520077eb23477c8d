import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchFlags } from '../../src/commands/search/flags.js'
import { type SearchSettings, searchConfig } from '../../src/search/settings.js'

const configOf = (settings: SearchSettings) => searchConfig(settings, { folder: 'searches/mine', id: 'mine' })

test('settings that are left out are what flags that are left out are', () => {
  for (const settings of [
    {},
    { task: 'autoencode' },
    { strategy: 'evolution', evaluator: 'train' },
  ] as const) {
    const line = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const flags = searchFlags().parse(line, { from: 'user' }).opts()
    assert.deepEqual(configOf(settings), configOf(flags))
  }
})

test('settings that exclude each other, or that the evaluator does without, are refused', () => {
  for (const [settings, message] of [
    [{ epochs: 1, steps: 2 }, /^"epochs" and "steps" exclude each other/],
    [{ weights: 'w', warmUp: 3 }, /^"weights" and "warmUp" exclude each other/],
    [{ targetLatency: 2, targetMultiplyAdds: 3 }, /^"targetMultiplyAdds" and "targetLatency" exclude/],
    [{ evaluator: 'train', warmUp: 3 }, /^"weights" and "warmUp" are about shared weights/],
    [{ task: 'autoencode', evaluator: 'shared' }, /^Autoencoders have no shared weights/],
    [{ seed: -1 }, /^"seed" is -1/],
  ] as [SearchSettings, RegExp][])
    assert.throws(() => configOf(settings), { name: 'UserError', message })
})
