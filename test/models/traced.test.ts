/** The same model functions, run eagerly and compiled into a graph: values, gradients, statistics. */
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  type Context,
  classificationLoss,
  eagerContext,
  NASNET_A,
  type NasnetConfig,
  nasnet,
  OPERATION_NAMES,
  OPERATIONS,
  sharedOperations,
} from '../../models/index.js'
import { assertSameAsEager, type Given } from '../helpers/engine/compare.js'
import { normals } from '../helpers/models/numeric.js'

type Inputs = Record<string, tf.Tensor>
type Model = (ctx: Context, inputs: Inputs) => tf.Tensor

/** What a model asks of its context, as an eager run answers it. */
function gather(model: Model, training: boolean, given: Record<string, Given>): Record<string, Given> {
  const asked: Record<string, Given> = { ...given }
  const eager = eagerContext({ seed: 11, training, progress: 0.5 })
  const at = (prefix: string): Context => ({
    training,
    progress: eager.progress,
    parameter(path, shape, initializer, role) {
      const value = eager.parameter(prefix + path, shape, initializer, role)
      asked[`${role} ${prefix}${path}`] = { shape, data: value.dataSync() }
      return value
    },
    update() {},
    uniform(path, shape) {
      const value = eager.uniform(prefix + path, shape)
      asked[`uniform ${prefix}${path}`] = { shape, data: value.dataSync() }
      return value
    },
    in: (path) => at(`${prefix}${path}/`),
  })
  const inputs: Inputs = {}
  for (const [name, { data, shape, dtype }] of Object.entries(given))
    inputs[name] = tf.tensor(Array.from(data), shape, dtype ?? 'float32')
  model(at(''), inputs)
  return asked
}

/** The model's value and, in training, its gradients by everything trained and its statistics' next values. */
function evaluate(model: Model, training: boolean, inputs: Inputs): Record<string, tf.Tensor> {
  const results: Record<string, tf.Tensor> = {}
  const at = (prefix: string): Context => ({
    training,
    progress: tf.scalar(0.5),
    parameter: (path, _shape, _initializer, role) => inputs[`${role} ${prefix}${path}`],
    update(path, value, keep, gain) {
      const before = inputs[`statistic ${prefix}${path}`]
      results[`next ${prefix}${path}`] = tf.keep(tf.add(tf.mul(before, keep), tf.mul(value, gain)))
    },
    uniform: (path) => inputs[`uniform ${prefix}${path}`],
    in: (path) => at(`${prefix}${path}/`),
  })
  if (!training) return { value: model(at(''), inputs) }
  const trained = Object.keys(inputs).filter((name) => /^(weight |bias |x$)/.test(name))
  const { value, grads } = tf.valueAndGrads(() => model(at(''), inputs))(trained.map((name) => inputs[name]))
  results.value = value
  for (const [index, name] of trained.entries()) results[`gradient ${name}`] = grads[index]
  return results
}

async function assertSame(model: Model, training: boolean, given: Record<string, Given>, tolerance: number) {
  await tf.setBackend('cpu')
  const all = gather(model, training, given)
  const f = (inputs: Inputs) => evaluate(model, training, inputs)
  await assertSameAsEager(f, all, tolerance, training ? 'in training' : 'in inference')
}

const drawn = (name: string, shape: number[]): Given => ({
  shape,
  data: normals(name, shape as [number]).dataSync(),
})

for (const name of OPERATION_NAMES)
  test(`${name}: compiled equals eager, forward and gradient`, async () => {
    for (const [stride, filters] of [
      [1, 16],
      [2, 16],
      [2, 32],
    ]) {
      const model: Model = (ctx, { x, weights }) => {
        const batchNorm = { decay: 0.9, epsilon: 1e-3 }
        const site = { ctx, filters, stride, batchNorm, shared: sharedOperations() }
        return tf.sum(tf.mul(OPERATIONS[name](x as tf.Tensor4D, site), weights))
      }
      const size = stride === 1 ? [7, 6] : [4, 3]
      const given = { x: drawn('x', [2, 7, 6, 16]), weights: drawn('weights', [2, ...size, filters]) }
      await assertSame(model, true, given, 1e-4)
    }
  })

for (const [training, stridedPools] of [
  [true, 'slim'],
  [false, 'slim'],
  [true, 'keras'],
  [true, 'timm'],
] as const)
  test(`a NASNet-A with ${stridedPools}'s pools, ${training ? 'one training step' : 'inference'}: compiled equals eager`, async () => {
    const config: NasnetConfig = {
      genotype: NASNET_A,
      stem: 'cifar',
      stemFilters: 16,
      cells: 1,
      filters: 8,
      classes: 3,
      skipReduction: true,
      auxiliaryHead: true,
      dropout: 0.2,
      dropPathKeep: 0.7,
      batchNorm: { decay: 0.9, epsilon: 1e-3 },
      stridedPools,
    }
    const model: Model = (ctx, { images, labels }) => {
      const outputs = nasnet(config)(ctx, images as tf.Tensor4D)
      if (!training) return outputs.logits
      return classificationLoss(outputs, labels as tf.Tensor1D, { labelSmoothing: 0.1 })
    }
    const labels: Given = { shape: [2], dtype: 'int32', data: [2, 0] }
    // Small batches through so many batch norms magnify rounding in the gradients.
    await assertSame(
      model,
      training,
      { images: drawn('images', [2, 9, 10, 3]), labels },
      training ? 2e-3 : 1e-5,
    )
  })
