import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cell, type Genotype, random } from '../../../models/index.js'
import {
  moveShared,
  piecesOf,
  type SharedWeights,
  type Trained,
  takeShared,
} from '../../../src/search/evaluate/shared-weights.js'
import { decode, randomDecisions } from '../../../src/search/space/genotypes.js'
import { paperSpace, type SearchSpace } from '../../../src/search/space/space.js'
import type { RunConfig } from '../../../src/train/classification/config.js'
import { networkConfig, networkOf } from '../../../src/train/classification/network.js'
import { classifierSpecs } from '../../../src/train/classification/step.js'
import { layoutOf } from '../../../src/train/step/flat-state.js'
import { stateVectors } from '../../../src/train/step/state-vectors.js'
import type { ParameterSlot } from '../../../src/train/step/step-types.js'
import { smallRun } from '../../helpers/search/evaluate/small-recipe.js'

const CLASSES = 3
const space: SearchSpace = { ...paperSpace, blocks: 2 }

/** A network as if it had been trained: its numbers are all different, or all `value`. */
function network(genotype: Genotype, changes: Partial<RunConfig['model']> = {}, value?: number): Trained {
  const config: RunConfig = { ...smallRun, model: { ...smallRun.model, genotype, ...changes } }
  const size = changes.stem === 'imagenet' ? 32 : 8
  const layout = layoutOf(classifierSpecs(networkOf(config, CLASSES), 1, size).parameters)
  let at = 0
  const state = Object.fromEntries(
    Object.entries(stateVectors(config, layout)).map(([name, { size }]) => [
      name,
      Float32Array.from({ length: size }, () => value ?? ++at),
    ]),
  )
  return { config: networkConfig(config, CLASSES), layout: layout.slots, state }
}

const drawn = (seed: number, from = space) =>
  decode(from, randomDecisions(from, random(seed).uniform), `drawn ${seed}`)

/** The shared weights after these have trained side by side. */
function shared(...children: Trained[]): SharedWeights {
  const weights: SharedWeights = new Map()
  moveShared(weights, children, 0.25)
  return weights
}

const take = (weights: SharedWeights, { config, layout, state }: Trained) =>
  takeShared(weights, config, layout, state)

/** The numbers of one parameter. */
function numbersAt({ layout, state }: Trained, path: string): number[] {
  const slot = layout.find((slot) => slot.path === path)
  assert.ok(slot, `no parameter ${path}`)
  return numbers(state, slot)
}

const numbers = (state: Trained['state'], { vector, offset, size }: ParameterSlot): number[] => [
  ...state[vector].subarray(offset, offset + size),
]

const stems = {
  'CIFAR stem': {},
  'CIFAR stem, past reductions': { skipReduction: true },
  'ImageNet stem': { stem: 'imagenet' },
  'ImageNet stem, past reductions': { stem: 'imagenet', skipReduction: true },
} satisfies Record<string, Partial<RunConfig['model']>>

for (const [name, changes] of Object.entries(stems))
  test(`${name}: pieces fill each parameter, have one size in all architectures, and come back`, () => {
    const sizes = new Map<string, number>()
    for (let seed = 0; seed < 12; seed++) {
      const trained = network(drawn(seed), changes)
      const pieces = piecesOf(trained.config)
      const keys = new Set<string>()
      let count = 0
      for (const slot of trained.layout) {
        const own = pieces(slot)
        assert.equal(
          own.reduce((sum, { size }) => sum + size, 0),
          slot.size,
          slot.path,
        )
        for (const { key, size } of own) {
          assert.ok(Number.isInteger(size) && size > 0, `${key}: ${size}`)
          assert.equal(sizes.get(key) ?? size, size, key)
          sizes.set(key, size)
          keys.add(key)
          count++
        }
      }
      assert.equal(keys.size, count, 'two parts of a network share their weights')
      const empty = network(drawn(seed), changes, 0)
      take(shared(trained), empty)
      for (const vector of ['parameters', 'statistics'])
        assert.deepEqual(empty.state[vector], trained.state[vector])
      const slots = Object.keys(empty.state).filter(
        (vector) => !['parameters', 'statistics'].includes(vector),
      )
      assert.ok(slots.length > 0)
      for (const vector of slots)
        assert.ok(
          empty.state[vector].every((number) => number === 0),
          vector,
        )
    }
  })

