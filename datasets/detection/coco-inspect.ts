/** Counts what a COCO annotation file holds, and reports what is wrong or suspicious in it. */

import sharp from 'sharp'
import { type Annotation, COCO, type CocoImage, describeCompletion, describeProblem } from '#coco-ts'
import { unreadableReason } from '../classification/decode-image.js'
import { findImages, type Lookup } from '../files/image-index.js'
import { inParallel } from '../files/parallel.js'
import { shortName } from './annotation-notes.js'
import { describeAmbiguous, otherImagesMessage, respeltNote } from './coco-images.js'
import { requireFolder } from './coco-set.js'
import { cocoWarnings } from './coco-warnings.js'
import { openTurn, orientationNotes } from './orientation.js'

export interface Spread {
  least: number
  median: number
  most: number
}

export interface CategoryCount {
  id: number
  name: string
  images: number
  objects: number
  crowds: number
}

export interface CocoInspection {
  images: { count: number; withoutObjects: number; width: Spread; height: Spread }
  objects: {
    count: number
    crowds: number
    perImage: Spread
    /** By area: below 32², up to 96², above. */
    small: number
    medium: number
    large: number
    polygons: number
    rle: number
    withoutMask: number
    withKeypoints: number
  }
  /** The most frequent first. */
  categories: CategoryCount[]
  /** Entries that were left out because they are wrong: how many, by kind, and the first in words. */
  problems: { count: number; byKind: Record<string, number>; first: string[] }
  /** Entries that were completed or converted: how many, by kind, and each kind in words. */
  completed: { count: number; byKind: Record<string, number>; kinds: string[] }
  /** What is allowed but probably a mistake. */
  warnings: string[]
}

/**
 * Counts everything; entries that are wrong are left out and counted in `problems`.
 *
 * @throws CocoError when the file is missing, no whole JSON, or a list
 */
export async function inspectCoco(path: string): Promise<{ coco: COCO; inspection: CocoInspection }> {
  const coco = await COCO.load(path, { lenient: true })
  return { coco, inspection: inspectLoaded(coco, path) }
}

/** The same of annotations that are loaded; `name` is what notes call them. */
export function inspectLoaded(coco: COCO, name: string): CocoInspection {
  const { images, annotations } = coco.dataset
  const objects = annotations.filter((ann) => ann.bbox !== undefined)
  const count = (test: (ann: Annotation) => boolean): number => objects.filter(test).length
  return {
    images: {
      count: images.length,
      withoutObjects: images.filter((image) => !coco.imgToAnns.has(image.id)).length,
      width: spread(images.map((image) => image.width)),
      height: spread(images.map((image) => image.height)),
    },
    objects: {
      count: objects.length,
      crowds: count((ann) => Boolean(ann.iscrowd)),
      perImage: spread(images.map((image) => coco.imgToAnns.get(image.id)?.length ?? 0)),
      small: count((ann) => ann.area < 32 ** 2),
      medium: count((ann) => ann.area >= 32 ** 2 && ann.area <= 96 ** 2),
      large: count((ann) => ann.area > 96 ** 2),
      polygons: count((ann) => coco.maskForm(ann) === 'polygons'),
      rle: count((ann) => coco.maskForm(ann) === 'rle'),
      withoutMask: count((ann) => coco.maskForm(ann) === 'none'),
      withKeypoints: count((ann) => ann.keypoints !== undefined),
    },
    categories: countCategories(coco),
    problems: {
      count: coco.problems.count,
      byKind: coco.problems.byKind,
      first: coco.problems.first.map(describeProblem),
    },
    completed: {
      count: coco.completed.count,
      byKind: coco.completed.byKind,
      kinds: coco.completed.groups.map(describeCompletion),
    },
    warnings: cocoWarnings(coco, objects, name),
  }
}

function spread(values: number[]): Spread {
  if (values.length === 0) return { least: 0, median: 0, most: 0 }
  const sorted = values.sort((a, b) => a - b)
  return { least: sorted[0], median: sorted[sorted.length >> 1], most: sorted[sorted.length - 1] }
}

