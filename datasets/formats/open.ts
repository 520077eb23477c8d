/** Finds out which format annotations have, and reads them. */
import { statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AnnotatedSet, type FormatName, formatTitles } from '../annotated/annotated-set.js'
import type { ReadOptions } from '../annotated/read-options.js'
import { bareClasses } from '../classification/bare-classes.js'
import { partOfFolder } from '../classification/class-part.js'
import { DatasetError, isMissing } from '../files/errors.js'
import { entriesOf, fileTree } from '../files/image-files.js'
import { cocoFilesIn, readCoco } from './coco/read.js'

export interface OpenAnnotationsOptions extends ReadOptions {
  /** Instead of what is found out by looking. */
  format?: FormatName
}

type Reader = (from: string, options: ReadOptions) => Promise<AnnotatedSet>

/** Each loads a library of its own, which all that never reads such files does without. */
const readers: Record<FormatName, () => Promise<Reader>> = {
  coco: async () => readCoco,
  yolo: async () => (await import('./yolo/read.js')).readYolo,
  voc: async () => (await import('./voc/read.js')).readVoc,
  csv: async () => (await import('./csv/read.js')).readCsv,
}

/**
 * Reads images with objects, in COCO's structures: a COCO file, a YOLO data.yaml, a CSV of boxes, or a folder with
 * annotations of one of the formats.
 *
 * @throws DatasetError when there is nothing at the path, no format or several formats are found, or the annotations
 * cannot be used
 */
export async function openAnnotations(
  from: string,
  { format, ...options }: OpenAnnotationsOptions = {},
): Promise<AnnotatedSet> {
  // The readers rely on it that something is there.
  isFolder(from)
  const read = await readers[format ?? (await findFormat(from))]()
  return read(from, options)
}

/**
 * The format of annotations, by their names and beginnings.
 *
 * @throws DatasetError when none is found, or several
 */
export async function findFormat(from: string): Promise<FormatName> {
  if (!isFolder(from)) return formatOfFile(from)
  const found = await formatsIn(from)
  if (found.length === 1) return found[0].format
  if (found.length > 1)
    throw new DatasetError(
      `"${from}" has annotations in several formats: ${found.map(({ format, example }) => `${formatTitles[format]} (${example})`).join(', ')}; ` +
        `choose one with --format ${found.map(({ format }) => format).join(' or ')}.`,
    )
  const classes = await classFolders(from)
  if (classes.length === 0 && (await readdir(from)).length === 0)
    throw new DatasetError(
      `The folder "${from}" is empty; it needs images, and annotations of COCO, YOLO, Pascal VOC or CSV or a folder for each class.`,
    )
  throw new DatasetError(
    classes.length > 1
      ? `"${from}" has images in folders (${classes.slice(0, 3).join(', ')}${classes.length > 3 ? ', …' : ''}) and no boxes: ` +
          'that is a data set for classification (toolkit train-backbone --data), not for detection.'
      : `"${from}" has no annotations that are known: a COCO .json, a YOLO data.yaml with labels/*.txt, Pascal VOC's .xml ` +
          'or a .csv of boxes.',
  )
}

/** @throws DatasetError when there is nothing at the path */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    if (isMissing(error)) throw new DatasetError(`There is no file or folder "${path}".`)
    throw error
  }
}

function formatOfFile(file: string): FormatName {
  if (/\.json(\.gz)?$/i.test(file)) return 'coco'
  if (/\.(ya?ml|data)$/i.test(file)) return 'yolo'
  if (/\.(csv|tsv)$/i.test(file)) return 'csv'
  if (/\.xml$/i.test(file))
    throw new DatasetError(`"${file}" holds the objects of one image; name the folder that it is in.`)
  throw new DatasetError(
    `The format of "${file}" is not known by its ending (.json, .yaml, .csv); name it with --format.`,
  )
}

/** Whether a folder has images in folders of their classes, in train/ or alone, and no annotations. */
export async function isClassFolders(folder: string): Promise<boolean> {
  return isFolder(folder) && (await classFolders(folder)).length > 0 && (await formatsIn(folder)).length === 0
}

/** The formats of annotations that a folder has. */
export async function annotationFormats(folder: string): Promise<FormatName[]> {
  return (await formatsIn(folder)).map(({ format }) => format)
}

/** The formats in a folder, each with a file that shows it. */
async function formatsIn(folder: string): Promise<{ format: FormatName; example: string }[]> {
  const [{ files }, { looksLikeBoxes }, { looksLikeDataYaml }] = await Promise.all([
    fileTree(folder),
    import('./csv/read.js'),
    import('./yolo/config.js'),
  ])
  const text = (file: string): Promise<string> => readFile(join(folder, file), 'utf8')
  const first = async (pattern: RegExp, fits: (text: string) => boolean): Promise<string | undefined> => {
    for (const file of files.filter((name) => pattern.test(name))) if (fits(await text(file))) return file
    return undefined
  }
  const [coco] = await cocoFilesIn(folder)
  const yolo =
    (await first(/^[^/]+\.ya?ml$/i, looksLikeDataYaml)) ??
    (files.some((file) => /(^|\/)[^/]+\.txt$/.test(file))
      ? files.find((file) => /(^|\/)(classes\.txt|[^/]+\.names|[^/]+\.data)$/.test(file))
      : undefined)
  const voc = await first(/\.xml$/i, (xml) => /<annotation[\s>]/.test(xml))
  const csv = await first(/\.csv$/i, looksLikeBoxes)
  const found: [FormatName, string | undefined][] = [
    ['coco', coco],
    ['yolo', yolo],
    ['voc', voc],
    ['csv', csv],
  ]
  return found.flatMap(([format, example]) => (example === undefined ? [] : [{ format, example }]))
}

/** Names of the folders with images, those in train/ or else those of the folder itself. */
async function classFolders(folder: string): Promise<readonly string[]> {
  const bare = await bareClasses(folder)
  if (bare !== null) return bare
  const train = (await entriesOf(folder)).folders.find(({ name }) => partOfFolder(name) === 'train')
  return train === undefined ? [] : ((await bareClasses(join(folder, train.name))) ?? [])
}