test('whoever keeps an average of its weights begins with the shared ones there too', () => {
  const genotype = drawn(1)
  const trained = network(genotype)
  const empty = network(genotype, {}, 0)
  const { parameters, statistics } = empty.state
  empty.state.averageParameters = parameters.slice()
  empty.state.averageStatistics = statistics.slice()
  take(shared(trained), empty)
  assert.deepEqual(empty.state.averageParameters, trained.state.parameters)
  assert.deepEqual(empty.state.averageStatistics, trained.state.statistics)
})

test('the same operation at the same place has the same weights, another never', () => {
  const counts = { same: 0, different: 0 }
  for (let seed = 0; seed < 20; seed++) {
    const giver = network(drawn(2 * seed))
    const taker = network(drawn(2 * seed + 1), {}, -1)
    take(shared(giver), taker)
    for (const slot of taker.layout) {
      const [cell, block, side] = slot.path.split('/')
      if (!block.startsWith('block_')) continue
      const kind = cell.startsWith('reduction') ? 'reduction' : 'normal'
      const [given, taken] = [giver, taker].map(({ config }) => {
        const { left, right } = config.genotype[kind].blocks[Number(block.slice('block_'.length)) - 2]
        return side === 'left' ? left.operation : right.operation
      })
      const own = giver.layout.find(
        ({ path, shape }) => path === slot.path && String(shape) === String(slot.shape),
      )
      if (given === taken && own !== undefined) {
        assert.deepEqual(numbers(taker.state, slot), numbers(giver.state, own), slot.path)
        counts.same++
      } else {
        assert.ok(
          numbers(taker.state, slot).every((number) => number === -1),
          `${slot.path}: ${taken} has weights of ${given}`,
        )
        counts.different++
      }
    }
  }
  assert.ok(counts.same > 20 && counts.different > 20, JSON.stringify(counts))
})

/** Two blocks of 3×3 convolutions, which read the states given. */
function cell(...inputs: [number, number][]): Cell {
  const path = (input: number) => ({ input, operation: 'conv_3x3' as const })
  return { blocks: inputs.map(([left, right]) => ({ left: path(left), right: path(right), combine: 'add' })) }
}

/** Cells of which these states leave. */
const leaving = {
  '3': cell([0, 1], [2, 1]),
  '1,3': cell([0, 0], [2, 0]),
  '2,3': cell([0, 1], [0, 1]),
  '1,2,3': cell([0, 0], [0, 0]),
}

/**
 * Who reads a cell's output, in three stages of one normal cell: the kind of that cell, the width of its states (4 in
 * the first stage, doubled by each reduction) and what comes out of the layer.
 */
const readers = [
  { path: 'reduction_0/current/kernel', reads: 'normal', width: 4, out: 8 },
  { path: 'cell_1/current/kernel', reads: 'reduction', width: 8, out: 8 },
  { path: 'cell_1/previous/path_1/kernel', reads: 'normal', width: 4, out: 4 },
  { path: 'cell_1/previous/path_2/kernel', reads: 'normal', width: 4, out: 4 },
  { path: 'reduction_1/current/kernel', reads: 'normal', width: 8, out: 16 },
  { path: 'reduction_1/previous/kernel', reads: 'reduction', width: 8, out: 16 },
  { path: 'cell_2/current/kernel', reads: 'reduction', width: 16, out: 16 },
  { path: 'cell_2/previous/path_1/kernel', reads: 'normal', width: 8, out: 8 },
  { path: 'cell_2/previous/path_2/kernel', reads: 'normal', width: 8, out: 8 },
  { path: 'head/kernel', reads: 'normal', width: 16, out: CLASSES },
] as const

