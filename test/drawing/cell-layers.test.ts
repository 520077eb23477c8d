import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cell, NASNET_A } from '../../models/index.js'
import { crossings, type Item, type LayeredCell, layerCell } from '../../src/drawing/cell-layers.js'
import { cells } from '../helpers/search/arbitrary-cells.js'

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((first, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [first, ...rest]),
  )
}

/** Crossings of straight lines between points on two lines, layer by layer. */
function counted({ layers, gaps, swapped }: LayeredCell): number {
  let count = 0
  for (const [l, gap] of gaps.entries()) {
    const lines = gap.map(({ from, to, side }) => {
      const right = (side === 'right') !== swapped.has(to.state)
      return [
        layers[l].indexOf(from),
        layers[l + 1].indexOf(to) + (side === undefined ? 0 : right ? 0.2 : -0.2),
      ]
    })
    for (const [a, b] of lines) for (const [c, d] of lines) if (a < c && b > d) count++
  }
  return count
}

/** Over all orders of all layers but the inputs, and all swaps. */
function leastCrossings(layered: LayeredCell): number {
  const blocks = layered.layers.flat().flatMap((item) => (item.kind === 'block' ? [item.state] : []))
  let orders: Item[][][] = [[layered.layers[0]]]
  for (const layer of layered.layers.slice(1))
    orders = orders.flatMap((below) => permutations(layer).map((order) => [...below, order]))
  let least = Number.POSITIVE_INFINITY
  for (const layers of orders)
    for (let mask = 0; mask < 1 << blocks.length; mask++) {
      const swapped = new Set(blocks.filter((_, i) => mask & (1 << i)))
      least = Math.min(least, counted({ ...layered, layers, swapped }))
    }
  return least
}

test('every part of an edge leads from one layer to the next, and states pass as far as they are read', () => {
  fc.assert(
    fc.property(cells(10), (cell) => {
      const { layers, gaps } = layerCell(cell)
      assert.deepEqual(
        layers[0].map(({ state }) => state),
        [1, 0],
      )
      for (const [l, gap] of gaps.entries())
        for (const { from, to } of gap) {
          assert.ok(layers[l].includes(from) && layers[l + 1].includes(to))
          if (to.kind === 'pass') assert.equal(from.state, to.state)
        }
      // A pass that leads nowhere would be drawn as an edge that ends in the air.
      for (const item of layers.flat())
        if (item.kind === 'pass') assert.ok(gaps.some((gap) => gap.some(({ from }) => from === item)))
      const level = (state: number) =>
        layers.findIndex((layer) => layer.some((i) => i.state === state && i.kind !== 'pass'))
      for (const [index, { left, right }] of cell.blocks.entries())
        assert.equal(level(index + 2), 1 + Math.max(level(left.input), level(right.input)))
    }),
    { numRuns: 50 },
  )
})

test('crossings are those of straight lines, and the cells of NASNet-A are drawn with the fewest there can be', () => {
  fc.assert(
    fc.property(cells(7), (cell) => {
      const layered = layerCell(cell)
      assert.equal(crossings(layered), counted(layered))
    }),
    { numRuns: 50 },
  )
  for (const cell of [NASNET_A.normal, NASNET_A.reduction]) {
    const layered = layerCell(cell)
    assert.equal(crossings(layered), leastCrossings(layered))
  }
})

test('small cells are drawn with the fewest crossings, or nearly', () => {
  const drawn = fc.sample(cells(3), { seed: 7, numRuns: 150 }).map((cell: Cell) => layerCell(cell))
  const excess = drawn.map((layered) => counted(layered) - leastCrossings(layered))
  assert.ok(excess.filter((more) => more > 0).length <= 3, String(excess))
  assert.ok(Math.max(...excess) <= 1)
})
