import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  type Block,
  buildCell,
  type Cell,
  cellPlan,
  classificationLoss,
  type EagerParameter,
  eagerContext,
  type Genotype,
  ModelError,
  NASNET_A,
  type NasnetConfig,
  nasnet,
  OPERATION_NAMES,
  type ParameterSpec,
  PRESETS,
  sharedOperations,
} from '../../models/index.js'
import { assertClose, normals } from '../helpers/models/numeric.js'

const batchNorm = { decay: 0.9, epsilon: 1e-5 }

const tiny: NasnetConfig = {
  genotype: NASNET_A,
  stem: 'cifar',
  stemFilters: 6,
  cells: 1,
  filters: 2,
  classes: 3,
  skipReduction: false,
  auxiliaryHead: false,
  dropout: 0,
  dropPathKeep: 1,
  batchNorm,
}

/** All 13 operations, both combinations, and inputs that only the output reads. */
const everything: Genotype = (() => {
  const blocks: Block[] = OPERATION_NAMES.map((operation, index) => ({
    left: { input: index === 0 ? 0 : (index * 5) % (index + 2), operation },
    right: { input: 0, operation: OPERATION_NAMES[(index + 6) % 13] },
    combine: index % 4 === 1 ? 'concat' : 'add',
  }))
  for (const block of blocks) if (block.left.input === 1) block.left.input = 0
  return { name: 'everything', normal: { blocks }, reduction: { blocks } }
})()

const images = (size: number) => normals<tf.Rank.R4>(`images ${size}`, [2, size, size, 3])
const labels = tf.tensor1d([0, 2], 'int32')

test('cells take their inputs as the released definition wires them', () => {
  const wires = (config: NasnetConfig) =>
    cellPlan(config).map(({ path, input, previous }) => [path, input, previous])
  assert.deepEqual(wires({ ...tiny, cells: 2 }), [
    ['cell_0', 0, undefined],
    ['cell_1', 1, 0],
    ['reduction_0', 2, 1],
    ['cell_2', 3, 2],
    ['cell_3', 4, 3],
    ['reduction_1', 5, 4],
    ['cell_4', 6, 5],
    ['cell_5', 7, 6],
  ])
  const skipping = wires({ ...tiny, cells: 2, skipReduction: true })
  assert.deepEqual(skipping[3], ['cell_2', 3, 1])
  assert.deepEqual(skipping[4], ['cell_3', 4, 3])
  assert.deepEqual(skipping[6], ['cell_4', 6, 4])
  const { config } = PRESETS['nasnet-a-mobile']
  assert.deepEqual(
    cellPlan({ ...config, cells: 1 }).map(({ path, filters }) => [path, filters]),
    [
      ['stem_0', 11],
      ['stem_1', 22],
      ['cell_0', 44],
      ['reduction_0', 88],
      ['cell_1', 88],
      ['reduction_1', 176],
      ['cell_2', 176],
    ],
  )
})

test('feature maps halve and widen at each reduction', () => {
  const { features, logits, auxiliary } = nasnet(tiny)(eagerContext({ seed: 1 }), images(10))
  assert.deepEqual(
    features.map(({ tensor, stride }) => [stride, ...tensor.shape.slice(1)]),
    [
      [1, 10, 10, 6],
      [1, 10, 10, 12],
      [2, 5, 5, 16],
      [2, 5, 5, 24],
      [4, 3, 3, 32],
      [4, 3, 3, 48],
    ],
  )
  assert.deepEqual(logits.shape, [2, 3])
  assert.equal(auxiliary, undefined)
})

test('the auxiliary head is there in training alone', () => {
  const config = { ...tiny, auxiliaryHead: true }
  assert.equal(nasnet(config)(eagerContext({ seed: 1 }), images(9)).auxiliary, undefined)
  const ctx = eagerContext({ seed: 1, training: true })
  assert.deepEqual(nasnet(config)(ctx, images(9)).auxiliary?.shape, [2, 3])
  assert.deepEqual(ctx.parameters.get('auxiliary/full/kernel')?.spec.shape, [1, 1, 128, 768])
})

test('a cell computes what its paths share once', async () => {
  const x = { tensor: normals<tf.Rank.R4>('x', [1, 4, 4, 3]), stride: 1 }
  const previous = { tensor: normals<tf.Rank.R4>('previous', [1, 4, 4, 3]), stride: 1 }
  const { kernels } = await tf.profile(() => {
    const settings = {
      stride: 1,
      filters: 2,
      dropPathKeep: 1,
      batchNorm,
      shared: sharedOperations(),
    } as const
    return buildCell(eagerContext({ seed: 0 }), NASNET_A.normal, x, previous, settings).tensor
  })
  const count = (name: string) => kernels.filter((kernel) => kernel.name === name).length
  // Four states (both inputs raw and prepared), and one inside each of five separable convolutions.
  assert.equal(count('Relu'), 4 + 5)
  assert.equal(count('AvgPool'), 2)
})

