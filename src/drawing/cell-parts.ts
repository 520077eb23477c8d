/** What a cell's drawing is made of: boxes with their text, and edges with their tips. */
import { tenth } from '../shared/charts/picture.js'
import { attributes, type Html, type HtmlValue, html } from '../shared/html.js'
import type { Box, CellLayout, Edge } from './cell-layout.js'
import { FAMILY_COLOURS, operationFamily, operationLabel, operationLines } from './operation-families.js'

/** Dark on light, as the boxes stay on dark paper too. */
const INK = '#2b2b2b'
const GREEN = { fill: '#c6ead9', line: '#00805c' }
const WHITE = { fill: '#ffffff', line: '#555555' }
/** Edges by where they come from. */
const EDGE_COLOURS = { current: '#1d4f7c', previous: '#a3477f', block: '#7d7d7d' }
const DARK_EDGE_COLOURS = { current: '#6fb1ea', previous: '#e08abf', block: '#9a9a9a' }
/** Rules for dark paper. */
export const DARK = Object.entries(DARK_EDGE_COLOURS)
  .map(([source, colour]) => `.edge.${source}{stroke:${colour}}.tip.${source}{fill:${colour}}`)
  .join('')

export const cellParts = ({ boxes, edges }: CellLayout): Html[] => [
  ...edges.map(drawEdge),
  ...boxes.map(drawBox),
]

function drawEdge({ from, points }: Edge): Html {
  const source = from.kind !== 'input' ? 'block' : from.state === 0 ? 'current' : 'previous'
  // After a C, every three points are a curve.
  const [first, ...rest] = points.map(({ x, y }) => `${tenth(x)} ${tenth(y)}`)
  const colour = EDGE_COLOURS[source]
  const { x, y } = points.at(-1)!
  const way = { d: `M${first}C${rest.join(' ')}`, fill: 'none', stroke: colour, 'stroke-width': 1.4 }
  const tip = { d: `M${tenth(x)} ${tenth(y)}l-3.2 6.5h6.4z`, fill: colour }
  return html`
<path${attributes({ class: `edge ${source}`, ...way })}/><path${attributes({ class: `tip ${source}`, ...tip })}/>`
}

function drawBox(box: Box): Html {
  const { left, top, width, height } = box
  const { fill, line } = coloursOf(box)
  const unread = box.kind === 'input' && !box.read
  const size = { x: left, y: top, width, height, rx: box.kind === 'operation' ? 6 : height / 2 }
  const look = { fill, stroke: line, 'stroke-width': 1.2, 'stroke-dasharray': unread && '3 3' }
  return html`
<g${attributes({ opacity: unread && 0.5 })}><title>${titleOf(box)}</title><rect${attributes({ ...size, ...look })}/>${textOf(box)}</g>`
}

function coloursOf(box: Box): { fill: string; line: string } {
  switch (box.kind) {
    case 'operation':
      return FAMILY_COLOURS[operationFamily(box.path.operation)]
    case 'input':
      return { fill: WHITE.fill, line: box.state === 0 ? EDGE_COLOURS.current : EDGE_COLOURS.previous }
    case 'output':
      return WHITE
    default:
      return GREEN
  }
}

/** Lines of text around the middle of a box. */
function textOf(box: Box): Html[] {
  const x = box.left + box.width / 2
  const middle = box.top + box.height / 2
  const line = (text: HtmlValue, y: number, size = 12) =>
    html`<text${attributes({ x, y: y + 4, 'font-size': size, 'text-anchor': 'middle', fill: INK })}>${text}</text>`
  if (box.kind === 'operation') {
    const lines = operationLines(box.path.operation)
    // A line alone is a long word.
    if (lines.length === 1) return [line(lines[0], middle, 10.5)]
    return lines.map((text, i) => line(text, middle + 13 * (i - 0.5)))
  }
  if (box.kind === 'combine') return [line(box.combine, middle)]
  if (box.kind === 'concat') return [line('concat', middle)]
  const index = box.kind === 'output' ? 'i+1' : box.state === 0 ? 'i' : 'i−1'
  return [
    line(
      html`<tspan font-size="14" font-style="italic">h</tspan><tspan font-size="10" dy="3">${index}</tspan>`,
      middle,
    ),
  ]
}

const stateName = (state: number): string =>
  state === 0 ? 'h(i)' : state === 1 ? 'h(i−1)' : `block ${state}`

/** What a hovering mouse reads. */
function titleOf(box: Box): string {
  switch (box.kind) {
    case 'operation':
      return `block ${box.state}, ${box.side}: ${operationLabel(box.path.operation)} of ${stateName(box.path.input)}`
    case 'combine':
      return `block ${box.state}: ${box.combine}`
    case 'input':
      return box.state === 0
        ? 'h(i), the output of the cell before, after its 1×1 convolution'
        : 'h(i−1), the output of the cell before that, brought to the same size'
    case 'concat':
      return 'concatenation along the channels'
    case 'output':
      return 'h(i+1), the output of this cell'
  }
}
