/** Cells as pictures, after figure 4 of Zoph et al. 2018: inputs at the bottom, blocks, the output at the top. */
import type { Cell } from '../../models/genotype.js'
import type { CellKind } from '../search/space/space.js'
import { type LayeredCell, layerCell } from './cell-layers.js'
import { type Box, type CellLayout, type Edge, layoutCell } from './cell-layout.js'
import { FAMILY_COLOURS, operationFamily, operationLabel, operationLines } from './operation-families.js'

/** Cells by kind; a network without one leaves it out. */
export type DrawnCells = { readonly [kind in CellKind]?: Cell }

const KINDS: readonly CellKind[] = ['normal', 'reduction', 'expansion']
const TITLES: Record<CellKind, string> = {
  normal: 'Normal cell',
  reduction: 'Reduction cell',
  expansion: 'Expansion cell',
}

const MARGIN = 18
const TITLE_HEIGHT = 34
const BETWEEN = 40
/** No title is wider than twice this. */
const HALF_TITLE = 56
/** Wider than this, cells stand below each other, so that their text stays readable on a screen. */
const WIDEST_ROW = 1400

/** Dark on light. The classes let a page recolour what stands outside of the boxes. */
const INK = '#2b2b2b'
const GREEN = { fill: '#c6ead9', line: '#00805c' }
const WHITE = { fill: '#ffffff', line: '#555555' }
/** Edges by where they come from. */
const EDGE_COLOURS = { current: '#1d4f7c', previous: '#a3477f', block: '#7d7d7d' }

/** Draws the cells of a genotype side by side, each under its title. */
export function drawGenotype(genotype: DrawnCells): string {
  const parts: string[] = []
  let [right, y] = [0, MARGIN]
  for (const row of rowsOf(genotype)) {
    const height = TITLE_HEIGHT + Math.max(...row.map(({ layout }) => layout.height))
    let x = MARGIN
    for (const { kind, cell, layered } of row) {
      const layout = layoutCell(cell, height - TITLE_HEIGHT, layered)
      parts.push(`<g transform="translate(${place(x)} ${place(y + height - layout.height)})">`)
      parts.push(title(TITLES[kind], layout), cellParts(layout), '</g>')
      x += layout.width + BETWEEN
    }
    right = Math.max(right, x - BETWEEN)
    y += height + BETWEEN
  }
  const kinds = KINDS.filter((kind) => genotype[kind] !== undefined)
  return svg(kinds.map((kind) => TITLES[kind]).join(', '), right + MARGIN, y - BETWEEN + MARGIN, parts)
}

/** Draws one cell. */
export function drawCell(cell: Cell): string {
  const layout = layoutCell(cell)
  return svg('A cell', layout.width + 2 * MARGIN, layout.height + 2 * MARGIN, [
    `<g transform="translate(${MARGIN} ${MARGIN})">`,
    cellParts(layout),
    '</g>',
  ])
}

interface Entry {
  kind: CellKind
  cell: Cell
  layered: LayeredCell
  layout: CellLayout
}

/** As many cells beside each other as there is room for. */
function rowsOf(genotype: DrawnCells): Entry[][] {
  const rows: Entry[][] = []
  let room = 0
  for (const kind of KINDS) {
    const cell = genotype[kind]
    if (cell === undefined) continue
    const layered = layerCell(cell)
    const layout = layoutCell(cell, 0, layered)
    if (rows.length === 0 || room < layout.width) {
      rows.push([])
      room = WIDEST_ROW
    }
    rows.at(-1)!.push({ kind, cell, layered, layout })
    room -= layout.width + BETWEEN
  }
  return rows
}

/** Above the output. */
function title(text: string, { width, boxes }: CellLayout): string {
  const { left, width: own } = boxes.find(({ kind }) => kind === 'output')!
  const x = Math.max(HALF_TITLE, Math.min(width - HALF_TITLE, left + own / 2))
  return `<text class="ink" x="${place(x)}" y="-20" font-size="15" font-weight="600" text-anchor="middle" fill="${INK}">${text}</text>`
}

function svg(name: string, width: number, height: number, parts: string[]): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="cells" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="system-ui, Helvetica, Arial, sans-serif">`,
    `<title>${name}</title>`,
    `<rect class="paper" width="100%" height="100%" fill="#fff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function cellParts({ boxes, edges }: CellLayout): string {
  return [...edges.map(drawEdge), ...boxes.map(drawBox)].join('\n')
}

const place = (value: number): string => String(Math.round(value * 10) / 10)

function drawEdge({ from, points }: Edge): string {
  const source = from.kind !== 'input' ? 'block' : from.state === 0 ? 'current' : 'previous'
  // After a C, every three points are a curve.
  const [first, ...rest] = points.map(({ x, y }) => `${place(x)} ${place(y)}`)
  const colour = EDGE_COLOURS[source]
  const { x, y } = points.at(-1)!
  return (
    `<path class="edge ${source}" d="M${first}C${rest.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.4"/>` +
    `<path class="tip ${source}" d="M${place(x)} ${place(y)}l-3.2 6.5h6.4z" fill="${colour}"/>`
  )
}

function drawBox(box: Box): string {
  const { left, top, width, height } = box
  const { fill, line } = coloursOf(box)
  const [faint, dashed] =
    box.kind === 'input' && !box.read ? [' opacity="0.5"', ' stroke-dasharray="3 3"'] : ['', '']
  const radius = box.kind === 'operation' ? 6 : height / 2
  return [
    `<g${faint}><title>${titleOf(box)}</title>`,
    `<rect x="${place(left)}" y="${place(top)}" width="${place(width)}" height="${height}" rx="${radius}" fill="${fill}" stroke="${line}" stroke-width="1.2"${dashed}/>`,
    ...textOf(box),
    '</g>',
  ].join('')
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
function textOf(box: Box): string[] {
  const x = place(box.left + box.width / 2)
  const middle = box.top + box.height / 2
  const line = (text: string, y: number, size = 12) =>
    `<text x="${x}" y="${place(y + 4)}" font-size="${size}" text-anchor="middle" fill="${INK}">${text}</text>`
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
      `<tspan font-size="14" font-style="italic">h</tspan><tspan font-size="10" dy="3">${index}</tspan>`,
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
