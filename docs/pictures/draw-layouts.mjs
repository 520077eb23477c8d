#!/usr/bin/env node
/**
 * Draws the same cells twice, laid out by src/drawing and by elkjs, to compare the two layouts. elkjs is no dependency
 * of this project: `npm install --prefix FOLDER elkjs` somewhere else, and give its path.
 *
 *   npm run build && node docs/pictures/draw-layouts.mjs FOLDER/node_modules/elkjs/lib/main.js
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AMOEBANET_A, NASNET_A, random } from '../../dist/models/index.js'
import { layoutCell } from '../../dist/src/drawing/cell-layout.js'
import { cellParts, DARK } from '../../dist/src/drawing/cell-parts.js'
import { decodeCells, randomDecisions } from '../../dist/src/search/space/genotypes.js'
import { paperSpace } from '../../dist/src/search/space/space.js'
import { moved, svgPicture } from '../../dist/src/shared/charts/picture.js'
import { svgText } from '../../dist/src/shared/charts/text.js'

const [elkPath] = process.argv.slice(2)
if (elkPath === undefined) throw new Error('Give the path of elkjs/lib/main.js.')
const { default: ELK } = await import(pathToFileURL(resolve(elkPath)))

const drawn = (seed) =>
  decodeCells(paperSpace, randomDecisions(paperSpace, random(seed, 'layouts').uniform)).normal
const CELLS = {
  'NASNet-A, reduction cell': NASNET_A.reduction,
  'AmoebaNet-A, normal cell': AMOEBANET_A.normal,
  'drawn at random, seed 1': drawn(1),
  'drawn at random, seed 2': drawn(2),
  'drawn at random, seed 3': drawn(3),
}

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'UP',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'SPLINES',
  'elk.spacing.nodeNode': '14',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '9',
  'elk.layered.spacing.nodeNodeBetweenLayers': '40',
  'elk.layered.thoroughness': '100',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
}
/** A block is one node with its operations inside, so that it stays together. */
const BLOCK = {
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
  'elk.spacing.nodeNode': '8',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
}

/** The boxes and edges of our layout, placed by elk instead. */
async function layoutByElk(cell) {
  const { boxes, edges } = layoutCell(cell)
  const ids = new Map(boxes.map((box, i) => [box, `box ${i}`]))
  const nodeOf = (box) => ({
    id: ids.get(box),
    width: box.width,
    height: box.height,
    layoutOptions: box.kind === 'input' ? { 'elk.layered.layering.layerConstraint': 'FIRST' } : {},
  })
  const inBlock = ({ kind }) => kind === 'operation' || kind === 'combine'
  const states = [...new Set(boxes.filter(inBlock).map(({ state }) => state))]
  const blocks = states.map((state) => ({
    id: `block ${state}`,
    layoutOptions: BLOCK,
    children: boxes.filter((box) => inBlock(box) && box.state === state).map(nodeOf),
  }))
  const graph = await new ELK().layout({
    id: 'cell',
    layoutOptions: OPTIONS,
    children: [...boxes.filter((box) => !inBlock(box)).map(nodeOf), ...blocks],
    edges: edges.map(({ from, to }, i) => ({
      id: `edge ${i}`,
      sources: [ids.get(from)],
      targets: [ids.get(to)],
    })),
  })
  const nodes = new Map(
    graph.children.flatMap((node) => [node, ...(node.children ?? [])]).map((node) => [node.id, node]),
  )
  const placed = new Map(
    boxes.map((box) => {
      const { x, y } = nodes.get(ids.get(box))
      return [box, { ...box, left: x, top: y }]
    }),
  )
  return {
    width: graph.width,
    height: graph.height,
    boxes: [...placed.values()],
    edges: graph.edges.map(({ sections: [section] }, i) => ({
      from: placed.get(edges[i].from),
      to: placed.get(edges[i].to),
      points: curvesThrough([section.startPoint, ...(section.bendPoints ?? []), section.endPoint]),
    })),
  }
}

/** Elk's splines as cubic curves: three more points are one, two a quadratic one, one a straight line. */
function curvesThrough([start, ...rest]) {
  const between = (a, b, part) => ({ x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part })
  const points = [start]
  for (let i = 0; i < rest.length; ) {
    const [from, left] = [points.at(-1), rest.slice(i, i + 3)]
    const end = left.at(-1)
    if (left.length === 3) points.push(...left)
    else points.push(between(from, left[0], 2 / 3), between(end, left[0], 2 / 3), end)
    i += left.length
  }
  return points
}

/** The layouts side by side, as many in a row as there is room for. */
function sheet(title, layouts) {
  const [margin, head, widest] = [18, 34, 1300]
  const parts = []
  let [x, y, width, height] = [margin, margin, 0, 0]
  for (const [name, layout] of layouts) {
    if (x > margin && x + layout.width > widest) [x, y, height] = [margin, y + height + 2 * margin, 0]
    const heading = svgText(0, 14, name, { kind: 'ink', size: 15, bold: true })
    parts.push(moved(x, y, [heading, moved(0, head, cellParts(layout))]))
    x += Math.max(layout.width, 210) + 40
    width = Math.max(width, x - 40 + margin)
    height = Math.max(height, head + layout.height)
  }
  const size = { width: Math.ceil(width), height: Math.ceil(y + height + margin) }
  return svgPicture({ title, ...size, kind: 'cells', dark: DARK }, parts)
}

const own = Object.entries(CELLS).map(([name, cell]) => [name, layoutCell(cell)])
const elk = await Promise.all(
  Object.entries(CELLS).map(async ([name, cell]) => [name, await layoutByElk(cell)]),
)
await writeFile(new URL('layout-own.svg', import.meta.url), sheet('Cells laid out by src/drawing', own))
await writeFile(new URL('layout-elk.svg', import.meta.url), sheet('Cells laid out by elkjs', elk))
