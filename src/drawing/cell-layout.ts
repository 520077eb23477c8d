/** Where everything of a cell's drawing stands: boxes and curves, in points, y downwards. */
import { type Cell, outputStates, type Path } from '../../models/genotype.js'
import { orderedPlaces } from '../shared/ordered-places.js'
import { type Item, type LayeredCell, layerCell, type Segment, type Side } from './cell-layers.js'
import {
  COMBINE,
  endShift,
  inputWidth,
  OPERATION,
  type Places,
  placesAcross,
  startShifts,
} from './cell-places.js'

export interface Point {
  x: number
  y: number
}

/** `state` is the one that leaves the box; in an operation, that of its block. */
export type Box = { left: number; top: number; width: number; height: number; state: number } & (
  | { kind: 'input'; read: boolean }
  | { kind: 'operation'; side: Side; path: Path }
  | { kind: 'combine'; combine: 'add' | 'concat' }
  | { kind: 'concat' }
  | { kind: 'output' }
)

/** From a box upwards to another. */
export interface Edge {
  from: Box
  to: Box
  /** A chain of cubic Bézier curves: a start, then two control points and an end for each. */
  points: Point[]
}

export interface CellLayout {
  width: number
  height: number
  boxes: Box[]
  edges: Edge[]
}

/** The cell's inputs and its output. */
const END = { width: 64, height: 26 }
/** The concatenation: where its edges arrive, from its middle, as a part of where they begin; and how close. */
const CONCAT = { height: 22, narrowing: 0.4, port: 24, margin: 22, least: 76 }
/** Between the operations of a block and what combines them, and between the concatenation and the output. */
const INNER_GAP = 20
const BLOCK_HEIGHT = OPERATION.height + INNER_GAP + COMBINE.height
/** Between layers: higher where edges run far sidewards, so that they do not become flat. */
const GAP = { least: 40, most: 140, slope: 0.2 }

/**
 * Lays out a cell, from its inputs at the bottom to its output at the top.
 *
 * @param height Make it so high if stretching the gaps does it, so that cells side by side match.
 * @param layered The cell's layers, if they are known already: to find them takes longest.
 */
export function layoutCell(cell: Cell, height = 0, layered = layerCell(cell)): CellLayout {
  const places = placesAcross(layered)
  const ways = waysAcross(layered, places)
  const rows = rowsOf(layered, ways, outputStates(cell).length > 1, height)
  const boxes = layered.layers.flatMap((layer, l) =>
    layer.flatMap((item) => boxesOf(item, places.get(item)!, rows[l], cell, layered, ways)),
  )
  const edges = edgesOf(layered, ways, rows, boxes)
  return trimmed({ width: 0, height: rows[0].bottom, boxes, edges })
}

/** x where each segment begins and ends. */
type Ways = ReadonlyMap<Segment, { start: number; end: number }>

function waysAcross(layered: LayeredCell, places: Places): Ways {
  const shifts = startShifts(layered, places)
  const startOf = (segment: Segment) => places.get(segment.from)! + shifts.get(segment)!
  const ways = new Map<Segment, { start: number; end: number }>()
  for (const segment of layered.gaps.slice(0, -1).flat())
    ways.set(segment, { start: startOf(segment), end: places.get(segment.to)! + endShift(segment, layered) })
  const last = layered.gaps.at(-1)!.sort((a, b) => startOf(a) - startOf(b))
  const middle = places.get(layered.layers.at(-1)![0])!
  const ends = orderedPlaces(
    last.map((segment) => middle + CONCAT.narrowing * (startOf(segment) - middle)),
    last.slice(1).map(() => CONCAT.port),
  )
  for (const [i, segment] of last.entries()) ways.set(segment, { start: startOf(segment), end: ends[i] })
  return ways
}

interface Row {
  top: number
  bottom: number
}

/** The rows of the layers, from the inputs' up. */
function rowsOf({ layers, gaps }: LayeredCell, ways: Ways, concat: boolean, height: number): Row[] {
  const heights = layers.map((_, l) => {
    if (l === 0) return END.height
    return l < layers.length - 1 ? BLOCK_HEIGHT : END.height + (concat ? INNER_GAP + CONCAT.height : 0)
  })
  const least = gaps.map((segments) => {
    const far = segments.map((segment) => Math.abs(ways.get(segment)!.end - ways.get(segment)!.start))
    return Math.min(GAP.most, GAP.least + GAP.slope * Math.max(...far))
  })
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  const stretch = Math.max(1, (height - sum(heights)) / sum(least))
  const between = least.map((gap) => Math.min(GAP.most, gap * stretch))
  let bottom = sum(heights) + sum(between)
  return heights.map((own, l) => {
    const row = { top: bottom - own, bottom }
    bottom -= own + (between[l] ?? 0)
    return row
  })
}