function countCategories(coco: COCO): CategoryCount[] {
  const crowds = new Map<number, number>()
  for (const { iscrowd, category_id } of coco.dataset.annotations) {
    if (iscrowd) crowds.set(category_id, (crowds.get(category_id) ?? 0) + 1)
  }
  return coco.dataset.categories
    .map(({ id, name }) => {
      const shown = coco.catToImgs.get(id) ?? []
      return { id, name, images: new Set(shown).size, objects: shown.length, crowds: crowds.get(id) ?? 0 }
    })
    .sort((a, b) => b.objects - a.objects)
}

export interface CheckOptions {
  /** Whether to decode every image, without which those that are cut short are not seen. Default true. */
  decode?: boolean
  onProgress?: (done: number, count: number) => void
}

export interface ImageCheck {
  /** What is wrong with an image, in words, in the order of the annotations. */
  faults: string[]
  /** Set when most images are missing: the annotations are then for other images. */
  verdict?: string
  /** Notes on names that were found under another spelling. */
  respelt: string[]
  /** Path of an image's file, by the image's id. */
  paths: Map<number, string>
  /** Images whose EXIF orientation leaves open how their boxes were drawn. */
  warnings: string[]
}

/** Images that are decoded in parallel. */
const PARALLEL = 8

/**
 * Compares the files in `folder` with what the annotations (of the file named `name`) say of them.
 *
 * @throws DatasetError when there is no such folder
 */
export async function checkImages(
  coco: COCO,
  folder: string,
  name: string,
  { decode = true, onProgress }: CheckOptions = {},
): Promise<ImageCheck> {
  await requireFolder(folder)
  const { images } = coco.dataset
  const faults: { missing: boolean; text: string }[] = []
  const lookups = await findImages(
    folder,
    images.map((image) => image.file_name),
  )
  const turns: (string | undefined)[] = []
  let done = 0
  await inParallel(images.entries(), PARALLEL, async ([index, image]) => {
    const fault = await imageFault(image, folder, lookups[index], decode, (turn) => {
      turns[index] = turn
    })
    if (fault) faults[index] = fault
    onProgress?.(++done, images.length)
  })
  // Without the holes of images without a fault.
  const found = faults.filter(() => true)
  const missing = found.filter((fault) => fault.missing)
  const [total, example] = [images.length, images[faults.findIndex((fault) => fault?.missing)]?.file_name]
  const verdict = otherImagesMessage({
    file: name,
    folder,
    missing: missing.length,
    total,
    example: shortName(`${example}`, 200),
  })
  const paths = lookups.flatMap((lookup, index): [number, string][] =>
    lookup.kind === 'found' ? [[images[index].id, lookup.path]] : [],
  )
  return {
    faults: found.map(({ text }) => text),
    warnings: orientationNotes(images, turns),
    ...(missing.length * 2 > total && { verdict }),
    respelt: respeltNote(images, lookups, { file: name, folder }),
    paths: new Map(paths),
  }
}

async function imageFault(
  image: CocoImage,
  folder: string,
  lookup: Lookup,
  decode: boolean,
  onTurn: (turn: string) => void,
): Promise<{ missing: boolean; text: string } | undefined> {
  const { id, file_name: name, width, height } = image
  if (typeof name !== 'string') return { missing: true, text: `image ${id} has no file_name` }
  if (lookup.kind === 'missing')
    return { missing: true, text: `image ${id}: there is no file ${shortName(name, 200)} in ${folder}` }
  if (lookup.kind === 'ambiguous')
    return { missing: false, text: `image ${id}: ${describeAmbiguous(name, lookup.candidates)} in ${folder}` }
  const { path } = lookup
  const wrong = (text: string) => ({ missing: false, text: `image ${id}: ${shortName(path, 300)} ${text}` })
  try {
    const actual = await sharp(path).metadata()
    // As it is stored, or as people see it.
    const stored = actual.width === width && actual.height === height
    const seen = actual.autoOrient.width === width && actual.autoOrient.height === height
    if (!stored && !seen)
      return wrong(
        `is ${actual.autoOrient.width} × ${actual.autoOrient.height}, but the annotations say ${width} × ${height}`,
      )
    const turn = openTurn(actual)
    if (turn !== undefined) onTurn(turn)
    // Small, since JPEG decodes faster so; every byte is read all the same.
    if (decode)
      await sharp(path, { failOn: 'error' })
        .resize(16, 16, { fit: 'fill', kernel: 'nearest' })
        .raw()
        .toBuffer()
  } catch (error) {
    return wrong(`cannot be read (${unreadableReason(error)})`)
  }
}
