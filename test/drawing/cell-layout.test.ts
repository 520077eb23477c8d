import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Cell, outputStates } from '../../models/genotype.js'
import { type Box, type Edge, layoutCell, type Point } from '../../src/drawing/cell-layout.js'
import { cells } from '../helpers/search/arbitrary-cells.js'

/** Points on an edge, close to each other. */
function pointsOn({ points }: Edge): Point[] {
  const found: Point[] = []
  for (let i = 0; i + 3 < points.length; i += 3) {
    const [a, b, c, d] = points.slice(i, i + 4)
    for (let step = 0; step <= 40; step++) {
      const [t, u] = [step / 40, 1 - step / 40]
      const mix = (of: 'x' | 'y') =>
        u ** 3 * a[of] + 3 * u * u * t * b[of] + 3 * u * t * t * c[of] + t ** 3 * d[of]
      found.push({ x: mix('x'), y: mix('y') })
    }
  }
  return found
}

const inside = ({ x, y }: Point, box: Box, margin: number): boolean =>
  x > box.left - margin &&
  x < box.left + box.width + margin &&
  y > box.top - margin &&
  y < box.top + box.height + margin

test('boxes stand apart and within the picture', () => {
  fc.assert(
    fc.property(cells(10), (cell) => {
      const { boxes, width, height } = layoutCell(cell)
      for (const [i, a] of boxes.entries()) {
        assert.ok(a.left >= -1e-6 && a.left + a.width <= width + 1e-6)
        assert.ok(a.top >= -1e-6 && a.top + a.height <= height + 1e-6)
        for (const b of boxes.slice(0, i)) {
          const beside = a.left + a.width + 5 <= b.left || b.left + b.width + 5 <= a.left
          const above = a.top + a.height + 5 <= b.top || b.top + b.height + 5 <= a.top
          assert.ok(beside || above, `${JSON.stringify(a)} and ${JSON.stringify(b)}`)
        }
      }
    }),
    { numRuns: 60 },
  )
})

/** Block 2 is read more often than its box is wide for edges at their usual distance. */
const manyReaders: Cell = {
  blocks: [0, 0, 0, 2, 2, 2, 2, 2].map((input) => ({
    left: { input, operation: 'identity' },
    right: { input, operation: 'identity' },
    combine: 'add',
  })),
  output: [2, 3, 4, 5, 6, 7, 8, 9],
}

test('edges run upwards from the top of their box to the bottom of another, past every other box', () => {
  fc.assert(
    fc.property(cells(10), fc.nat(900), (cell, wanted) => {
      const { boxes, edges, width } = layoutCell(cell, wanted)
      for (const edge of edges) {
        const { from, to } = edge
        const points = pointsOn(edge)
        const [first, last] = [points[0], points.at(-1)!]
        assert.ok(Math.abs(first.y - from.top) < 1e-6 && Math.abs(last.y - (to.top + to.height)) < 1e-6)
        assert.ok(first.x > from.left && first.x < from.left + from.width)
        assert.ok(last.x > to.left && last.x < to.left + to.width)
        for (const [i, point] of points.entries()) {
          assert.ok(i === 0 || point.y <= points[i - 1].y + 1e-9, 'an edge runs down')
          assert.ok(point.x > -1e-6 && point.x < width + 1e-6)
          const hit = boxes.find((box) => box !== from && box !== to && inside(point, box, 3))
          assert.equal(hit, undefined)
        }
      }
    }),
    { numRuns: 60, examples: [[manyReaders, 0]] },
  )
})

test('every path, block and output of the cell is drawn once, and nothing else', () => {
  fc.assert(
    fc.property(cells(10), (cell) => {
      const { boxes, edges } = layoutCell(cell)
      /** Both ends of edges as words, and so of the cell itself. */
      const name = (box: Box): string => {
        if (box.kind === 'operation') return `${box.side} ${box.path.operation} of ${box.state}`
        return box.kind === 'combine' ? `${box.combine} ${box.state}` : `${box.kind} ${box.state}`
      }
      const state = (index: number) =>
        index < 2 ? `input ${index}` : `${cell.blocks[index - 2].combine} ${index}`
      const last = cell.blocks.length + 2
      const outputs = outputStates(cell)
      const gathered = outputs.length > 1 ? `concat ${last}` : `output ${last}`
      const expected = [
        ...cell.blocks.flatMap(({ left, right, combine }, index) => [
          `${state(left.input)} → left ${left.operation} of ${index + 2}`,
          `${state(right.input)} → right ${right.operation} of ${index + 2}`,
          `left ${left.operation} of ${index + 2} → ${combine} ${index + 2}`,
          `right ${right.operation} of ${index + 2} → ${combine} ${index + 2}`,
        ]),
        ...outputs.map((index) => `${state(index)} → ${gathered}`),
        ...(outputs.length > 1 ? [`${gathered} → output ${last}`] : []),
      ]
      const found = edges.map(({ from, to }) => `${name(from)} → ${name(to)}`)
      assert.deepEqual(found.sort(), expected.sort())
      assert.equal(boxes.length, 3 * cell.blocks.length + 3 + Number(outputs.length > 1))
      const read = (index: number) =>
        outputs.includes(index) || cell.blocks.some((b) => b.left.input === index || b.right.input === index)
      for (const box of boxes) if (box.kind === 'input') assert.equal(box.read, read(box.state))
    }),
    { numRuns: 200 },
  )
})

test('a greater height stretches the gaps alone', () => {
  fc.assert(
    fc.property(cells(5), fc.integer({ min: 0, max: 2000 }), (cell, wanted) => {
      const [plain, high] = [layoutCell(cell), layoutCell(cell, wanted)]
      assert.ok(high.height >= plain.height - 1e-6 && high.height <= Math.max(plain.height, wanted) + 1e-6)
      const sizes = ({ boxes }: typeof plain) => boxes.map(({ left, width, height }) => [left, width, height])
      assert.deepEqual(sizes(high), sizes(plain))
    }),
    { numRuns: 50 },
  )
})
