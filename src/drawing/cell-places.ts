/** Where the items of a layered cell stand from left to right, in points. */

import { orderedPlaces } from '../shared/ordered-places.js'
import type { Item, LayeredCell, Segment } from './cell-layers.js'

export const OPERATION = { width: 46, height: 34, gap: 8 }
/** Width of a block: its two operations. */
export const BLOCK_WIDTH = 2 * OPERATION.width + OPERATION.gap
/** What combines a block's operations, which its edges leave. */
export const COMBINE = { width: 52, height: 20 }

/** Between neighbours of one layer: boxes, a box and an edge that passes, two such edges. */
const BESIDE = 14
const BESIDE_PASS = 12
/** Between edges that leave one box. */
const PORT = 9
const LEAST_INPUT_WIDTH = 64
/** Enough for every example to stand still. */
const SWEEPS = 100

export type Places = ReadonlyMap<Item, number>

/** From the middle of its item to where a segment ends. */
export function endShift({ to, side }: Segment, { swapped }: LayeredCell): number {
  if (side === undefined) return 0
  const shift = (OPERATION.width + OPERATION.gap) / 2
  return (side === 'right') !== swapped.has(to.state) ? shift : -shift
}

/** From the middle of their item to where its segments begin: beside each other, in the order of their ends. */
export function startShifts(layered: LayeredCell, places: Places): Map<Segment, number> {
  const shifts = new Map<Segment, number>()
  for (const [layer, segments] of layered.gaps.entries())
    for (const item of layered.layers[layer]) {
      const own = segments
        .filter(({ from }) => from === item)
        .map((segment) => ({ segment, end: places.get(segment.to)! + endShift(segment, layered) }))
        .sort((a, b) => a.end - b.end)
      const spacing = portSpacing(item, own.length)
      for (const [i, { segment }] of own.entries()) shifts.set(segment, spacing * (i - (own.length - 1) / 2))
    }
  return shifts
}

/** Inputs grow with the edges that leave them; blocks do not, and their edges move together. */
function portSpacing({ kind }: Item, edges: number): number {
  if (kind === 'pass') return 0
  return kind === 'input' ? PORT : Math.min(PORT, COMBINE.width / (edges + 1))
}

/** Room for all edges that leave it. */
export function inputWidth(item: Item, { gaps }: LayeredCell): number {
  const edges = gaps[0].filter(({ from }) => from === item).length
  return Math.max(LEAST_INPUT_WIDTH, PORT * (edges + 2))
}

/**
 * Middles of all items. Each goes to the mean of what it is joined to, as far as order and gaps allow, layer by layer
 * up and down until nothing moves: so edges become as short and upright as they can.
 */
export function placesAcross(layered: LayeredCell): Places {
  const places = new Map<Item, number>()
  const widthOf = (item: Item): number => {
    if (item.kind === 'input') return inputWidth(item, layered)
    return item.kind === 'block' ? BLOCK_WIDTH : 0
  }
  const gapsOf = (layer: readonly Item[]): number[] =>
    layer.slice(1).map((item, i) => {
      const passes = [item, layer[i]].some(({ kind }) => kind === 'pass')
      return (widthOf(item) + widthOf(layer[i])) / 2 + (passes ? BESIDE_PASS : BESIDE)
    })
  for (const layer of layered.layers) {
    const packed = orderedPlaces(
      layer.map(() => 0),
      gapsOf(layer),
    )
    for (const [i, item] of layer.entries()) places.set(item, packed[i])
  }

  const joined = joinsOf(layered)
  const up = layered.layers.map((_, l) => l)
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    for (const l of sweep % 2 === 0 ? up : [...up].reverse()) {
      const layer = layered.layers[l]
      const wanted = layer.map((item) => {
        const joins = joined.get(item)!
        const weight = joins.reduce((sum, join) => sum + join.weight, 0)
        if (weight === 0) return { place: places.get(item)!, weight: 1e-6 }
        const sum = joins.reduce((sum, join) => sum + join.weight * (places.get(join.other)! + join.shift), 0)
        return { place: sum / weight, weight }
      })
      const found = orderedPlaces(
        wanted.map(({ place }) => place),
        gapsOf(layer),
        wanted.map(({ weight }) => weight),
      )
      for (const [i, item] of layer.entries()) places.set(item, found[i])
    }
  return places
}

interface Join {
  other: Item
  /** Where the item wants to stand, from the middle of the other. */
  shift: number
  weight: number
}

function joinsOf(layered: LayeredCell): Map<Item, Join[]> {
  const joined = new Map<Item, Join[]>(layered.layers.flat().map((item) => [item, []]))
  for (const segment of layered.gaps.flat()) {
    const { from, to } = segment
    const weight = weightOf(segment)
    const shift = endShift(segment, layered)
    joined.get(from)!.push({ other: to, shift, weight })
    joined.get(to)!.push({ other: from, shift: -shift, weight })
  }
  return joined
}

/** Edges that pass layers shall be straight; the concatenation shall not pull everything to the middle. */
function weightOf({ from, to }: Segment): number {
  if (to.kind === 'output') return 0.25
  if (from.kind === 'pass' && to.kind === 'pass') return 8
  return from.kind === 'pass' || to.kind === 'pass' ? 2 : 1
}
