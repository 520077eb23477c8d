/** Pascal VOC data sets: an XML file for each image, and lists of the images of each part. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  type AnnotatedSet,
  assembleSet,
  type ReadImage,
  type ReadObject,
  WHOLE,
} from '../../annotated/annotated-set.js'
import { NO_AREA, REVERSED } from '../../annotated/box-faults.js'
import { imageSizes, type Size } from '../../annotated/image-size.js'
import { type Kind, Notes } from '../../annotated/notes.js'
import { partOf } from '../../annotated/part-of.js'
import type { ReadOptions } from '../../annotated/read-options.js'
import { DatasetError } from '../../files/errors.js'
import { fileTree, isImageName } from '../../files/image-files.js'
import { findImages } from '../../files/image-index.js'
import { inParallel } from '../../files/parallel.js'
import { parseVoc, type VocFile } from './file.js'

const NO_IMAGE: Kind = [
  'annotation file has no image that is there and is left out',
  'annotation files have no image that is there and are left out',
]
const NO_FILE: Kind = ['name in a list has no annotation file', 'names in lists have no annotation file']
const UNLISTED: Kind = [
  'annotation file is in none of the lists of ImageSets/Main and is left out',
  'annotation files are in none of the lists of ImageSets/Main and are left out',
]

/** Files that are read in parallel. */
const PARALLEL = 16

interface Entry {
  /** Path of the XML file below the set's folder, with `/`. */
  file: string
  voc: VocFile
}

/**
 * Reads every `.xml` file below a folder whose outermost element is `annotation`. VOC counts pixels from 1 and its
 * corners belong to the box: x = xmin − 1, width = xmax − xmin + 1. Where a coordinate of the set is below 1, the tool
 * that wrote it counted from 0: then x = xmin, width = xmax − xmin, for all boxes.
 *
 * `difficult` objects become COCO's `iscrowd`, which is neither to be found nor to be missed, as in VOC's own
 * evaluation; `difficult: 1` beside it tells them from crowds.
 *
 * @throws DatasetError when there is no annotation with an image
 */
export async function readVoc(from: string, options: ReadOptions = {}): Promise<AnnotatedSet> {
  const { files } = await fileTree(from)
  const notes = new Notes()
  const entries = await readFiles(from, files, notes)
  if (entries.length === 0)
    throw new DatasetError(
      `"${from}" has no annotation file of Pascal VOC that can be used. ${notes.sentences().join(' ')}`.trim(),
    )
  const partsOf = await readLists(from, files, new Set(entries.map(({ file }) => stem(file))), notes)
  const paths = await imagesOf(from, options.images ?? from, files, entries)
  const sizes = await sizesOf(entries, paths, options, notes)
  const fromZero = entries.some(({ voc }) =>
    voc.objects.some(({ corners }) => corners.some((value) => value < 1)),
  )
  const names = [...new Set(entries.flatMap(({ voc }) => voc.objects.map(({ name }) => name)))].sort()
  const images = entries.flatMap(({ file, voc }, i): ReadImage[] => {
    const [path, size] = [paths[i], sizes[i]]
    if (path === undefined || size === undefined) return []
    const parts = partsOf(file)
    if (parts.length === 0) notes.add(UNLISTED, file)
    const objects = voc.objects.flatMap((object, o): ReadObject[] => {
      const bbox = boxOf(object.corners, fromZero, `${file} object ${o + 1} (${object.name})`, notes)
      const crowd = object.more.difficult === 1
      return bbox === undefined
        ? []
        : [{ category: names.indexOf(object.name), bbox, crowd, more: object.more }]
    })
    return parts.map((part) => ({ part, path, ...size, objects }))
  })
  const counting = fromZero
    ? ['A box has a coordinate below 1, so the boxes are read as counted from 0, not from 1 as VOC defines.']
    : []
  return assembleSet('voc', from, { images, names, warnings: [...counting, ...notes.sentences()] })
}

async function readFiles(from: string, files: readonly string[], notes: Notes): Promise<Entry[]> {
  const found: (Entry | undefined)[] = []
  const texts = files.filter((file) => file.toLowerCase().endsWith('.xml'))
  await inParallel(texts.entries(), PARALLEL, async ([i, file]) => {
    const voc = parseVoc(await readFile(join(from, file), 'utf8'), file, notes)
    if (voc !== undefined) found[i] = { file, voc }
  })
  return found.filter((entry) => entry !== undefined)
}

const stem = (path: string): string => path.replace(/\.[^./]+$/, '')

const LIST = /^(.*\/)?ImageSets\/Main\/(train|val|trainval|test)\.txt$/

