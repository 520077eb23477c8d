/** Expansion cells and autoencoders, against what was computed by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs'
import {
  type AutoencoderConfig,
  type AutoencoderGenotype,
  autoencoder,
  type Block,
  buildCell,
  type CellSettings,
  countParameters,
  eagerContext,
  enlarge,
  type FeatureMap,
  initialValue,
  ModelError,
  OPERATION_NAMES,
  type ParameterSpec,
  plainAutoencoder,
  plainParameters,
  plainWidthFor,
  sharedOperations,
} from '../../models/index.js'
import { assertGradient, normals } from '../helpers/models/numeric.js'

const batchNorm = { decay: 0.9, epsilon: 1e-7 }

/** Every weight is 1, so that a 1×1 convolution sums the channels and batch norm changes nothing. */
const ones = (spec: ParameterSpec): Float32Array => {
  const size = spec.shape.reduce((product, side) => product * side, 1)
  return new Float32Array(size).fill(/beta|mean|bias/.test(spec.path) ? 0 : 1)
}

const block = (left: Block['left'], right: Block['right']): Block => ({ left, right, combine: 'add' })
const map = (rows: number[][], stride: number): FeatureMap => ({
  tensor: tf.tensor4d(rows.flat(), [1, rows.length, rows[0].length, 1]),
  stride,
})
const settings = (): CellSettings => ({
  stride: 0.5,
  filters: 1,
  dropPathKeep: 1,
  batchNorm,
  shared: sharedOperations(),
})
const rounded = (tensor: tf.Tensor) => Array.from(tensor.dataSync(), (value) => Math.round(value * 1e3) / 1e3)

test('enlargement makes a block of every pixel, and its gradient is the sum over each block', () => {
  const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2])
  const y = enlarge(x, 2)
  assert.deepEqual(y.shape, [1, 4, 4, 2])
  const [ones, tens] = tf.split(y, 2, 3).map((part) => Array.from(part.dataSync()))
  assert.deepEqual(ones, [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
  assert.deepEqual(
    tens,
    ones.map((value) => 10 * value),
  )
  const dy = tf.range(0, 32).reshape([1, 4, 4, 2])
  const [dx] = tf.grads((x) => enlarge(x as tf.Tensor4D, 2))([x], dy)
  // Even numbers lie in channel 0: rows of 8, pixels of 2.
  assert.deepEqual(Array.from(dx.dataSync()), [20, 24, 36, 40, 84, 88, 100, 104])
  assertGradient((x) => enlarge(x as tf.Tensor4D, 3), [normals('small', [2, 2, 3, 2])])
})

test('an expansion cell enlarges both inputs, a coarser previous one twice', () => {
  const cell = { blocks: [block({ input: 0, operation: 'identity' }, { input: 1, operation: 'identity' })] }
  const ctx = eagerContext({ seed: 1, initial: ones })
  const { tensor, stride } = buildCell(
    ctx,
    cell,
    map(
      [
        [1, -2],
        [5, 0],
      ],
      2,
    ),
    map([[3]], 4),
    settings(),
  )
  assert.deepEqual([tensor.shape, stride], [[1, 4, 4, 1], 1])
  // ReLU before the 1×1 convolution takes −2 away; the 3 is brought to 2 × 2 and then to 4 × 4.
  const rows = [
    [4, 4, 3, 3],
    [8, 8, 3, 3],
  ]
  assert.deepEqual(rounded(tensor), [rows[0], rows[0], rows[1], rows[1]].flat())
})

test('operations of an expansion cell act after the enlargement, with stride 1', () => {
  const cell = {
    blocks: [block({ input: 0, operation: 'max_pool_3x3' }, { input: 0, operation: 'avg_pool_3x3' })],
    output: [1, 2],
  }
  const ctx = eagerContext({ seed: 1, initial: ones })
  const { tensor } = buildCell(ctx, cell, map([[1, 4]], 2), undefined, settings())
  assert.deepEqual(tensor.shape, [1, 2, 4, 2])
  const [input, pooled] = tf.split(tensor, 2, 3).map(rounded)
  // Without a previous cell, state 1 is the input itself; as an output it is the enlarged one.
  assert.deepEqual(input, [1, 1, 4, 4, 1, 1, 4, 4])
  // Windows of 3 × 3 on the rows 1 1 4 4, their averages without the padding.
  const row = [1 + 1, 4 + 2, 4 + 3, 4 + 4]
  assert.deepEqual(pooled, [...row, ...row])
})

const everything: AutoencoderGenotype = (() => {
  const blocks: Block[] = OPERATION_NAMES.map((operation, index) => ({
    left: { input: index === 0 ? 1 : (index * 5) % (index + 2), operation },
    right: { input: 0, operation: OPERATION_NAMES[(index + 6) % 13] },
    combine: index % 4 === 1 ? 'concat' : 'add',
  }))
  const cell = { blocks }
  return { name: 'everything', normal: cell, reduction: cell, expansion: cell }
})()

