/** Tables of boxes: a row for each object. */
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'csv-parse/sync'
import {
  type AnnotatedSet,
  assembleSet,
  type ReadImage,
  type ReadObject,
  WHOLE,
} from '../../annotated/annotated-set.js'
import { NO_AREA, REVERSED } from '../../annotated/box-faults.js'
import { imageSizes } from '../../annotated/image-size.js'
import { type Kind, Notes } from '../../annotated/notes.js'
import { partOf } from '../../annotated/part-of.js'
import type { ReadOptions } from '../../annotated/read-options.js'
import { describeAmbiguous } from '../../detection/coco-images.js'
import { DatasetError } from '../../files/errors.js'
import { fileTree } from '../../files/image-files.js'
import { findImages } from '../../files/image-index.js'
import { type Columns, headerColumns, partOfValue, plainColumns } from './columns.js'

const MISSING: Kind = ['image is missing and left out', 'images are missing and left out']
const AMBIGUOUS: Kind = [
  'image could be several files and is left out',
  'images could be several files and are left out',
]
const BAD_ROW: Kind = [
  'row has no image, no label or no four numbers and is left out',
  'rows have no image, no label or no four numbers and are left out',
]

interface Row {
  part: string
  image: string
  /** Undefined for a row that names an image without objects. */
  object?: { label: string; values: [number, number, number, number]; form: Columns['form'] }
  place: string
}

/**
 * Reads one table, or all tables of boxes in a folder. The columns are found by the names in the first row, or by their
 * order in the two usual forms without one. A row whose box is empty names an image without objects. Values that all
 * lie between 0 and 1 are parts of the image's width and height.
 *
 * @throws DatasetError for a file that is no CSV, or whose columns are not known, and when most images are missing
 */
export async function readCsv(from: string, options: ReadOptions = {}): Promise<AnnotatedSet> {
  const tables = statSync(from).isFile() ? [from] : await tablesIn(from)
  if (tables.length === 0) throw new DatasetError(`"${from}" has no CSV of boxes.`)
  const notes = new Notes()
  const read = await Promise.all(tables.map((table) => readTable(table, tables.length > 1, notes)))
  const rows = read.flatMap((table) => table.rows)
  const normalised =
    read.map((table) => table.normalised).find((known) => known !== undefined) ?? looksNormalised(rows)
  const folder = options.images ?? (statSync(from).isFile() ? dirname(from) : from)
  const found = await locate(folder, rows, from, notes)
  const paths = [...new Set(found.values())]
  const sizes = await imageSizes(paths, notes, options.onProgress)
  const sizeOf = new Map(paths.map((path, i) => [path, sizes[i]]))
  const names = [...new Set(rows.flatMap(({ object }) => object?.label ?? []))].sort()
  const images = new Map<string, ReadImage>()
  for (const row of rows) {
    const path = found.get(row.image)
    const size = path === undefined ? undefined : sizeOf.get(path)
    if (path === undefined || size === undefined) continue
    const key = `${row.part}\n${path}`
    const image = images.get(key) ?? { part: row.part, path, ...size, objects: [] }
    images.set(key, image)
    if (row.object === undefined) continue
    const bbox = boxOf(row, normalised ? [size.width, size.height] : [1, 1], notes)
    if (bbox !== undefined) image.objects.push({ category: names.indexOf(row.object.label), bbox })
  }
  const how = normalised
    ? ['The boxes are read as parts of the width and height of their images: all values lie between 0 and 1.']
    : []
  return assembleSet('csv', from, {
    images: [...images.values()],
    names,
    warnings: [...how, ...notes.sentences()],
  })
}

async function tablesIn(folder: string): Promise<string[]> {
  const { files } = await fileTree(folder)
  const tables: string[] = []
  for (const file of files.filter((name) => /\.csv$/i.test(name)))
    if (columnsOf(firstRow(await readFile(join(folder, file), 'utf8'))) !== undefined)
      tables.push(join(folder, file))
  return tables
}

/** Whether a text is a table of boxes, by its first row. */
export const looksLikeBoxes = (text: string): boolean => columnsOf(firstRow(text)) !== undefined

/** The rows of a text. Its separator is the one that its first line has most of. */
function rowsOf(text: string, count?: number): string[][] {
  const [line] = text.split(/\r|\n/, 1)
  const delimiter = [',', ';', '\t'].reduce((most, one) =>
    line.split(one).length > line.split(most).length ? one : most,
  )
  return parse(text, {
    ...{ bom: true, delimiter, relax_column_count: true, skip_empty_lines: true, trim: true, to: count },
  })
}

