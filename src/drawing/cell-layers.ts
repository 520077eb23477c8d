/**
 * The layers of a cell's drawing and the order within them, after Sugiyama, Tagawa and Toda ("Methods for visual
 * understanding of hierarchical system structures", 1981): layers by longest path, crossings reduced by barycentre
 * sweeps and then by local moves. A block is one item, its two operations side by side, so that it stays together.
 */
import { type Cell, outputStates } from '../../models/genotype.js'

/** What stands in a layer. `pass` is the way of a state's edges past a layer that does not read it. */
export interface Item {
  kind: 'input' | 'block' | 'pass' | 'output'
  /** The state that leaves it upwards; one more than the last for the output. */
  state: number
}

export type Side = 'left' | 'right'

/** Part of an edge between two neighbouring layers. `side` is the path of a block that it ends at. */
export interface Segment {
  from: Item
  to: Item
  side?: Side
}

export interface LayeredCell {
  /** From the inputs (bottom) to the output, each from left to right. */
  layers: Item[][]
  /** `gaps[l]` lies between layers l and l + 1. */
  gaps: Segment[][]
  /** Blocks (by state) whose right path is drawn at the left. */
  swapped: ReadonlySet<number>
}

/** Barycentre sweeps up and down. Orders settle, or alternate, within a few. */
const SWEEPS = 12

/** Layers and orders a cell. The same cell always gives the same drawing; h(i−1) always stands left of h(i). */
export function layerCell(cell: Cell): LayeredCell {
  const start = naturalOrder(cell)
  const turned = {
    ...start,
    layers: start.layers.map((layer, l) => (l === 0 ? layer : [...layer].reverse())),
  }
  const found = [start, turned].map((begin) => improved(swept(begin)))
  return isBetter(costOf(found[1]), costOf(found[0])) ? found[1] : found[0]
}

/** Blocks in the order of their states, and beside them the passes. */
function naturalOrder(cell: Cell): LayeredCell {
  const outputs = outputStates(cell)
  const layerOf = [0, 0]
  for (const { left, right } of cell.blocks)
    layerOf.push(1 + Math.max(layerOf[left.input], layerOf[right.input]))
  const top = Math.max(...layerOf) + 1
  const last = layerOf.map((layer, state) => {
    const readers = cell.blocks.flatMap(({ left, right }, index) =>
      left.input === state || right.input === state ? [layerOf[index + 2]] : [],
    )
    return Math.max(layer, outputs.includes(state) ? top : 0, ...readers)
  })

  const inputs: Item[] = [1, 0].map((state) => ({ kind: 'input', state }))
  const output: Item = { kind: 'output', state: layerOf.length }
  const between = Array.from({ length: top - 1 }, (_, below) => {
    const layer = below + 1
    return layerOf.flatMap((own, state): Item[] => {
      if (own === layer) return [{ kind: 'block', state }]
      return own < layer && layer < last[state] ? [{ kind: 'pass', state }] : []
    })
  })
  const layers = [inputs, ...between, [output]]
  const gaps = layers.slice(1).map((layer, below) =>
    layer.flatMap((to): Segment[] => {
      const from = (state: number) => layers[below].find((item) => item.state === state)!
      if (to.kind === 'pass') return [{ from: from(to.state), to }]
      if (to.kind === 'output') return outputs.map((state) => ({ from: from(state), to }))
      const { left, right } = cell.blocks[to.state - 2]
      return [
        { from: from(left.input), to, side: 'left' },
        { from: from(right.input), to, side: 'right' },
      ]
    }),
  )
  return { layers, gaps, swapped: new Set() }
}

/** Where a segment ends, in half items of its upper layer. */
function endOf(
  { to, side }: Segment,
  index: ReadonlyMap<Item, number>,
  swapped: ReadonlySet<number>,
): number {
  if (side === undefined) return 2 * index.get(to)! + 0.5
  return 2 * index.get(to)! + Number((side === 'right') !== swapped.has(to.state))
}

const indices = (layer: readonly Item[]): Map<Item, number> => new Map(layer.map((item, i) => [item, i]))

