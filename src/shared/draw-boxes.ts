/**
 * Boxes and their labels as an SVG to draw over an image. Plain text in and out, so that pages in a browser, the
 * server and the commands draw them alike.
 */
import { attributes, type Html, html, rounded } from './html.js'

export interface DrawnBox {
  /** [x, y, width, height] in pixels of the image. */
  bbox: readonly [number, number, number, number]
  /** A box with an empty label and no score is drawn without text. */
  label: string
  /** 0 to 1; shown after the label with two decimals. */
  score?: number
  /** As `#rrggbb`. */
  colour: string
  /** To distinguish it from the rest, for example ground truth from detections. */
  dashed?: boolean
}

interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/** All common monospaced fonts have advances of 0.60 em, so that a label's width is known without measuring it. */
const FONT_FAMILY = 'DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace'
const ADVANCE = 0.602
/** In pixels; smaller letters cannot be read. */
const MIN_FONT_SIZE = 10

/**
 * An SVG of the image's size with each box outlined and labelled. Lines and letters grow with the image. Labels
 * are inside the image, above their box where there is room, and do not cover those of earlier boxes; a label that finds no
 * place is left out, as all are on images too small for letters. Earlier boxes are on top.
 *
 * @param image Size in pixels.
 * @param boxes The most important first.
 */
export function boxesSvg(image: { width: number; height: number }, boxes: readonly DrawnBox[]): string {
  const { width, height } = image
  const extent = Math.sqrt(width * height)
  const line = Math.max(1, extent / 220)
  const fontSize = Math.max(MIN_FONT_SIZE, Math.min(extent * 0.023, Math.min(width, height) / 8))
  const outlines = boxes.map((box) => outline(box, line, image)).reverse()
  return String(html`<svg xmlns="http://www.w3.org/2000/svg"${attributes({ width, height, viewBox: `0 0 ${width} ${height}` })}>
<g fill="none" stroke-linejoin="round">${outlines}</g>
<g${attributes({ 'font-family': FONT_FAMILY, 'font-size': fontSize })}>
${labels(image, boxes, fontSize).reverse()}
</g></svg>`)
}

/** A colour for each category, as `#rrggbb`; neighbouring ids have very different colours. */
export function categoryColour(id: number): string {
  // The golden angle spreads any run of consecutive ids evenly over the circle of hues.
  const hue = (((id * 137.508) % 360) + 360) % 360
  const lightness = [0.5, 0.62, 0.4][((id % 3) + 3) % 3]
  const chroma = 0.95 * Math.min(lightness, 1 - lightness)
  const channel = (offset: number) => {
    const k = (offset + hue / 30) % 12
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return `#${[0, 8, 4].map((offset) => channel(offset).toString(16).padStart(2, '0')).join('')}`
}

/** A line on a darker, wider one, which separates it from a background of its own colour. */
function outline(
  { bbox, colour, dashed }: DrawnBox,
  line: number,
  image: { width: number; height: number },
): Html {
  const [x, y, width, height] = bbox
  // Keep the whole width of a line inside the image.
  const inset = (value: number, side: number) => Math.max(line / 2, Math.min(side - line / 2, value))
  const left = inset(x, image.width)
  const top = inset(y, image.height)
  const place = {
    x: left,
    y: top,
    width: Math.max(0, inset(x + width, image.width) - left),
    height: Math.max(0, inset(y + height, image.height) - top),
  }
  const dashes = { 'stroke-dasharray': dashed && `${rounded(line * 3)} ${rounded(line * 2)}` }
  const darker = { stroke: '#000000', 'stroke-opacity': 0.5, 'stroke-width': line * 1.8 }
  return html`<rect${attributes({ ...place, ...darker, ...dashes })}/><rect${attributes({ ...place, stroke: colour, 'stroke-width': line, ...dashes })}/>`
}

function labels(
  image: { width: number; height: number },
  boxes: readonly DrawnBox[],
  fontSize: number,
): Html[] {
  const height = fontSize * 1.3
  const padding = fontSize * 0.3
  const cells = Math.floor((image.width - 2 * padding) / (ADVANCE * fontSize))
  if (image.height < 5 * height || cells < 3) return []
  const taken: Rectangle[] = []
  return boxes.flatMap(({ bbox, label, score, colour }) => {
    if (label === '' && score === undefined) return []
    const text = fitText(printable(label), score === undefined ? '' : score.toFixed(2), cells)
    const width = Math.min(image.width, countCells(text) * ADVANCE * fontSize + 2 * padding)
    const place = freePlace(bbox, { width, height }, image, taken)
    if (place === undefined) return []
    taken.push(place)
    const ground = attributes({ ...place, fill: colour, 'fill-opacity': 0.85 })
    const start = attributes({ x: place.x + padding, y: place.y + fontSize, fill: inkOn(colour) })
    return [html`<rect${ground}/><text${start}>${text}</text>`]
  })
}

/** Rows above or below its box in which a label may stand: farther away, it is not seen to be the box's. */
const ROWS_AWAY = 2

/** Tries above the box, inside, below, beside, and a row further; undefined where no place is free of other labels. */
function freePlace(
  [x, y, width, height]: DrawnBox['bbox'],
  label: { width: number; height: number },
  image: { width: number; height: number },
  taken: readonly Rectangle[],
): Rectangle | undefined {
  const [right, bottom] = [x + width, y + height]
  const within = [x, right - label.width]
  const beside = [right, x - label.width]
  const rows = [y - label.height, y, bottom, bottom - label.height]
  for (let away = 1; away <= ROWS_AWAY; away++)
    rows.push(y - (1 + away) * label.height, y + away * label.height, bottom + away * label.height)
  const places = [within, beside].flatMap((columns) =>
    rows.flatMap((row) => columns.map((column) => ({ row, column }))),
  )
  for (const { row, column } of places) {
    const place = {
      x: Math.max(0, Math.min(image.width - label.width, column)),
      y: Math.max(0, Math.min(image.height - label.height, row)),
      ...label,
    }
    if (!taken.some((other) => overlap(place, other) > 0)) return place
  }
  return undefined
}

function overlap(a: Rectangle, b: Rectangle): number {
  const along = (p: number, q: number, pLength: number, qLength: number) =>
    Math.max(0, Math.min(p + pLength, q + qLength) - Math.max(p, q))
  return along(a.x, b.x, a.width, b.width) * along(a.y, b.y, a.height, b.height)
}

/** Label and score, in the given number of cells: what is too long loses the score first, then the label's end. */
function fitText(label: string, score: string, cells: number): string {
  const full = score === '' ? label : `${label} ${score}`
  if (countCells(full) <= cells) return full
  let text = ''
  for (const letter of label) {
    if (countCells(text + letter) > cells - (countCells(label) > cells ? 1 : 0)) break
    text += letter
  }
  return text === label ? label : `${text}…`
}

/** East Asian letters and emoji occupy two cells of a monospaced font, combining marks none. */
function countCells(text: string): number {
  let cells = 0
  for (const letter of text)
    if (!/\p{M}/u.test(letter))
      cells +=
        /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|\p{Emoji_Presentation}/u.test(
          letter,
        )
          ? 2
          : 1
  return cells
}

/** Replaces what XML forbids and no font shows: controls, lone surrogates, two noncharacters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, ' ')
}

/** Black or white, whichever stands out more (relative luminance of WCAG 2, where 0.179 contrasts alike with both). */
function inkOn(colour: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff'
}
