/** The whole network against timm's NASNet with the same weights: see golden/make_timm_nasnet.py. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  cellPlan,
  eagerContext,
  NASNET_A,
  type NasnetConfig,
  nasnet,
  type ParameterSpec,
  type StridedPools,
} from '../../models/index.js'
import { type Encoded, readGolden, relativeError } from '../helpers/models/golden.js'

interface Golden {
  config: Pick<NasnetConfig, 'stemFilters' | 'cells' | 'filters' | 'classes'>
  imageShape: [number, number, number, number]
  /** Of some cells and the head. */
  outputs: Record<string, Encoded>
}

const golden = readGolden<Golden>('timm_nasnet.json')

/** Whole numbers from 0 to 255, the same for the same name. */
function drawn(name: string, count: number): number[] {
  let state = 2166136261
  for (const byte of Buffer.from(name)) state = Math.imul(state ^ byte, 16777619) >>> 0
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

/** A parameter as the script draws it. */
function initial({ path, shape }: ParameterSpec): Float32Array {
  const leaf = path.split('/').at(-1)!
  const fanIn = leaf === 'depthwise' ? shape[0] * shape[1] : tf.util.sizeFromShape(shape.slice(0, -1))
  const limit = Math.min(127, Math.max(8, Math.trunc(64 * Math.sqrt(6 / fanIn))))
  const whole = (byte: number): number => {
    if (leaf === 'gamma' || leaf === 'moving_variance') return 32 + (byte % 65)
    if (leaf === 'beta' || leaf === 'moving_mean' || leaf === 'bias') return (byte % 65) - 32
    return (byte % (2 * limit + 1)) - limit
  }
  return Float32Array.from(drawn(path, tf.util.sizeFromShape(shape)), (byte) => whole(byte) / 64)
}

/** The error of each output, by the cell's path. */
function errors(stridedPools?: StridedPools): Record<string, number> {
  const config: NasnetConfig = {
    ...golden.config,
    genotype: NASNET_A,
    stem: 'imagenet',
    skipReduction: true,
    auxiliaryHead: false,
    dropout: 0,
    dropPathKeep: 1,
    batchNorm: { decay: 0.9997, epsilon: 1e-3 },
    stridedPools,
  }
  const pixels = drawn('image', tf.util.sizeFromShape(golden.imageShape))
  const image = tf.tensor4d(
    pixels.map((byte) => ((byte % 129) - 64) / 64),
    golden.imageShape,
  )
  const { features, logits } = nasnet(config)(eagerContext({ seed: 0, initial }), image)
  const tensors: Record<string, tf.Tensor> = { logits }
  for (const [cell, { path }] of cellPlan(config).entries()) tensors[path] = features[cell + 1].tensor
  return Object.fromEntries(
    Object.entries(golden.outputs).map(([name, output]) => [name, relativeError(tensors[name], output)]),
  )
}

test("with timm's pools it equals timm as installed", () => {
  for (const [name, error] of Object.entries(errors('timm'))) assert.ok(error < 1e-5, `${name}: ${error}`)
})

for (const other of [undefined, 'slim', 'keras'] as const)
  test(`with the pools ${other ?? 'by default'} it does not`, () => {
    assert.ok(errors(other).stem_0 > 0.01)
    assert.ok(errors(other).logits > 0.01)
  })
