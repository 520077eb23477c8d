#!/usr/bin/env node
/**
 * Draws the rooms of this project and who imports whom, read from the sources: `npm run build`, then
 * `node docs/pictures/draw-architecture.mjs [FILE]`. Where the boxes stand is said here; which arrows there are is not.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fillOf, moved, svgPicture } from '../../dist/src/shared/charts/picture.js'
import { svgText } from '../../dist/src/shared/charts/text.js'
import { attributes, html } from '../../dist/src/shared/html.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [WIDTH, HEIGHT, BOX] = [980, 796, { width: 250, height: 62 }]
const WIDE = { x: 490, width: 944 }

/** Middles of the boxes, their tops, and what the bytes become there. The folder that is deepest counts. */
const ROOMS = {
  'src/commands': { ...WIDE, y: 62, series: 3, text: 'flags in, one call, what a person reads out' },
  'src/chain': {
    x: 287,
    y: 172,
    width: 525,
    series: 3,
    text: 'a search, then a classifier, then a detector',
  },
  'src/search': { x: 150, y: 284, series: 1, text: 'proposals in, rewards out: journal' },
  'src/drawing': { x: 425, y: 284, series: 4, text: 'genotype in, SVG out' },
  'src/weights': { x: 648, y: 284, width: 150, series: 3, text: 'weights in, runs out' },
  serve: { x: 861, y: 284, width: 204, series: 2, text: 'upload in, classes or boxes out' },
  'src/train': { x: 150, y: 404, series: 1, text: 'images in, model.onnx out' },
  'src/search/space': { x: 425, y: 404, series: 1, text: 'decisions in, genotype out' },
  datasets: { x: 150, y: 524, series: 5, text: 'files in, pixels and labels out' },
  models: { x: 425, y: 524, series: 0, text: 'genotype in, network of tf.* out' },
  'src/engine': { x: 697, y: 524, series: 0, text: 'tf.* in, one ONNX graph out' },
  'datasets/coco-ts': { x: 150, y: 628, series: 5, text: 'annotations, COCO metrics' },
  'src/runtime': { x: 815, y: 628, series: 2, text: 'graph, tensors in; tensors out' },
  'src/shared': {
    ...WIDE,
    y: 716,
    series: 'neutral',
    text: 'files, locks, model cards, charts, HTML',
  },
}
/** Files that carry bytes from one room to another that does not import it. */
const FILES = [{ from: 'src/train', to: 'serve', text: 'model.onnx' }]

const folders = Object.keys(ROOMS).sort((a, b) => b.length - a.length)
const roomOf = (path) => folders.find((folder) => path.startsWith(`${folder}/`))

/** Rooms that each room imports. */
function readImports() {
  const imports = new Map(folders.map((folder) => [folder, new Set()]))
  const sources = ['src', 'serve', 'models', 'datasets'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path)),
  )
  for (const path of sources) {
    if (!path.endsWith('.ts') || /node_modules|\/dist\/|\/test\//.test(path)) continue
    const from = roomOf(path)
    for (const [, name] of readFileSync(join(root, path), 'utf8').matchAll(
      /['"](\.{1,2}\/[^'"]+|#coco-ts)['"]/g,
    )) {
      const to = name === '#coco-ts' ? 'datasets/coco-ts' : roomOf(normalize(join(dirname(path), name)))
      if (from !== undefined && to !== undefined && from !== to) imports.get(from).add(to)
    }
  }
  return imports
}

/** Without imports that lead to a room which a longer way reaches too. */
function withoutDetours(imports) {
  const reaches = (from, to) => [...imports.get(from)].some((next) => next === to || reaches(next, to))
  return [...imports].flatMap(([from, targets]) =>
    [...targets]
      .filter((to) => ![...targets].some((other) => other !== to && reaches(other, to)))
      .map((to) => ({ from, to })),
  )
}

const SHARED = 'src/shared'

/** Who does not import what nearly all do: arrows from everywhere would hide the others. */
function sharedBy(imports) {
  const others = folders.filter((name) => name !== SHARED && !imports.get(name).has(SHARED)).sort()
  return others.length === 0 ? 'every room imports it' : `every room imports it but ${others.join(', ')}`
}

const sizeOf = (name) => ({ ...BOX, ...ROOMS[name] })

