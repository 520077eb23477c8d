/** COCO annotation files: one, or those of a folder. */
import { existsSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { COCO, type CocoImage, type Dataset } from '#coco-ts'
import {
  type AnnotatedPart,
  type AnnotatedSet,
  commonFolder,
  nameIn,
  nameNotes,
  sharedNotes,
  shortest,
  WHOLE,
} from '../../annotated/annotated-set.js'
import { partOf } from '../../annotated/part-of.js'
import type { ReadOptions } from '../../annotated/read-options.js'
import { boxFormNotes, readingNotes } from '../../detection/annotation-notes.js'
import { locateImages } from '../../detection/coco-images.js'
import { requireEntries, requireFolder } from '../../detection/coco-set.js'
import { DatasetError } from '../../files/errors.js'
import { fileTree } from '../../files/image-files.js'

/**
 * Reads COCO annotations of objects. Several files of a folder are its parts, by their names or those of their folders.
 * Entries that are wrong and images that are missing are left out.
 *
 * @throws DatasetError when images or categories are missing, or the files have different categories
 */
export async function readCoco(from: string, options: ReadOptions = {}): Promise<AnnotatedSet> {
  const files = statSync(from).isFile() ? [from] : await cocoFilesIn(from)
  if (files.length === 0) throw new DatasetError(`"${from}" has no COCO annotation file of objects.`)
  if (options.images !== undefined) await requireFolder(options.images)
  const warnings: string[] = []
  const located: LocatedPart[] = []
  for (const file of files) located.push(await readPart(file, from, options, warnings))
  refuseDifferentCategories(located)
  refuseSameParts(located)
  const places = [...new Set(located.map(({ place }) => place))]
  const paths = located.flatMap((part) => [...part.paths.values()])
  const root = places.length === 1 ? places[0] : commonFolder(paths)
  const parts = located.map(({ name, dataset, paths }): AnnotatedPart => {
    const images = dataset.images.map((image) => {
      const path = paths.get(image.id)
      return path === undefined ? image : { ...image, file_name: nameIn(root, path) }
    })
    return { name, dataset: { ...dataset, images } }
  })
  return {
    format: 'coco',
    root,
    parts,
    warnings: [...warnings, ...nameNotes(parts[0].dataset.categories), ...sharedNotes(parts)],
  }
}

interface LocatedPart {
  name: string
  file: string
  dataset: Dataset
  /** The folder of its images. */
  place: string
  /** By the image's id. */
  paths: Map<number, string>
}

async function readPart(
  file: string,
  from: string,
  { images: folder, needImages = true }: ReadOptions,
  warnings: string[],
): Promise<LocatedPart> {
  const coco = await COCO.load(file, { lenient: true })
  requireEntries(coco, file)
  warnings.push(...readingNotes(coco, file), ...boxFormNotes(coco, file))
  const { dataset } = coco
  if (dataset.images.length === 0) throw new DatasetError(`"${file}" has no images; annotate some first.`)
  if (dataset.categories.length === 0)
    throw new DatasetError(
      `"${file}" has no categories; it must be a COCO file of objects, such as instances_train2017.json.`,
    )
  const name = from === file ? WHOLE : partOfCoco(nameIn(from, file))
  const objects = dataset.annotations.filter(({ bbox }) => bbox !== undefined)
  if (!needImages) {
    const named = dataset.images.filter(({ file_name }) => typeof file_name === 'string')
    const place = folder ?? dirname(file)
    return {
      name,
      file,
      dataset: { ...dataset, images: named, annotations: objects },
      place,
      paths: new Map(),
    }
  }
  const place = folder ?? imageFolder(dataset.images, file)
  if (place === undefined)
    throw new DatasetError(
      `The images of "${file}", such as ${dataset.images[0].file_name}, are not near it; name the folder that ` +
        'holds them with --image-folder.',
    )
  const located = await locateImages(dataset.images, place, file, warnings)
  const paths = new Map(located.map(({ image, path }) => [image.id, shortest(path)]))
  return {
    name,
    file,
    dataset: {
      ...dataset,
      images: located.map(({ image }) => image),
      annotations: objects.filter(({ image_id }) => paths.has(image_id)),
    },
    place,
    paths,
  }
}

/** Images that are looked for to know their folder. */
const TRIED = 20

/** The folder that most of the first images are in as they are named; undefined where there is none. */
function imageFolder(images: readonly CocoImage[], file: string): string | undefined {
  const beside = dirname(file)
  const above = dirname(beside)
  const stem = basename(file).replace(/\.json(\.gz)?$/, '')
  const own = [stem, stem.replace(/^[a-z_]+_(?=[a-z]+\d*$)/, '')]
  const tried = [beside, above].flatMap((place) => [
    ...own.map((name) => join(place, name)),
    ...own.map((name) => join(place, 'images', name)),
    place,
    join(place, 'images'),
  ])
  const first = images.slice(0, TRIED).filter(({ file_name }) => typeof file_name === 'string')
  const fits = (place: string): boolean =>
    first.filter(({ file_name }) => existsSync(join(place, file_name!))).length * 2 > first.length
  return first.length === 0 ? undefined : tried.find(fits)
}

/** `instances_val2017.json` and `valid/_annotations.coco.json` are both `val`. */
function partOfCoco(file: string): string {
  const words = file.replace(/\.json(\.gz)?$/, '').split(/[/_.-]+/)
  return partOf(`${words.reverse().join('/')}/x`)
}

/** COCO files of objects in a folder, in the order of their names. */
export async function cocoFilesIn(folder: string): Promise<string[]> {
  const { files } = await fileTree(folder)
  const found: string[] = []
  // As COCO's own folder of annotations has them beside instances_*.json.
  for (const file of files.filter((name) => /\.json(\.gz)?$/i.test(name)))
    if (
      !/(^|\/)(captions|person_keypoints|image_info|panoptic|stuff)_/.test(file) &&
      (await looksLikeCoco(join(folder, file)))
    )
      found.push(join(folder, file))
  return found
}

/** Bytes of a file's beginning that are looked at. */
const HEAD = 65_536

/** Whether a file begins like a COCO annotation file; packed ones by their names alone. */
async function looksLikeCoco(path: string): Promise<boolean> {
  if (path.endsWith('.gz')) return /instances|coco|annotations/i.test(path)
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    const text = buffer.toString('latin1', 0, bytesRead)
    return /^\s*(\xef\xbb\xbf)?\s*\{/.test(text) && /"(images|annotations|categories)"\s*:\s*\[/.test(text)
  } finally {
    await file.close()
  }
}

function refuseDifferentCategories([first, ...others]: readonly LocatedPart[]): void {
  const key = ({ dataset }: LocatedPart): string =>
    dataset.categories
      .map(({ id, name }) => `${id} ${name}`)
      .sort()
      .join('\n')
  const other = others.find((part) => key(part) !== key(first))
  if (other !== undefined)
    throw new DatasetError(
      `"${first.file}" and "${other.file}" have different categories; give the same class the same id and name in both.`,
    )
}

function refuseSameParts(parts: readonly LocatedPart[]): void {
  const same = parts.find(({ name }, i) => parts.findIndex((part) => part.name === name) !== i)
  if (same === undefined) return
  const files = parts.filter(({ name }) => name === same.name).map(({ file }) => `"${file}"`)
  throw new DatasetError(
    `${files.slice(0, 3).join(' and ')} ${files.length > 3 ? 'and more ' : ''}may be the same part; name one file, not its folder.`,
  )
}
