/** A sheet of small images with the boxes, masks and keypoints of their annotations drawn on them. */

import sharp, { type OverlayOptions } from 'sharp'
import type { Annotation, COCO, CocoImage } from '#coco-ts'
import { attributes, type Html, html } from '../../src/shared/html.js'
import { findImages } from '../files/image-index.js'
import { shortName } from './annotation-notes.js'

export interface SheetOptions {
  /** The folder of the images; without it, or where a file cannot be read, the ground stays grey. */
  folder?: string
  /** Instead of a folder: where an image is, as a path or the bytes of a file. */
  source?: (image: CocoImage) => string | Buffer | undefined
  /** How many images; by default 12, spread evenly over those that have annotations. */
  count?: number
  /** Instead of such a choice: these images. */
  images?: readonly CocoImage[]
  columns?: number
  /** Width and height of one image's place, in pixels. */
  tile?: { width: number; height: number }
}

const GAP = 6
const GROUND = '#26282c'
const EMPTY = '#5b6068'

/** Draws the sheet; PNG bytes. */
export async function drawContactSheet(coco: COCO, options: SheetOptions = {}): Promise<Buffer> {
  const { count = 12, tile = { width: 360, height: 300 } } = options
  const annotated = () => coco.dataset.images.filter((image) => coco.imgToAnns.has(image.id))
  const images = options.images ?? spreadOver(annotated(), count)
  const source = options.source ?? (await inFolder(options.folder, images))
  const columns = Math.max(1, Math.min(options.columns ?? 4, images.length))
  const rows = Math.max(1, Math.ceil(images.length / columns))
  const parts: OverlayOptions[] = []
  for (const [i, image] of images.entries()) {
    const scale = Math.min(tile.width / image.width, tile.height / image.height)
    const width = Math.max(1, Math.round(image.width * scale))
    const height = Math.max(1, Math.round(image.height * scale))
    const left = GAP + (i % columns) * (tile.width + GAP) + ((tile.width - width) >> 1)
    const top = GAP + Math.floor(i / columns) * (tile.height + GAP) + ((tile.height - height) >> 1)
    parts.push({ input: await ground(source(image), image, width, height), left, top })
    parts.push({ input: Buffer.from(overlay(coco, image, width, height)), left, top })
  }
  const canvas = {
    width: GAP + columns * (tile.width + GAP),
    height: GAP + rows * (tile.height + GAP),
    channels: 3 as const,
    background: GROUND,
  }
  return sharp({ create: canvas }).composite(parts).png().toBuffer()
}

function spreadOver<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list]
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)])
}

async function inFolder(
  folder: string | undefined,
  images: readonly CocoImage[],
): Promise<(image: CocoImage) => string | undefined> {
  if (folder === undefined) return () => undefined
  const names = images.map((image) => image.file_name)
  const lookups = await findImages(folder, names)
  const paths = new Map(
    lookups.map((lookup, i) => [images[i], lookup.kind === 'found' ? lookup.path : undefined]),
  )
  return (image) => paths.get(image)
}

async function ground(
  source: string | Buffer | undefined,
  image: CocoImage,
  width: number,
  height: number,
): Promise<Buffer> {
  const plain = sharp({ create: { width, height, channels: 3, background: EMPTY } })
  if (source === undefined) return plain.png().toBuffer()
  try {
    const { autoOrient: seen } = await sharp(source).metadata()
    // Annotations are for the image as people see it, or else as it is stored.
    const turned = seen.width === image.width && seen.height === image.height
    const photo = turned ? sharp(source).autoOrient() : sharp(source)
    return await photo.resize(width, height, { fit: 'fill' }).png().toBuffer()
  } catch {
    // checkImages names files that cannot be read; the sheet shows the rest.
    return plain.png().toBuffer()
  }
}