/** Where an edge leaves or arrives: side by side in the order of the other ends, below each other where a box is wide. */
function ports(edges) {
  const at = new Map(edges.map((edge) => [edge, {}]))
  for (const name of folders) {
    const { x, width } = sizeOf(name)
    for (const end of ['from', 'to']) {
      const other = end === 'from' ? 'to' : 'from'
      const own = edges
        .filter((edge) => edge[end] === name)
        .sort((a, b) => sizeOf(a[other]).x - sizeOf(b[other]).x)
      for (const [i, edge] of own.entries())
        at.get(edge)[end] = width === WIDE.width ? sizeOf(edge[other]).x : x + 44 * (i - (own.length - 1) / 2)
    }
  }
  return at
}

function drawEdge({ from, to }, { from: start, to: end }) {
  const [a, b] = [sizeOf(from), sizeOf(to)]
  if (a.y === b.y) {
    const [left, right, y] = [a.x + BOX.width / 2, b.x - BOX.width / 2, a.y + BOX.height / 2]
    return html`
<path class="axis" d="M${left} ${y}H${right - 8}" stroke="#777" stroke-width="1.5"><title>${from} imports ${to}</title></path>
<path class="fill-neutral" d="M${right - 1} ${y}l-8 -4v8z" fill="#777"/>`
  }
  const [top, bottom] = [a.y + BOX.height, b.y]
  const bend = (top + bottom - 8) / 2
  const way = `M${start} ${top}C${start} ${bend} ${end} ${bend} ${end} ${bottom - 8}`
  return html`
<path class="axis" d="${way}" fill="none" stroke="#777" stroke-width="1.5"><title>${from} imports ${to}</title></path>
<path class="fill-neutral" d="M${end} ${bottom - 1}l-4 -8h8z" fill="#777"/>`
}

/** From the right edge of a room to the left edge of another. */
function drawFile({ from, to, text }) {
  const [a, b] = [sizeOf(from), sizeOf(to)]
  const [start, startY] = [a.x + a.width / 2, a.y + 14]
  const [end, endY] = [b.x - b.width / 2, b.y + 40]
  const between = b.y + BOX.height + 24
  const way =
    `M${start} ${startY}C${start + 20} ${startY} ${start + 8} ${between} ${start + 40} ${between}` +
    `H${end - 32}C${end - 6} ${between} ${end - 22} ${endY} ${end - 8} ${endY}`
  return html`
<path class="stroke-1" d="${way}" fill="none" stroke="#d55e00" stroke-width="2" stroke-dasharray="7 4"/>
<path${attributes({ ...fillOf(1), d: `M${end - 1} ${endY}l-8 -4v8z` })}/>
${svgText(end - 70, between + 18, text, { anchor: 'end', kind: 'ink' })}`
}

function drawRoom(name, more) {
  const { x, y, width, height, series, ...own } = sizeOf(name)
  const text = [own.text, more].filter(Boolean).join('; ')
  const box = { x: x - width / 2, y, width, height, rx: 8 }
  return html`
<rect class="paper"${attributes({ ...box, fill: '#fff' })}/><rect${attributes({ ...fillOf(series), ...box, 'fill-opacity': 0.16 })}/>
<rect${attributes({ ...fillOf(series), x: box.x, y, width: 6, height, rx: 3 })}/>
${svgText(x, y + 26, name, { anchor: 'middle', kind: 'ink', size: 15, bold: true })}
${svgText(x, y + 46, text, { anchor: 'middle', size: 12 })}`
}

const imports = readImports()
const edges = withoutDetours(imports).filter(({ to }) => to !== SHARED)
const places = ports(edges)
const title = 'The rooms of the project, and who imports whom'
const svg = svgPicture({ title, width: WIDTH, height: HEIGHT }, [
  svgText(18, 28, title, { kind: 'ink', size: 16, bold: true }),
  svgText(
    18,
    47,
    'Arrows: imports, without those that a longer way implies. Dashed: a file that one room writes and another reads.',
  ),
  moved(0, 0, [
    edges.map((edge) => drawEdge(edge, places.get(edge))),
    FILES.map(drawFile),
    Object.keys(ROOMS).map((name) => drawRoom(name, name === SHARED && sharedBy(imports))),
  ]),
])
writeFileSync(process.argv[2] ?? new URL('architecture.svg', import.meta.url), svg)
