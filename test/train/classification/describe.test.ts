import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NasnetConfig, PRESETS } from '../../../models/index.js'
import { describeNetwork } from '../../../src/train/classification/describe.js'

const { 'nasnet-a-mobile': mobile, 'nasnet-a-large': large, 'nasnet-a-cifar': cifar } = PRESETS

/** Published (Zoph et al. 2018, Keras's NASNetMobile and NASNetLarge) and counted from the released definition. */
const PUBLISHED: [string, NasnetConfig, number, { total: number; trainable: number }, number][] = [
  ['mobile, 4 @ 1056', mobile.config, 224, { total: 5_326_716, trainable: 5_289_978 }, 563_638_816],
  ['large, 6 @ 4032', large.config, 331, { total: 88_949_818, trainable: 88_753_150 }, 23_783_414_658],
  ['CIFAR, 6 @ 768', cifar.config, 32, { total: 3_383_786, trainable: 3_346_538 }, 544_333_312],
  [
    'CIFAR, 2 @ 768',
    { ...cifar.config, cells: 2 },
    32,
    { total: 1_310_442, trainable: 1_294_698 },
    232_185_344,
  ],
]

for (const [what, config, size, parameters, multiplyAdds] of PUBLISHED)
  test(`NASNet-A ${what} has the published parameters and multiply-adds`, () => {
    const description = describeNetwork(config, size)
    assert.deepEqual(description.parameters, parameters)
    assert.equal(description.multiplyAdds, multiplyAdds)
  })

test('the parts add up to the whole, and their shapes are the paper’s', () => {
  const { parts, parameters, multiplyAdds } = describeNetwork(mobile.config, 224)
  const sum = (of: (part: (typeof parts)[number]) => number) =>
    parts.reduce((total, part) => total + of(part), 0)
  assert.equal(
    sum((part) => part.parameters.total),
    parameters.total,
  )
  assert.equal(
    sum((part) => part.multiplyAdds),
    multiplyAdds,
  )
  assert.deepEqual(parts.at(-2)?.shape, [7, 7, 1056])
  assert.deepEqual(parts[0].shape, [111, 111, 32])
})