/** Pairs of segments that cross. */
export function crossings({ layers, gaps, swapped }: LayeredCell): number {
  let count = 0
  for (const [gap, segments] of gaps.entries()) {
    const [below, above] = [indices(layers[gap]), indices(layers[gap + 1])]
    const ends = segments.map((segment) => [below.get(segment.from)!, endOf(segment, above, swapped)])
    for (const [i, [from, to]] of ends.entries())
      for (let j = 0; j < i; j++) if ((from - ends[j][0]) * (to - ends[j][1]) < 0) count++
  }
  return count
}

/** In widths of an operation's box. */
const WIDTHS: Record<Item['kind'], number> = { input: 2, block: 2.4, pass: 0.6, output: 2 }

/** How far segments run sidewards if every layer is packed and centred. */
function sidewards({ layers, gaps, swapped }: LayeredCell): number {
  const at = new Map<Item, number>()
  for (const layer of layers) {
    let x = -layer.reduce((sum, { kind }) => sum + WIDTHS[kind], 0) / 2
    for (const item of layer) {
      at.set(item, x + WIDTHS[item.kind] / 2)
      x += WIDTHS[item.kind]
    }
  }
  const shift = ({ to, side }: Segment): number => {
    if (side === undefined) return 0
    return (side === 'right') !== swapped.has(to.state) ? 0.5 : -0.5
  }
  return gaps
    .flat()
    .reduce((sum, segment) => sum + Math.abs(at.get(segment.from)! - at.get(segment.to)! - shift(segment)), 0)
}

type Cost = [crossings: number, sidewards: number]

const costOf = (cell: LayeredCell): Cost => [crossings(cell), sidewards(cell)]
const isBetter = (a: Cost, b: Cost): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1] - 1e-9)

/** The best of several sweeps that put every item at the mean place of its neighbours below, then above. */
function swept(begin: LayeredCell): LayeredCell {
  let [best, current] = [begin, begin]
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const upwards = sweep % 2 === 0
    const layers = [...current.layers]
    const inner = layers.map((_, l) => l).slice(1, -1)
    for (const l of upwards ? inner : inner.reverse()) {
      const [neighbours, segments] = upwards
        ? [layers[l - 1], current.gaps[l - 1]]
        : [layers[l + 1], current.gaps[l]]
      const index = indices(neighbours)
      const places = new Map(layers[l].map((item, i) => [item, barycentre(item, i)]))
      layers[l] = [...layers[l]].sort((a, b) => places.get(a)! - places.get(b)!)

      function barycentre(item: Item, own: number): number {
        const found = segments.flatMap((segment) => {
          if (upwards) return segment.to === item ? [index.get(segment.from)! / neighbours.length] : []
          return segment.from === item ? [endOf(segment, index, current.swapped) / 2 / neighbours.length] : []
        })
        return found.length === 0
          ? own / layers[l].length
          : found.reduce((sum, x) => sum + x, 0) / found.length
      }
    }
    current = { ...current, layers }
    if (isBetter(costOf(current), costOf(best))) best = current
  }
  return best
}

/** Moves single items and swaps operations of single blocks as long as that helps. */
function improved(begin: LayeredCell): LayeredCell {
  let [best, cost] = [begin, costOf(begin)]
  for (let settled = false; !settled; ) {
    settled = true
    for (const candidate of neighboursOf(best)) {
      const found = costOf(candidate)
      if (!isBetter(found, cost)) continue
      ;[best, cost, settled] = [candidate, found, false]
      break
    }
  }
  return best
}

function* neighboursOf(cell: LayeredCell): Generator<LayeredCell> {
  for (const [l, layer] of cell.layers.entries()) {
    for (const item of layer) {
      if (item.kind !== 'block') continue
      const swapped = new Set(cell.swapped)
      if (!swapped.delete(item.state)) swapped.add(item.state)
      yield { ...cell, swapped }
    }
    // The inputs stand as they are: a mirrored drawing has as many crossings.
    if (l === 0) continue
    for (const from of layer.keys())
      for (const to of layer.keys()) {
        if (from === to) continue
        const moved = layer.filter((_, i) => i !== from)
        moved.splice(to, 0, layer[from])
        yield { ...cell, layers: cell.layers.map((other, i) => (i === l ? moved : other)) }
      }
  }
}
