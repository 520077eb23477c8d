/** The whole network against Keras's NASNet with the same weights: see golden/make_golden.py. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import {
  cellPlan,
  countParameters,
  eagerContext,
  NASNET_A,
  type NasnetConfig,
  nasnet,
} from '../../models/index.js'

interface Encoded {
  shape: number[]
  data: string
}

interface Golden {
  config: Pick<NasnetConfig, 'stemFilters' | 'cells' | 'filters' | 'classes'>
  cases: {
    skipReduction: boolean
    images: Encoded
    weights: Record<string, Encoded>
    outputs: Record<string, Encoded>
    trainingLogits: Encoded
  }[]
}

let root = dirname(fileURLToPath(import.meta.url))
while (!existsSync(join(root, 'package.json'))) root = dirname(root)
const golden: Golden = JSON.parse(readFileSync(join(root, 'test/models/golden/keras_nasnet.json'), 'utf8'))

/** Bytes are whole numbers over 64. */
const bytes = ({ data }: Encoded) =>
  Float32Array.from(new Int8Array(Buffer.from(data, 'base64')), (value) => value / 64)
const floats = ({ data }: Encoded) => new Float32Array(new Uint8Array(Buffer.from(data, 'base64')).buffer)

/** Largest difference over largest value. */
function relativeError(actual: tf.Tensor, expected: Encoded): number {
  assert.deepEqual(actual.shape, expected.shape)
  const want = floats(expected)
  const got = actual.dataSync()
  let [difference, scale] = [0, 0]
  for (let i = 0; i < want.length; i++) {
    difference = Math.max(difference, Math.abs(got[i] - want[i]))
    scale = Math.max(scale, Math.abs(want[i]))
  }
  return difference / scale
}

for (const example of golden.cases) {
  const { skipReduction, weights, outputs, trainingLogits } = example
  const config: NasnetConfig = {
    ...golden.config,
    genotype: NASNET_A,
    stem: 'imagenet',
    skipReduction,
    auxiliaryHead: false,
    dropout: 0,
    dropPathKeep: 1,
    batchNorm: { decay: 0.9997, epsilon: 1e-3 },
  }
  const run = (training: boolean) => {
    const ctx = eagerContext({
      seed: 0,
      training,
      initial: ({ path, shape }) => {
        assert.ok(weights[path], `Keras has no parameter ${path}`)
        assert.deepEqual(shape, weights[path].shape, path)
        return bytes(weights[path])
      },
    })
    const images = tf.tensor<tf.Rank.R4>(
      bytes(example.images),
      example.images.shape as [number, number, number, number],
    )
    return { ctx, ...nasnet(config)(ctx, images) }
  }

  test(`inference equals Keras at every cell, skipReduction ${skipReduction}`, () => {
    const { ctx, features, logits } = run(false)
    assert.deepEqual([...ctx.parameters.keys()].sort(), Object.keys(weights).sort())
    const size = Object.values(weights).reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape), 0)
    assert.equal(countParameters([...ctx.parameters.values()].map(({ spec }) => spec)).total, size)
    const names = ['stem', ...cellPlan(config).map(({ path }) => path)]
    for (const [index, name] of names.entries())
      assert.ok(relativeError(features[index].tensor, outputs[name]) < 1e-5, name)
    assert.ok(relativeError(logits, outputs.logits) < 1e-5)
  })

  test(`training's forward pass equals Keras, skipReduction ${skipReduction}`, () => {
    assert.ok(relativeError(run(true).logits, trainingLogits) < 1e-4)
  })
}
