import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AMOEBANET_A,
  type Cell,
  DARTS_V1,
  DARTS_V2,
  ENAS_MICRO,
  type Genotype,
  type NasnetConfig,
  type OperationName,
  outputStates,
  PNASNET_5,
  PRESETS,
  PUBLISHED_CELLS,
  parseGenotype,
} from '../../models/index.js'
import { canonicalCell } from '../../src/search/space/canonical.js'
import { describeNetwork, type NetworkDescription } from '../../src/train/classification/describe.js'

type Pair = [OperationName, number]

function added(pairs: Pair[], output: number[]): Cell {
  const path = ([operation, input]: Pair) => ({ input, operation })
  const blocks = pairs.flatMap((left, index) =>
    index % 2 === 1 ? [] : [{ left: path(left), right: path(pairs[index + 1]), combine: 'add' as const }],
  )
  return { blocks, output }
}

const same = (actual: Cell, expected: Cell) => assert.equal(canonicalCell(actual), canonicalCell(expected))

/**
 * TensorFlow's notation: the operations, the states that they are applied to (0 is h(i), 1 is h(i−1)), and for every
 * state whether it stays inside the cell.
 */
function tensorflowCell(operations: string, states: number[], inside: number[]): Cell {
  const known: Record<string, OperationName> = {
    none: 'identity',
    '1x7_7x1': 'conv_1x7_7x1',
    separable_3x3_2: 'sep_conv_3x3',
    separable_5x5_2: 'sep_conv_5x5',
    separable_7x7_2: 'sep_conv_7x7',
  }
  const pairs = operations.split(' ').map((name, index): Pair => {
    return [known[name] ?? (name as OperationName), states[index]]
  })
  return added(
    pairs,
    inside.flatMap((used, state) => (used ? [] : [state])),
  )
}

test('AmoebaNet-A is as its authors released it', () => {
  same(
    AMOEBANET_A.normal,
    tensorflowCell(
      'avg_pool_3x3 max_pool_3x3 separable_3x3_2 none none avg_pool_3x3 separable_3x3_2 separable_5x5_2 avg_pool_3x3 separable_3x3_2',
      [0, 0, 1, 1, 0, 1, 0, 2, 5, 0],
      [1, 0, 1, 0, 0, 1, 0],
    ),
  )
  same(
    AMOEBANET_A.reduction,
    tensorflowCell(
      'separable_3x3_2 avg_pool_3x3 max_pool_3x3 separable_7x7_2 max_pool_3x3 max_pool_3x3 separable_3x3_2 1x7_7x1 avg_pool_3x3 separable_7x7_2',
      [1, 0, 0, 2, 1, 0, 4, 0, 1, 0],
      [1, 1, 0, 0, 0, 0, 0],
    ),
  )
})

test('PNASNet-5 is as its authors released it', () => {
  const cell = tensorflowCell(
    'separable_5x5_2 max_pool_3x3 separable_7x7_2 max_pool_3x3 separable_5x5_2 separable_3x3_2 separable_3x3_2 max_pool_3x3 separable_3x3_2 none',
    [1, 1, 0, 0, 0, 0, 4, 0, 1, 0],
    [1, 1, 0, 0, 0, 0, 0],
  )
  same(PNASNET_5.normal, cell)
  same(PNASNET_5.reduction, cell)
})

/** State 0 is h(i−1) and 1 is h(i) for the authors of ENAS and DARTS. */
const swapped = (state: number) => (state < 2 ? 1 - state : state)