/** The parts of an annotation file: by the lists beside its folder Annotations, or else by the names of its folders. */
async function readLists(
  from: string,
  files: readonly string[],
  known: ReadonlySet<string>,
  notes: Notes,
): Promise<(file: string) => string[]> {
  const lists = files.flatMap((file) => {
    const match = LIST.exec(file)
    return match === null ? [] : [{ file, base: match[1] ?? '', list: match[2] }]
  })
  const partsOfStem = new Map<string, string[]>()
  for (const { file, base, list } of lists) {
    const others = lists.filter((other) => other.base === base && other.list !== list)
    // What train and val make together.
    if (list === 'trainval' && others.some((other) => other.list !== 'test')) continue
    const part = list === 'trainval' && others.length === 0 ? WHOLE : list
    for (const line of (await readFile(join(from, file), 'utf8')).split(/\r?\n/)) {
      // Some lists say 1 or -1 after the name: whether a class is there.
      const name = line.trim().replace(/\s+-?[01]$/, '')
      if (name === '') continue
      const annotation = `${base}Annotations/${name}`
      if (!known.has(annotation)) notes.add(NO_FILE, `${name} in ${file}`)
      const parts = partsOfStem.get(annotation) ?? []
      if (!parts.includes(part)) partsOfStem.set(annotation, [...parts, part])
    }
  }
  const bases = new Set(lists.map(({ base }) => base))
  return (file) => {
    const base = /^(.*\/)?Annotations\//.exec(file)
    if (base === null || !bases.has(base[1] ?? '')) return [partOf(file)]
    return partsOfStem.get(stem(file)) ?? []
  }
}

/** The image of each annotation file: of its own name in JPEGImages or images or beside it, or else as `filename` says. */
async function imagesOf(
  from: string,
  folder: string,
  files: readonly string[],
  entries: readonly Entry[],
): Promise<(string | undefined)[]> {
  const byStem = new Map<string, string>()
  for (const file of files) if (isImageName(file) && !byStem.has(stem(file))) byStem.set(stem(file), file)
  const own = entries.map(({ file }) => {
    const name = stem(file)
    const at = name.lastIndexOf('Annotations/')
    const beside = at < 0 ? [] : [name.slice(0, at), name.slice(at + 'Annotations/'.length)]
    const tried =
      at < 0 ? [name] : ['JPEGImages', 'images', 'Images'].map((place) => `${beside[0]}${place}/${beside[1]}`)
    const image = [...tried, name].map((path) => byStem.get(path)).find((path) => path !== undefined)
    return image === undefined ? undefined : join(from, image)
  })
  const left = own.flatMap((path, i) => (path === undefined ? [i] : []))
  const lookups = await findImages(
    folder,
    left.map((i) => entries[i].voc.filename),
  )
  for (const [at, i] of left.entries()) {
    const lookup = lookups[at]
    if (lookup.kind === 'found') own[i] = lookup.path
  }
  return own
}

/** As the files say, or else as the images are; without a file, images that need not be there get a path that may be. */
async function sizesOf(
  entries: readonly Entry[],
  paths: (string | undefined)[],
  { images, needImages = true, onProgress }: ReadOptions,
  notes: Notes,
): Promise<(Size | undefined)[]> {
  for (const [i, { file, voc }] of entries.entries())
    if (paths[i] === undefined) {
      if (!needImages && voc.size !== undefined && voc.filename !== undefined)
        paths[i] = join(images ?? '.', basename(voc.filename.replaceAll('\\', '/')))
      else notes.add(NO_IMAGE, `${file} (${voc.filename ?? 'no filename'})`)
    }
  const open = entries.flatMap(({ voc }, i) => (voc.size === undefined && paths[i] !== undefined ? [i] : []))
  const read = await imageSizes(
    open.map((i) => paths[i]!),
    notes,
    onProgress,
  )
  const sizes = entries.map(({ voc }): Size | undefined => voc.size)
  for (const [at, i] of open.entries()) sizes[i] = read[at]
  return sizes
}

function boxOf(
  [x1, y1, x2, y2]: readonly number[],
  fromZero: boolean,
  place: string,
  notes: Notes,
): [number, number, number, number] | undefined {
  const [first, more] = fromZero ? [0, 0] : [1, 1]
  const [reversedX, reversedY] = [x2 - x1 + more <= 0, y2 - y1 + more <= 0]
  const [left, right] = reversedX ? [x2, x1] : [x1, x2]
  const [top, bottom] = reversedY ? [y2, y1] : [y1, y2]
  const box: [number, number, number, number] = [
    left - first,
    top - first,
    right - left + more,
    bottom - top + more,
  ]
  if (!(box[2] > 0 && box[3] > 0)) {
    notes.add(NO_AREA, place)
    return undefined
  }
  if (reversedX || reversedY) notes.add(REVERSED, place)
  return box
}
