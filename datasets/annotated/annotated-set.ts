/** Images with objects as every format is read into: COCO's structures, one data set for each part. */
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Annotation, Category, Dataset } from '#coco-ts'
import { sameNames } from '../detection/annotation-notes.js'
import { DatasetError } from '../files/errors.js'
import { count, listed } from '../files/left-out.js'

/** Formats that are read. */
export const formats = ['coco', 'yolo', 'voc', 'csv'] as const
export type FormatName = (typeof formats)[number]

/** What people call them. */
export const formatTitles: Record<FormatName, string> = {
  coco: 'COCO',
  yolo: 'YOLO',
  voc: 'Pascal VOC',
  csv: 'CSV',
}

/** The name of the only part of a set that is not split. */
export const WHOLE = 'all'

export interface AnnotatedPart {
  /** `train`, `val`, `test`, `trainval`, or {@link WHOLE} where the set is not split. */
  name: string
  /** Every image has a `file_name`, relative to the set's `root`, with `/`. */
  dataset: Dataset
}

export interface AnnotatedSet {
  format: FormatName
  /** The folder that holds all images. */
  root: string
  parts: AnnotatedPart[]
  /** What was left out or put right, in a sentence each; for the user to see. */
  warnings: string[]
}

/** An object as a reader finds it. */
export interface ReadObject {
  /** Index into the categories. */
  category: number
  /** [x, y, width, height] in pixels, counted from 0. */
  bbox: [number, number, number, number]
  /** One polygon, [x0, y0, x1, y1, …] in pixels. */
  polygon?: number[]
  crowd?: boolean
  /** Further properties, such as VOC's `truncated`. */
  more?: Record<string, unknown>
}

/** An image as a reader finds it. */
export interface ReadImage {
  part: string
  path: string
  /** In pixels, as people see the image. */
  width: number
  height: number
  objects: ReadObject[]
}

/**
 * Puts a set together from what a reader found. Images are in the order of their paths; ids count from 1 in each part,
 * those of categories are their places among `names`.
 *
 * @param names Of the categories, in their order
 * @throws DatasetError when there is no image or no category
 */
export function assembleSet(
  format: FormatName,
  from: string,
  { images, names, warnings }: { images: readonly ReadImage[]; names: readonly string[]; warnings: string[] },
): AnnotatedSet {
  if (images.length === 0)
    throw new DatasetError(`No annotated image was found in "${from}" as ${formatTitles[format]}.`)
  if (names.length === 0)
    throw new DatasetError(`"${from}" has no classes: none of its images has an object with a class.`)
  const root = commonFolder(images.map(({ path }) => path))
  const categories = names.map((name, i): Category => ({ id: i + 1, name }))
  const parts = partNames(images).map((name): AnnotatedPart => {
    const own = images
      .filter(({ part }) => part === name)
      .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    return { name, dataset: datasetOf(own, categories, root) }
  })
  return { format, root, parts, warnings: [...warnings, ...nameNotes(categories), ...sharedNotes(parts)] }
}

const ORDER = ['train', 'trainval', 'val', 'test']

/** The parts that there are; those with usual names first, in their usual order. */
function partNames(images: readonly ReadImage[]): string[] {
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return [...new Set(images.map(({ part }) => part))].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
}

function datasetOf(images: readonly ReadImage[], categories: Category[], root: string): Dataset {
  const annotations: Annotation[] = []
  const entries = images.map(({ path, width, height, objects }, i) => {
    for (const { category, bbox, polygon, crowd, more } of objects)
      annotations.push({
        id: annotations.length + 1,
        image_id: i + 1,
        category_id: category + 1,
        bbox,
        area: polygon === undefined ? bbox[2] * bbox[3] : polygonArea(polygon),
        iscrowd: crowd ? 1 : 0,
        ...(polygon !== undefined && { segmentation: [polygon] }),
        ...more,
      })
    return { id: i + 1, width, height, file_name: nameIn(root, path) }
  })
  return { images: entries, annotations, categories }
}

/** Area inside a polygon without crossings, in the square of its coordinates' unit. */
export function polygonArea(polygon: readonly number[]): number {
  let twice = 0
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length
    twice += polygon[i] * polygon[next + 1] - polygon[next] * polygon[i + 1]
  }
  return Math.abs(twice) / 2
}

/** The path of a file in a folder, with `/`. */
export const nameIn = (folder: string, path: string): string => relative(folder, path).replaceAll(sep, '/')

/** The deepest folder that all files are in, or below which they are. */
export function commonFolder(paths: readonly string[]): string {
  let folder = dirname(resolve(paths[0]))
  for (const path of paths) {
    const absolute = resolve(path)
    while (!absolute.startsWith(folder.endsWith(sep) ? folder : folder + sep)) folder = dirname(folder)
  }
  return shortest(folder)
}

/** Relative to the working directory where that does not lead out of it. */
export function shortest(path: string): string {
  const way = relative('', path)
  return way === '' ? '.' : way.startsWith('..') ? resolve(path) : way
}

/** The path of an image. */
export const imagePath = ({ root }: Pick<AnnotatedSet, 'root'>, fileName: string): string =>
  join(root, fileName)

/** Notes on categories whose names are the same, or differ in case alone. */
export function nameNotes(categories: readonly Category[]): string[] {
  const folded = categories.map((category) => ({ ...category, name: category.name.toLowerCase() }))
  return sameNames(folded).map((group) => {
    const names = group.map(({ id }) => `"${categories.find((category) => category.id === id)!.name}"`)
    return new Set(names).size === 1
      ? `${group.length} categories have the name ${names[0]}: if they are one class, make them one category; training refuses them.`
      : `The categories ${names.join(' and ')} differ in case or spaces at most: if they are one class, give them one name.`
  })
}

/** A note on images that several parts have. */
export function sharedNotes(parts: readonly AnnotatedPart[]): string[] {
  const first = new Map<string, string>()
  const shared = new Map<string, string[]>()
  for (const { name, dataset } of parts)
    for (const { file_name } of dataset.images) {
      const before = first.get(file_name!)
      if (before === undefined) first.set(file_name!, name)
      else if (before !== name) {
        const pair = `${before} and ${name}`
        shared.set(pair, [...(shared.get(pair) ?? []), file_name!])
      }
    }
  return [...shared].map(
    ([pair, names]) =>
      `${count(names.length, 'image')} ${names.length === 1 ? 'is' : 'are'} in both ${pair} (${listed(names)}): ` +
      'what is measured on them says nothing about new images.',
  )
}