function firstRow(text: string): string[] {
  try {
    return rowsOf(text, 1)[0] ?? []
  } catch {
    // No CSV at all, then.
    return []
  }
}

const columnsOf = (row: readonly string[]): Columns | undefined => headerColumns(row) ?? plainColumns(row)

async function readTable(
  file: string,
  several: boolean,
  notes: Notes,
): Promise<{ rows: Row[]; normalised: boolean | undefined }> {
  const table = parseTable(await readFile(file, 'utf8'), file)
  const header = headerColumns(table[0] ?? [])
  const columns = header ?? plainColumns(table[0] ?? [])
  if (columns === undefined)
    throw new DatasetError(
      `The columns of "${file}" are not known. Name them in its first row: filename, xmin, ymin, xmax, ymax, class; ` +
        'or x, y, width, height for the box.',
    )
  const partOfFile = several
    ? partOf(
        `${file
          .replaceAll('\\', '/')
          .replace(/\.csv$/i, '')
          .replace(/[_-][^/]*$/, '')}/x`,
      )
    : WHOLE
  const rows: Row[] = []
  for (const [i, cells] of table.entries()) {
    if (i === 0 && header !== undefined) continue
    const place = `${file} row ${i + 1}`
    const cell = (index: number): string => cells[index] ?? ''
    const part = (columns.part === undefined ? undefined : partOfValue(cell(columns.part))) ?? partOfFile
    const [image, label] = [cell(columns.image), cell(columns.label)]
    const texts = columns.box.map(cell)
    const values = texts.map((text) => (text === '' ? Number.NaN : Number(text)))
    if (image !== '' && texts.every((text) => text === '')) rows.push({ part, image, place })
    else if (image === '' || label === '' || !values.every(Number.isFinite)) notes.add(BAD_ROW, place)
    else rows.push({ part, image, object: { label, values: values as never, form: columns.form }, place })
  }
  return { rows, normalised: columns.normalised }
}

function parseTable(text: string, file: string): string[][] {
  try {
    return rowsOf(text)
  } catch (error) {
    throw new DatasetError(`"${file}" is not a CSV: ${(error as Error).message}.`)
  }
}

const looksNormalised = (rows: readonly Row[]): boolean => {
  const objects = rows.flatMap(({ object }) => object ?? [])
  return (
    objects.length > 0 && objects.every(({ values }) => values.every((value) => value >= 0 && value <= 1))
  )
}

/** The path of each image that is there, by its name in the table. */
async function locate(
  folder: string,
  rows: readonly Row[],
  from: string,
  notes: Notes,
): Promise<Map<string, string>> {
  const names = [...new Set(rows.map(({ image }) => image))]
  const lookups = await findImages(folder, names)
  // Tables of Open Images name images without their ending.
  const bare = names.flatMap((name, i) => (lookups[i].kind === 'missing' && !name.includes('.') ? [i] : []))
  const endings = await findImages(
    folder,
    bare.map((i) => `${names[i]}.jpg`),
  )
  for (const [at, i] of bare.entries()) lookups[i] = endings[at]
  const found = new Map<string, string>()
  for (const [i, name] of names.entries()) {
    const lookup = lookups[i]
    if (lookup.kind === 'found') found.set(name, lookup.path)
    else if (lookup.kind === 'missing') notes.add(MISSING, name)
    else notes.add(AMBIGUOUS, describeAmbiguous(name, lookup.candidates))
  }
  if (found.size * 2 < names.length)
    throw new DatasetError(
      `${names.length - found.size} of the ${names.length} images of "${from}" are not in "${folder}", for example ` +
        `${names.find((name) => !found.has(name))}; name the folder that holds them with --image-folder.`,
    )
  return found
}

function boxOf(
  { object, place }: Row,
  [scaleX, scaleY]: readonly number[],
  notes: Notes,
): ReadObject['bbox'] | undefined {
  const { values, form } = object!
  const [x1, y1, x2, y2] =
    form === 'corners' ? values : [values[0], values[1], values[0] + values[2], values[1] + values[3]]
  if (x1 === x2 || y1 === y2) {
    notes.add(NO_AREA, place)
    return undefined
  }
  if (x2 < x1 || y2 < y1) notes.add(REVERSED, place)
  return [
    Math.min(x1, x2) * scaleX,
    Math.min(y1, y2) * scaleY,
    Math.abs(x2 - x1) * scaleX,
    Math.abs(y2 - y1) * scaleY,
  ]
}