/** The boxes of an item whose middle is x. */
function boxesOf(
  item: Item,
  x: number,
  { top, bottom }: Row,
  cell: Cell,
  layered: LayeredCell,
  ways: Ways,
): Box[] {
  const { kind, state } = item
  const box = (middle: number, from: number, width: number, height: number) => ({
    left: middle - width / 2,
    top: from,
    width,
    height,
    state,
  })
  if (kind === 'pass') return []
  if (kind === 'input') {
    const read = layered.gaps[0].some(({ from }) => from === item)
    return [{ kind, read, ...box(x, top, inputWidth(item, layered), END.height) }]
  }
  if (kind === 'block') {
    const { combine, ...paths } = cell.blocks[state - 2]
    const operations = (['left', 'right'] as const).map((side): Box => {
      const middle = x + endShift({ from: item, to: item, side }, layered)
      const { width, height } = OPERATION
      return { kind: 'operation', side, path: paths[side], ...box(middle, bottom - height, width, height) }
    })
    return [...operations, { kind: 'combine', combine, ...box(x, top, COMBINE.width, COMBINE.height) }]
  }
  const output: Box = { kind, ...box(x, top, END.width, END.height) }
  if (bottom - top === END.height) return [output]
  const arrivals = layered.gaps.at(-1)!.map((segment) => Math.abs(ways.get(segment)!.end - x))
  const width = Math.max(CONCAT.least, 2 * (Math.max(...arrivals) + CONCAT.margin))
  return [output, { kind: 'concat', ...box(x, bottom - CONCAT.height, width, CONCAT.height) }]
}

function edgesOf({ gaps }: LayeredCell, ways: Ways, rows: Row[], boxes: Box[]): Edge[] {
  /** Up to the end of a segment of the gap above layer `l`, from the box of the state that it carries. */
  const way = (segment: Segment, l: number): Point[] => {
    const { start, end } = ways.get(segment)!
    const begin = { x: start, y: rows[l].top }
    const arrival = { x: end, y: rows[l + 1].bottom }
    if (segment.from.kind !== 'pass') return [begin, ...curve(begin, arrival)]
    const before = way(gaps[l - 1].find(({ to }) => to === segment.from)!, l - 1)
    return [...before, ...curve(before.at(-1)!, begin), ...curve(begin, arrival)]
  }
  const leaving = (state: number): Box =>
    boxes.find((box) => (box.kind === 'input' || box.kind === 'combine') && box.state === state)!
  const output = boxes.find(({ kind }) => kind === 'output')!
  const gathered = boxes.find(({ kind }) => kind === 'concat') ?? output

  const between = gaps.flatMap((segments, l) =>
    segments.flatMap((segment): Edge[] => {
      const { from, to, side } = segment
      if (to.kind === 'pass') return []
      const operation = boxes.find(
        (box) => box.kind === 'operation' && box.state === to.state && box.side === side,
      )
      return [{ from: leaving(from.state), to: operation ?? gathered, points: way(segment, l) }]
    }),
  )
  const within = boxes.flatMap((from): Edge[] => {
    if (from.kind === 'concat') return [short(from, output)]
    return from.kind === 'operation' ? [short(from, leaving(from.state))] : []
  })
  return [...between, ...within]
}

/** From the middle of a box to the near part of the one above. */
function short(from: Box, to: Box): Edge {
  const start = { x: from.left + from.width / 2, y: from.top }
  const middle = to.left + to.width / 2
  const end = { x: middle + (start.x - middle) * 0.4, y: to.top + to.height }
  return { from, to, points: [start, ...curve(start, end)] }
}

/** Leaves and arrives upright. */
function curve(start: Point, end: Point): Point[] {
  const y = (start.y + end.y) / 2
  return [{ x: start.x, y }, { x: end.x, y }, end]
}

/** Begins at x = 0. */
function trimmed(layout: CellLayout): CellLayout {
  const xs = [
    ...layout.boxes.flatMap(({ left, width }) => [left, left + width]),
    ...layout.edges.flatMap(({ points }) => points.map(({ x }) => x)),
  ]
  const least = Math.min(...xs)
  for (const box of layout.boxes) box.left -= least
  for (const { points } of layout.edges) for (const point of points) point.x -= least
  return { ...layout, width: Math.max(...xs) - least }
}
