import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import { countParameters, eagerContext, type NasnetConfig, nasnet, PRESETS } from '../../models/index.js'

/** Counts what an inference run of the network asks for; images as small as all its strides allow. */
function count(config: NasnetConfig, inputSize: number) {
  return tf.tidy(() => {
    const ctx = eagerContext({
      seed: 0,
      // Values do not matter here, and zeros cost nothing to draw.
      initial: ({ shape }) => new Float32Array(tf.util.sizeFromShape(shape)),
    })
    const { logits } = nasnet(config)(ctx, tf.zeros([1, inputSize, inputSize, 3]))
    assert.deepEqual(logits.shape, [1, config.classes])
    const specs = [...ctx.parameters.values()].map(({ spec }) => spec)
    for (const { variable } of ctx.parameters.values()) variable.dispose()
    return countParameters(specs)
  })
}

// Published by Keras (NASNetMobile, NASNetLarge), or counted from the released TensorFlow-Slim definition.
const expected = [
  ['nasnet-a-mobile', {}, 19, 5_326_716, 5_289_978],
  ['nasnet-a-large', {}, 19, 88_949_818, 88_753_150],
  ['nasnet-a-cifar', {}, 8, 3_383_786, 3_346_538],
  ['nasnet-a-cifar', { cells: 2 }, 8, 1_310_442, 1_294_698],
] as const

for (const [name, change, inputSize, total, trainable] of expected)
  test(`${name} ${JSON.stringify(change)} has ${total} parameters, ${trainable} of them trained`, () => {
    assert.deepEqual(count({ ...PRESETS[name].config, ...change }, inputSize), { total, trainable })
  })