const tiny: AutoencoderConfig = {
  genotype: everything,
  stages: 2,
  cells: 1,
  filters: 2,
  stemFilters: 3,
  codeChannels: 4,
  batchNorm,
}

test('all operations stack to an autoencoder that gives images, through a code of its size and nothing else', () => {
  const images = normals<tf.Rank.R4>('images', [2, 8, 12, 3])
  const specs = new Map<string, number[]>()
  const through = (initial: (spec: ParameterSpec) => Float32Array) => {
    const ctx = eagerContext({ seed: 3, initial })
    const reconstructed = autoencoder(tiny)(ctx, images)
    for (const { spec } of ctx.parameters.values()) specs.set(spec.path, spec.shape)
    return reconstructed
  }
  const drawn = (spec: ParameterSpec) => initialValue(spec, 3)
  const reconstructed = through(drawn)
  assert.ok(reconstructed.dataSync().every(Number.isFinite))
  assert.deepEqual(reconstructed.shape, images.shape)
  const of = (tensor: tf.Tensor4D, image: number) => Array.from(tf.slice(tensor, [image], [1]).dataSync())
  assert.notDeepEqual(of(reconstructed, 0), of(reconstructed, 1))
  const blind = through((spec) => (spec.path === 'code/kernel' ? drawn(spec).fill(0) : drawn(spec)))
  assert.deepEqual(of(blind, 0), of(blind, 1))
  assert.deepEqual(specs.get('code/kernel')!.at(-1), 4)
  const tops = [...new Set([...specs.keys()].map((path) => path.split('/').slice(0, 2).join('/')))]
  assert.deepEqual(
    tops.filter((path) => /^(en|de)coder/.test(path)),
    [
      ...['encoder/cell_0', 'encoder/reduction_0', 'encoder/cell_1', 'encoder/reduction_1'],
      ...['decoder/expansion_1', 'decoder/cell_1', 'decoder/expansion_0', 'decoder/cell_0'],
    ],
  )
})

test('settings of which no autoencoder can be built are named', () => {
  const images = normals<tf.Rank.R4>('images', [1, 6, 8, 3])
  for (const build of [autoencoder(tiny), plainAutoencoder({ ...tiny, width: 2 })])
    assert.throws(
      () => build(eagerContext({ seed: 1 }), images),
      new ModelError('An autoencoder of 2 stages takes images whose sides are multiples of 4, not 6×8.'),
    )
  assert.throws(
    () => autoencoder({ ...tiny, codeChannels: 0 }),
    /"codeChannels" is 0, but must be a whole number from 1 to 10000/,
  )
  assert.throws(
    () => plainAutoencoder({ ...tiny, width: 1.5 }),
    /"width" is 1.5, but must be a whole number from 1/,
  )
})

test('parameters of the plain autoencoder: the closed form, a count by hand, and what the network asks for', () => {
  // 3 → 2 → 4, the code of 5 and back, 4 → 2, 2 → 2, 2 → 3: kernels, two numbers of batch norm a channel, a bias.
  const byHand = 54 + 4 + (72 + 8) + (20 + 10) + (20 + 8) + (72 + 4) + (36 + 4) + (54 + 3)
  assert.equal(plainParameters({ stages: 2, codeChannels: 5, width: 2 }), byHand)
  for (const [stages, codeChannels, width] of [
    [1, 3, 4],
    [2, 5, 2],
    [3, 8, 3],
  ]) {
    const ctx = eagerContext({ seed: 1 })
    const images = tf.zeros<tf.Rank.R4>([1, 8, 8, 3])
    const y = plainAutoencoder({ stages, codeChannels, width, batchNorm })(ctx, images)
    assert.deepEqual(y.shape, images.shape)
    const specs = [...ctx.parameters.values()].map(({ spec }) => spec)
    assert.equal(countParameters(specs).trainable, plainParameters({ stages, codeChannels, width }))
  }
})

test('the width for a number of parameters is the one that comes closest', () => {
  const sizes = { stages: 2, codeChannels: 16 }
  for (const wanted of [1, 500, 20_000, 20_500, 21_000, 300_000]) {
    const off = (width: number) => Math.abs(plainParameters({ ...sizes, width }) - wanted)
    const width = plainWidthFor(wanted, sizes)
    assert.ok(
      width >= 1 && off(width) <= off(width + 1) && (width === 1 || off(width) <= off(width - 1)),
      `${wanted}`,
    )
  }
  assert.throws(() => plainWidthFor(0, sizes), /cannot have 0 parameters/)
})
