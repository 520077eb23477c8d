/** Cells as pictures, after figure 4 of Zoph et al. 2018: inputs at the bottom, blocks, the output at the top. */
import type { Cell } from '../../models/genotype.js'
import type { CellKind } from '../search/space/space.js'
import { moved, svgPicture } from '../shared/charts/picture.js'
import { svgText } from '../shared/charts/text.js'
import type { Html } from '../shared/html.js'
import { type LayeredCell, layerCell } from './cell-layers.js'
import { type CellLayout, layoutCell } from './cell-layout.js'
import { cellParts, DARK } from './cell-parts.js'

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

/** Draws the cells of a genotype side by side, each under its title. */
export function drawGenotype(genotype: DrawnCells): string {
  const parts: Html[] = []
  let [right, y] = [0, MARGIN]
  for (const row of rowsOf(genotype)) {
    const height = TITLE_HEIGHT + Math.max(...row.map(({ layout }) => layout.height))
    let x = MARGIN
    for (const { kind, cell, layered } of row) {
      const layout = layoutCell(cell, height - TITLE_HEIGHT, layered)
      parts.push(moved(x, y + height - layout.height, [title(TITLES[kind], layout), cellParts(layout)]))
      x += layout.width + BETWEEN
    }
    right = Math.max(right, x - BETWEEN)
    y += height + BETWEEN
  }
  const kinds = KINDS.filter((kind) => genotype[kind] !== undefined)
  const name = kinds.map((kind) => TITLES[kind]).join(', ')
  return picture(name, right + MARGIN, y - BETWEEN + MARGIN, parts)
}

/** Draws one cell. */
export function drawCell(cell: Cell): string {
  const layout = layoutCell(cell)
  const [width, height] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN]
  return picture('A cell', width, height, [moved(MARGIN, MARGIN, cellParts(layout))])
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
function title(text: string, { width, boxes }: CellLayout): Html {
  const { left, width: own } = boxes.find(({ kind }) => kind === 'output')!
  const x = Math.max(HALF_TITLE, Math.min(width - HALF_TITLE, left + own / 2))
  return svgText(x, -20, text, { anchor: 'middle', kind: 'ink', size: 15, bold: true })
}

function picture(title: string, width: number, height: number, parts: Html[]): string {
  const size = { width: Math.ceil(width), height: Math.ceil(height) }
  return svgPicture({ title, ...size, kind: 'cells', dark: DARK }, parts)
}
