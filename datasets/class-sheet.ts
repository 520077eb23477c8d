/** A picture of labelled image sets: one row for each class, one block of columns for each part. */
import sharp, { type OverlayOptions } from 'sharp'
import { type Html, html } from '../src/shared/html.js'
import { decodeImages, type UnreadableImage } from './classification/decode-images.js'
import type { ImageSet } from './classification/image-set.js'
import type { ImageSource } from './classification/image-source.js'
import { artists } from './emoji/artists.js'
import { type LoadOptions, loadDataset } from './index.js'
import { hasImageSources, openImageSources } from './sources/open.js'
import type { OpenOptions } from './sources/opened.js'
import { imageInput } from './sources/read-image.js'

export interface SheetPart {
  title: string
  set: ImageSet
  /** How many images of each class to show; the first ones. */
  columns: number
}

export interface ClassSheet {
  png: Buffer
  /** Rows drawn; classes beyond `maxRows` are left out. */
  rows: number
}

const maxRows = 100
const gap = 2
const partGap = 14
const headHeight = 26
const letterWidth = 8

/**
 * Draws the sheet; `scale` is how many pixels of the sheet an image pixel takes along each side.
 * A class with fewer images leaves its places empty.
 */
export async function drawClassSheet(parts: SheetPart[], scale = 2): Promise<ClassSheet> {
  const { classes, height } = parts[0].set
  const rows = Math.min(classes.length, maxRows)
  const tile = height * scale
  const labelWidth = Math.max(...classes.slice(0, rows).map((name) => name.length)) * letterWidth + 16
  const overlays: OverlayOptions[] = []
  const titles: Html[] = []
  let left = labelWidth
  for (const { title, set, columns } of parts) {
    titles.push(text(title, left, headHeight / 2, 'bold'))
    for (const { row, column, image } of firstOfEachClass(set, rows, columns)) {
      const bytes = set.height * set.width * 3
      const pixels = set.pixels.subarray(image * bytes, (image + 1) * bytes)
      const input = await sharp(pixels, { raw: { width: set.width, height: set.height, channels: 3 } })
        .resize(tile, tile, { kernel: 'nearest' })
        .png()
        .toBuffer()
      overlays.push({ input, left: left + column * (tile + gap), top: headHeight + row * (tile + gap) })
    }
    left += columns * (tile + gap) + partGap
  }
  const size = { width: left - partGap, height: headHeight + rows * (tile + gap) }
  const labels = classes
    .slice(0, rows)
    .map((name, row) => text(name, 8, headHeight + row * (tile + gap) + tile / 2, 'normal'))
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${titles}${labels}</svg>`
  const png = await sharp({ create: { ...size, channels: 3, background: '#ffffff' } })
    .composite([...overlays, { input: Buffer.from(String(svg)), left: 0, top: 0 }])
    .png({ compressionLevel: 9 })
    .toBuffer()
  return { png, rows }
}

function text(content: string, x: number, y: number, weight: string): Html {
  return html`<text x="${x}" y="${y}" dominant-baseline="central" font-family="sans-serif" font-size="14" font-weight="${weight}" fill="#222">${content}</text>`
}

function* firstOfEachClass(
  set: Pick<ImageSet, 'count' | 'labels'>,
  rows: number,
  columns: number,
): Generator<{ row: number; column: number; image: number }> {
  const shown = new Array<number>(rows).fill(0)
  for (let image = 0; image < set.count; image++) {
    const row = set.labels[image]
    if (row < rows && shown[row] < columns) yield { row, column: shown[row]++, image }
  }
}

/**
 * What a sheet shows of a data set, and the names of its parts for people: of images that can be opened, the first ones of each
 * class alone are decoded.
 */
export async function sheetParts(
  nameOrFolder: string,
  options: LoadOptions & Pick<OpenOptions, 'onProgress'> & { columns?: number } = {},
): Promise<{ parts: SheetPart[]; warnings: string[] }> {
  const { columns = 12, size } = options
  const fewer = Math.ceil(columns / 2)
  if (await hasImageSources(nameOrFolder, options)) {
    const sources = await openImageSources(nameOrFolder, options)
    const unreadable: UnreadableImage[] = []
    const parts: SheetPart[] = []
    for (const title of ['train', 'validation', 'test'] as const) {
      const source = sources[title]
      if (source === undefined) continue
      const shown = { size: size ?? 64, rows: maxRows, columns: title === 'train' ? columns : fewer }
      parts.push({ title, set: await decodeFirst(source, shown, unreadable), columns: shown.columns })
    }
    const broken = unreadable.map(({ path, reason }) => `${path} cannot be read: ${reason}`)
    return { parts, warnings: [...sources.warnings, ...broken] }
  }
  const { train, test, warnings } = await loadDataset(nameOrFolder, {
    ...options,
    size: nameOrFolder === 'embedded' ? size : undefined,
  })
  const titles = nameOrFolder === 'embedded' ? embeddedTitles() : { train: 'train', test: 'test' }
  return {
    parts: [
      { title: titles.train, set: train, columns },
      { title: titles.test, set: test!, columns: fewer },
    ],
    warnings,
  }
}

/** Decodes those images of a source that the sheet shows. */
async function decodeFirst(
  source: ImageSource,
  { size, rows, columns }: { size: number; rows: number; columns: number },
  unreadable: UnreadableImage[],
): Promise<ImageSet> {
  const inputs = Array.from(firstOfEachClass(source, rows, columns), ({ image }) => {
    const place = source.place(image)
    return { title: place.title, label: source.labels[image], read: () => imageInput(place) }
  })
  const { name, classes } = source
  return decodeImages({ name, place: name, classes, size }, inputs, unreadable)
}

function embeddedTitles(): { train: string; test: string } {
  const of = (role: string) =>
    artists.flatMap((artist) => (artist.role === role ? artist.title : [])).join(', ')
  return { train: `train: ${of('train')}`, test: `test: ${of('test')}` }
}
