/** The whole network against Keras's NASNet with the same weights: see golden/make_golden.py and make_keras_pools.py. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  cellPlan,
  countParameters,
  eagerContext,
  NASNET_A,
  type NasnetConfig,
  nasnet,
  type StridedPools,
} from '../../models/index.js'
import { bytes, type Encoded, readGolden, relativeError } from '../helpers/models/golden.js'

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

/** Answers to the same images and weights with Keras's own pools; in inference of the first image. */
interface OwnPools {
  cases: { outputs: Record<string, Encoded>; trainingLogits: Encoded }[]
}

const golden = readGolden<Golden>('keras_nasnet.json')
const own = readGolden<OwnPools>('keras_pools.json')

for (const [index, example] of golden.cases.entries()) {
  const { skipReduction, weights, outputs, trainingLogits } = example
  const configOf = (stridedPools?: StridedPools): NasnetConfig => ({
    ...golden.config,
    genotype: NASNET_A,
    stem: 'imagenet',
    skipReduction,
    auxiliaryHead: false,
    dropout: 0,
    dropPathKeep: 1,
    batchNorm: { decay: 0.9997, epsilon: 1e-3 },
    stridedPools,
  })
  const config = configOf()
  const names = ['stem', ...cellPlan(config).map(({ path }) => path)]
  const images = tf.tensor<tf.Rank.R4>(
    bytes(example.images),
    example.images.shape as [number, number, number, number],
  )
  const run = (training: boolean, stridedPools?: StridedPools, seen = images) => {
    const ctx = eagerContext({
      seed: 0,
      training,
      initial: ({ path, shape }) => {
        assert.ok(weights[path], `Keras has no parameter ${path}`)
        assert.deepEqual(shape, weights[path].shape, path)
        return bytes(weights[path])
      },
    })
    return { ctx, ...nasnet(configOf(stridedPools))(ctx, seen) }
  }

  test(`inference equals Keras at every cell, skipReduction ${skipReduction}`, () => {
    const { ctx, features, logits } = run(false)
    assert.deepEqual([...ctx.parameters.keys()].sort(), Object.keys(weights).sort())
    const size = Object.values(weights).reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape), 0)
    assert.equal(countParameters([...ctx.parameters.values()].map(({ spec }) => spec)).total, size)
    for (const [index, name] of names.entries())
      assert.ok(relativeError(features[index].tensor, outputs[name]) < 1e-5, name)
    assert.ok(relativeError(logits, outputs.logits) < 1e-5)
  })

  test(`training's forward pass equals Keras, skipReduction ${skipReduction}`, () => {
    assert.ok(relativeError(run(true).logits, trainingLogits) < 1e-4)
  })

  test(`with Keras's pools it equals Keras as installed, and else does not, skipReduction ${skipReduction}`, () => {
    const { outputs, trainingLogits } = own.cases[index]
    const first = tf.slice(images, [0, 0, 0, 0], [1, -1, -1, -1])
    const { features, logits } = run(false, 'keras', first)
    for (const [index, name] of names.entries())
      if (name !== 'stem') assert.ok(relativeError(features[index].tensor, outputs[name]) < 1e-5, name)
    assert.ok(relativeError(logits, outputs.logits) < 1e-5)
    assert.ok(relativeError(run(true, 'keras').logits, trainingLogits) < 1e-4)
    for (const other of ['slim', 'timm'] as const)
      assert.ok(relativeError(run(false, other, first).logits, outputs.logits) > 0.01, other)
  })
}