test('rows of a layer that reads a cell’s output belong to the cell’s states', () => {
  const given = { normal: '2,3', reduction: '1,2,3' } as const
  const giver = network({ name: 'giver', normal: leaving['2,3'], reduction: leaving['1,2,3'] })
  const weights = shared(giver)
  for (const taken of [
    { normal: '3', reduction: '1,3' },
    { normal: '1,3', reduction: '3' },
    { normal: '1,2,3', reduction: '2,3' },
  ] as const) {
    const cells = { normal: leaving[taken.normal], reduction: leaving[taken.reduction] }
    const taker = network({ name: 'taker', ...cells }, {}, -1)
    take(weights, taker)
    for (const { path, reads, width, out } of readers) {
      const rows = (state: string): number[] => {
        const at = given[reads].split(',').indexOf(state)
        if (at < 0) return new Array(width * out).fill(-1)
        return numbersAt(giver, path).slice(at * width * out, (at + 1) * width * out)
      }
      const states = taken[reads].split(',')
      // Two states of 8 channels are the 16 that the cell wants: there is nothing to convolve.
      if (path === 'reduction_1/previous/kernel' && states.length === 2)
        assert.ok(taker.layout.every((slot) => slot.path !== path))
      else assert.deepEqual(numbersAt(taker, path), states.flatMap(rows), `${path}, states ${states}`)
    }
    // What reads the stem is whole, and the same for all.
    assert.deepEqual(numbersAt(taker, 'cell_0/current/kernel'), numbersAt(giver, 'cell_0/current/kernel'))
  }
})

test('of children trained side by side the mean comes back, and what none of them has stays', () => {
  const [one, two, three] = [
    [leaving['2,3'], 1],
    [leaving['3'], 4],
    [leaving['1,3'], 10],
  ].map(([normal, value]) =>
    network({ name: 'child', normal: normal as Cell, reduction: leaving['3'] }, {}, value as number),
  )
  const weights = shared(one, two, three)
  const whole = network({ name: 'all', normal: leaving['2,3'], reduction: leaving['3'] }, {}, 0)
  take(weights, whole)
  const head = () => numbersAt(whole, 'head/kernel')
  const rows = 16 * CLASSES
  const same = (value: number, count: number) => new Array(count).fill(value)
  // All have a stem and give out state 3; the first alone gives out state 2.
  assert.deepEqual(numbersAt(whole, 'stem/kernel'), same(5, 3 * 3 * 3 * 6))
  assert.deepEqual(head(), [...same(1, rows), ...same(5, rows)])

  // A quarter of the way from 5 to 7.
  moveShared(weights, [network(two.config.genotype, {}, 7)], 0.25)
  take(weights, whole)
  assert.deepEqual(numbersAt(whole, 'stem/kernel'), same(5.5, 3 * 3 * 3 * 6))
  assert.deepEqual(head(), [...same(1, rows), ...same(5.5, rows)])
  const last = network(three.config.genotype, {}, 0)
  take(weights, last)
  assert.deepEqual(numbersAt(last, 'head/kernel'), [...same(10, rows), ...same(5.5, rows)])
  // The children's own numbers are not touched.
  assert.ok(one.state.parameters.every((number) => number === 1))
})

test('weights of other classes and widths stay out, and touch nothing beside them', () => {
  const genotype = drawn(3)
  const weights = shared(network(genotype, { filters: 8 }))
  const narrow = network(genotype, { filters: 4 }, -1)
  const stem = narrow.layout.filter(({ path }) => path.startsWith('stem/'))
  take(weights, narrow)
  assert.ok(stem.every((slot) => !numbers(narrow.state, slot).includes(-1)))
  for (const slot of narrow.layout)
    if (slot.path.endsWith('/kernel') && !stem.includes(slot))
      assert.ok(
        numbers(narrow.state, slot).every((number) => number === -1),
        slot.path,
      )
})

test('the auxiliary head reads the states of the cell before the second reduction', () => {
  const withHead = (normal: Cell, value?: number): Trained => {
    const config: RunConfig = {
      ...smallRun,
      auxiliaryWeight: 0.4,
      model: { ...smallRun.model, genotype: { name: 'child', normal, reduction: leaving['3'] } },
    }
    const { slots, parameters, statistics } = layoutOf(
      classifierSpecs(networkOf(config, CLASSES), 1, 10).parameters,
    )
    const numbers = (size: number) => Float32Array.from({ length: size }, (_, i) => value ?? i)
    const state = { parameters: numbers(parameters), statistics: numbers(statistics) }
    return { config: networkConfig(config, CLASSES), layout: slots, state }
  }
  const path = 'auxiliary/projection/kernel'
  const giver = withHead(leaving['2,3'])
  const taker = withHead(leaving['1,3'], -1)
  take(shared(giver), taker)
  const half = numbersAt(giver, path).length / 2
  assert.equal(half, 8 * 128)
  assert.deepEqual(numbersAt(taker, path), [
    ...new Array(half).fill(-1),
    ...numbersAt(giver, path).slice(half),
  ])
})