test('ENAS is as its authors released it', () => {
  // For each block: state, operation, state, operation. What leaves a cell is what no block used.
  const operations: OperationName[] = [
    'sep_conv_3x3',
    'sep_conv_5x5',
    'avg_pool_3x3',
    'max_pool_3x3',
    'identity',
  ]
  const cell = (arc: string): Cell => {
    const numbers = arc.split(' ').map(Number)
    const pairs = numbers.flatMap((state, index): Pair[] =>
      index % 2 === 1 ? [] : [[operations[numbers[index + 1]], swapped(state)]],
    )
    const { blocks } = added(pairs, [])
    return { blocks }
  }
  same(ENAS_MICRO.normal, cell('0 2 0 0 0 4 0 1 0 4 1 1 1 0 0 1 0 2 1 1'))
  same(ENAS_MICRO.reduction, cell('1 0 1 0 0 3 0 2 1 1 3 1 1 0 0 4 0 3 1 1'))
  assert.deepEqual(outputStates(ENAS_MICRO.reduction), [2, 4, 5, 6])
})

test('DARTS is as its authors released it', () => {
  const known: Record<string, OperationName> = { skip_connect: 'identity', dil_conv_3x3: 'dilated_conv_3x3' }
  const cell = (edges: string) => {
    const pairs = edges.split(', ').map((edge): Pair => {
      const [name, state] = edge.split(' ')
      return [known[name] ?? (name as OperationName), swapped(Number(state))]
    })
    return added(pairs, [2, 3, 4, 5])
  }
  same(
    DARTS_V1.normal,
    cell(
      'sep_conv_3x3 1, sep_conv_3x3 0, skip_connect 0, sep_conv_3x3 1, skip_connect 0, sep_conv_3x3 1, sep_conv_3x3 0, skip_connect 2',
    ),
  )
  same(
    DARTS_V1.reduction,
    cell(
      'max_pool_3x3 0, max_pool_3x3 1, skip_connect 2, max_pool_3x3 0, max_pool_3x3 0, skip_connect 2, skip_connect 2, avg_pool_3x3 0',
    ),
  )
  same(
    DARTS_V2.normal,
    cell(
      'sep_conv_3x3 0, sep_conv_3x3 1, sep_conv_3x3 0, sep_conv_3x3 1, sep_conv_3x3 1, skip_connect 0, skip_connect 0, dil_conv_3x3 2',
    ),
  )
  same(
    DARTS_V2.reduction,
    cell(
      'max_pool_3x3 0, max_pool_3x3 1, skip_connect 2, max_pool_3x3 1, max_pool_3x3 0, skip_connect 2, skip_connect 2, max_pool_3x3 1',
    ),
  )
})

const { 'nasnet-a-mobile': mobile, 'nasnet-a-cifar': cifar } = PRESETS

/** A network of N cells and F filters; the CIFAR stem is three times as wide, for all of these authors. */
const forCifar = (genotype: Genotype, cells: number, filters: number) =>
  describeNetwork({ ...cifar.config, genotype, cells, filters, stemFilters: 3 * filters }, 32)

const forImagenet = (size: number, network: Partial<NasnetConfig>) =>
  describeNetwork({ ...mobile.config, ...network }, size)

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b)

test('PNASNet-5 Large has the published parameters and multiply-adds', () => {
  // Four cells and twice a reduction with three cells: our network without the last cells of its two later stages.
  const { parts } = forImagenet(331, { genotype: PNASNET_5, cells: 4, filters: 216, stemFilters: 96 })
  const theirs = parts.filter(({ path }) => path !== 'cell_7' && path !== 'cell_11')
  // The paper prints 86.1 M and 25.0 B; ports to PyTorch and Keras count 86,057,668.
  assert.equal(sum(theirs.map(({ parameters }) => parameters.trainable)), 86_057_668)
  const billions = sum(theirs.map(({ multiplyAdds }) => multiplyAdds)) / 1e9
  assert.ok(Math.abs(billions / 25 - 1) < 0.005, `${billions}`)
})

/**
 * What our network has more than the released AmoebaNet-A, whose 1×7 then 7×1 works on a quarter of the filters, between
 * 1×1 convolutions: trained numbers and multiply-adds, where F filters go from `side` pixels to half as many.
 */