/** The annotations of one image as SVG, in pixels of the place they are drawn at. */
function overlay(coco: COCO, image: CocoImage, width: number, height: number): string {
  const anns = coco.imgToAnns.get(image.id) ?? []
  const scale = `scale(${width / image.width} ${height / image.height})`
  const shapes = anns
    .filter((ann) => ann.bbox !== undefined)
    .map((ann) => {
      const colour = colourOf(ann.category_id)
      const [x, y, w, h] = ann.bbox
      const box = attributes({
        ...{ x, y, width: w, height: h, fill: 'none', stroke: colour, 'stroke-width': 1.5 },
        ...{ 'vector-effect': 'non-scaling-stroke', 'stroke-dasharray': ann.iscrowd ? '4 3' : null },
      })
      return html`<path d="${maskPath(coco, ann)}" fill="${colour}" fill-opacity="0.4"/><rect${box}/>${keypoints(coco, ann, image)}`
    })
  const labels = anns
    .filter((ann) => ann.bbox !== undefined)
    .map((ann) => label(coco, ann, image, width, height))
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g transform="${scale}">${shapes}</g>${labels}</svg>`
  return String(svg)
}

/** Polygons as they are; the runs of other masks as one thin rectangle each. */
function maskPath(coco: COCO, ann: Annotation): string {
  const form = coco.maskForm(ann)
  if (form === 'none') return ''
  if (form === 'polygons') {
    const polygons = ann.segmentation as number[][]
    return polygons.map((polygon) => `M${polygon.join(' ')}Z`).join('')
  }
  const { height, counts } = coco.annToRuns(ann)
  let path = ''
  let position = 0
  counts.forEach((count, i) => {
    for (let left = i % 2 === 1 ? count : 0, at = position; left > 0; ) {
      const y = at % height
      const rows = Math.min(left, height - y)
      path += `M${Math.floor(at / height)} ${y}h1v${rows}h-1z`
      at += rows
      left -= rows
    }
    position += count
  })
  return path
}

function keypoints(coco: COCO, ann: Annotation, image: CocoImage): Html[] {
  if (ann.keypoints === undefined) return []
  const points = ann.keypoints
  const radius = Math.max(image.width, image.height) / 150
  const shown = (k: number): boolean => points[3 * k + 2] > 0
  // Nothing has checked what the file says here.
  const skeleton: unknown = coco.cats.get(ann.category_id)?.skeleton
  const bones = (Array.isArray(skeleton) ? skeleton : []).filter(
    (bone) => Array.isArray(bone) && shown(bone[0] - 1) && shown(bone[1] - 1),
  )
  const lines = bones.map(([a, b]) => {
    const [x1, y1, x2, y2] = [3 * a - 3, 3 * a - 2, 3 * b - 3, 3 * b - 2].map((at) => points[at])
    return html`<line${attributes({ x1, y1, x2, y2, stroke: 'white', 'stroke-width': radius / 2 })}/>`
  })
  const dots = Array.from({ length: points.length / 3 }, (_, k) => k)
    .filter(shown)
    .map((k) => {
      const [cx, cy] = [points[3 * k], points[3 * k + 1]]
      return html`<circle${attributes({ cx, cy, r: radius, fill: 'white' })}/>`
    })
  return [...lines, ...dots]
}

function label(coco: COCO, ann: Annotation, image: CocoImage, width: number, height: number): Html {
  const x = Math.max(0, (ann.bbox[0] * width) / image.width)
  const y = Math.max(10, (ann.bbox[1] * height) / image.height - 3)
  const name = shortName(coco.cats.get(ann.category_id)?.name ?? '')
  const look = {
    'font-family': 'sans-serif',
    'font-size': 11,
    fill: 'white',
    stroke: 'black',
    'stroke-width': 2.5,
  }
  return html`<text${attributes({ x, y, ...look, 'paint-order': 'stroke' })}>${name}</text>`
}

/** Neighbouring ids lie a golden angle apart on the colour wheel. */
function colourOf(category: number): string {
  return `hsl(${Math.round((category * 137.508) % 360)} 90% 58%)`
}