test('every operation and combination trains: each weight gets a finite gradient, not all zero', () => {
  const config = { ...tiny, genotype: everything, dropPathKeep: 0.9, dropout: 0.1 }
  const parameters = new Map<string, EagerParameter>()
  const loss = () => {
    const ctx = eagerContext({ seed: 3, training: true, progress: 0.5, parameters })
    return classificationLoss(nasnet(config)(ctx, images(9)), labels)
  }
  loss()
  const trained = [...parameters.values()]
    .map(({ variable }) => variable)
    .filter(({ trainable }) => trainable)
  const { grads } = tf.variableGrads(loss, trained)
  for (const { spec, variable } of parameters.values()) {
    if (spec.role === 'statistic') continue
    const gradient = grads[variable.name].dataSync()
    assert.ok(gradient.every(Number.isFinite), spec.path)
    assert.ok(
      gradient.some((value) => value !== 0),
      spec.path,
    )
  }
})

test('states that only the output reads are fitted to it without a ReLU', () => {
  const neutral = ({ path, shape }: ParameterSpec) =>
    new Float32Array(tf.util.sizeFromShape(shape)).fill(/beta|moving_mean/.test(path) ? 0 : 1)
  const x = { tensor: normals<tf.Rank.R4>('x', [1, 4, 4, 3]), stride: 1 }
  const settings = { filters: 2, dropPathKeep: 1, batchNorm, shared: sharedOperations() }
  const sums = tf.div(tf.sum(x.tensor, 3, true), Math.sqrt(1 + batchNorm.epsilon))
  const first = (cell: Cell, stride: 1 | 2) => {
    const ctx = eagerContext({ seed: 0, initial: neutral })
    return tf.slice(
      buildCell(ctx, cell, x, undefined, { ...settings, stride }).tensor,
      [0, 0, 0, 0],
      [-1, -1, -1, 1],
    )
  }
  // A network's first cell has no previous input: the current one, three channels wide, stands in as it is.
  assertClose(first(NASNET_A.normal, 1), sums, 1e-5)
  const block: Block = { ...NASNET_A.reduction.blocks[0], right: { input: 0, operation: 'conv_1x1' } }
  assertClose(
    first({ blocks: [block] }, 2),
    tf.stridedSlice(sums, [0, 0, 0, 0], [1, 4, 4, 1], [1, 2, 2, 1]),
    1e-5,
  )
})

test('a tiny network learns its two images by heart', () => {
  const parameters = new Map<string, EagerParameter>()
  const optimizer = tf.train.momentum(0.05, 0.9)
  const losses: number[] = []
  for (let step = 0; step < 12; step++)
    tf.tidy(() => {
      const ctx = eagerContext({ seed: 2, training: true, step, parameters })
      const loss = () => classificationLoss(nasnet(tiny)(ctx, images(8)), labels)
      losses.push(
        step === 0 ? loss().dataSync()[0] : (optimizer.minimize(loss, true)?.dataSync()[0] ?? Number.NaN),
      )
    })
  assert.ok(losses[11] < losses[0] / 4, `${losses}`)
})

test('the same seed gives the same network, another one another', () => {
  const logits = (seed: number) => nasnet(tiny)(eagerContext({ seed }), images(8)).logits.dataSync()
  assert.deepEqual(logits(1), logits(1))
  assert.notDeepEqual(logits(1), logits(2))
})

test('a parameter asked for in two shapes is an error', () => {
  const ctx = eagerContext({ seed: 0 })
  ctx.in('a').parameter('b', [2], { kind: 'constant', value: 0 }, 'bias')
  assert.throws(
    () => ctx.parameter('a/b', [3], { kind: 'constant', value: 0 }, 'bias'),
    /a\/b has shape \[2\]/,
  )
})

const refusals: [string, Partial<NasnetConfig>, number, RegExp][] = [
  ['no cells', { cells: 0 }, 8, /"cells" is 0, but must be a whole number from 1 to 100/],
  ['a fraction of a filter', { filters: 2.5 }, 8, /"filters" is 2.5, but must be a whole number/],
  [
    'an ImageNet stem that cannot be a quarter as wide',
    { stem: 'imagenet', filters: 6 },
    32,
    /"filters" is 6, but .* must be a multiple of 4/,
  ],
  ['an ImageNet stem on 2 pixels', { stem: 'imagenet', filters: 8 }, 2, /at least 3×3 pixels, not 2×2/],
  [
    'dropping everything',
    { dropout: 1 },
    8,
    /"dropout" is 1, but must be a number of at least 0 and below 1/,
  ],
  [
    'keeping nothing',
    { dropPathKeep: 0 },
    8,
    /"dropPathKeep" is 0, but must be a number above 0 and at most 1/,
  ],
  ['an auxiliary head on 4×4 features', { auxiliaryHead: true }, 8, /at least 5×5 features.*give 4×4/],
]

for (const [name, change, size, message] of refusals)
  test(`refuses ${name}`, () => {
    assert.throws(
      () => nasnet({ ...tiny, ...change })(eagerContext({ seed: 0, training: true }), images(size)),
      (error) => error instanceof ModelError && message.test(error.message),
    )
  })