function fullWidth(filters: number, side: number): { parameters: number; multiplyAdds: number } {
  const quarter = filters / 4
  const half = Math.ceil(side / 2)
  const pixels = [side * side, side * half, half * half, half * half]
  const theirs = [filters * quarter, 7 * quarter ** 2, 7 * quarter ** 2, quarter * filters]
  const ours = [0, 7 * filters ** 2, 7 * filters ** 2, 0]
  const norms = 2 * (2 * filters) - 2 * (3 * quarter + filters)
  return {
    parameters: sum(ours) - sum(theirs) + norms,
    multiplyAdds: sum(pixels.map((count, index) => count * (ours[index] - theirs[index]))),
  }
}

/** The network's figures without {@link fullWidth}, in millions of parameters and billions of multiply-adds. */
function asReleased({ parts, parameters, multiplyAdds }: NetworkDescription): [number, number] {
  const more = parts.flatMap(({ kind, shape }, index) =>
    kind === 'reduction' ? [fullWidth(shape[2] / 5, parts[index - 1].shape[0])] : [],
  )
  return [
    (parameters.trainable - sum(more.map(({ parameters }) => parameters))) / 1e6,
    (multiplyAdds - sum(more.map(({ multiplyAdds }) => multiplyAdds))) / 1e9,
  ]
}

test('AmoebaNet-A has the paper’s parameters on CIFAR-10, but for its narrow 1×7 convolutions', () => {
  for (const [filters, published] of [
    [32, '2.6'],
    [36, '3.2'],
  ] as const)
    assert.equal(asReleased(forCifar(AMOEBANET_A, 6, filters))[0].toFixed(1), published)
})

test('AmoebaNet-A has the paper’s parameters and multiply-adds on ImageNet, but for those', () => {
  const at = (filters: number) => asReleased(forImagenet(331, { genotype: AMOEBANET_A, cells: 6, filters }))
  // N = 6, F = 190. Our stem wants a multiple of 4; the figures grow evenly from 188 to 192.
  const [low, high] = [at(188), at(192)]
  assert.equal(((low[0] + high[0]) / 2).toFixed(1), '86.7')
  assert.equal(((low[1] + high[1]) / 2).toFixed(1), '23.1')
  // N = 6, F = 448: the paper prints 469 M.
  const [parameters] = at(448)
  assert.ok(Math.abs(parameters / 469 - 1) < 0.003, `${parameters}`)
})

test('DARTS has the parameters that its authors state, but for the dilated convolution and the first cell', () => {
  const widths = [36, 72, 144].flatMap((filters) => Array(6).fill(filters) as number[])
  const dilated = sum(widths.map((filters) => 9 * filters ** 2 - (9 * filters + filters ** 2)))
  // Theirs brings the stem's 108 channels to 36 for the state that here stays as wide: two separable convolutions and
  // two identities read it.
  const projection = 108 * 36 + 2 * 36
  const firstCell = 2 * (9 + 36) * (108 - 36) + 2 * projection - projection
  const { trainable } = forCifar(DARTS_V2, 6, 36).parameters
  assert.equal(((trainable - dilated - firstCell) / 1e6).toFixed(3), '3.349')
})

for (const [name, genotype] of Object.entries(PUBLISHED_CELLS))
  test(`${name} is a genotype, and makes networks as wide as what leaves its cells`, () => {
    assert.deepEqual(parseGenotype(JSON.parse(JSON.stringify(genotype)), name), genotype)
    assert.equal(genotype.name, name)
    const { parts } = forCifar(genotype, 2, 8)
    for (const { kind, shape, path } of parts)
      if (kind === 'normal' || kind === 'reduction')
        assert.equal(shape[2] % (8 * outputStates(genotype[kind]).length), 0, path)
    assert.deepEqual(parts.at(-2)?.shape, [8, 8, 32 * outputStates(genotype.normal).length])
  })
