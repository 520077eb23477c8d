/** A folder of images and a COCO annotation file as a detection set. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Annotation, COCO, type CocoImage, describeProblem } from '#coco-ts'
import { DatasetError, isMissing } from '../files/errors.js'
import { fileFingerprint, filesFingerprint } from '../files/fingerprint.js'
import { boxFormNotes, countReasons, readingNotes } from './annotation-notes.js'
import { chooseCategories } from './categories.js'
import { locateImages, namedFiles } from './coco-images.js'
import type { DetectionImage, DetectionSet } from './detection-set.js'

export interface CocoSetOptions {
  /** Folder that the annotations' `file_name`s are in. */
  images: string
  /** A COCO annotation file of objects; names that end in .gz are read too. */
  annotations: string
  /** Only the first so many images of those that are there. */
  limit?: number
  /** The classes that the file must have, for example a detector's. Their order becomes the set's. */
  categories?: readonly { id: number; name: string }[]
}

export interface CocoSet {
  set: DetectionSet
  /** What was left out, in a sentence each; for the user to see. */
  warnings: string[]
}

/**
 * Loads any data set in COCO's format, with any categories: classes are in the order of ascending category id
 * (gaps allowed), or in that of `categories`. Boxes are cut at the image's edges. Entries that are wrong, boxes
 * without area inside their image, and images that are missing on disk are left out, also of `set.coco`, and reported
 * in `warnings`. Images without objects stay.
 *
 * @throws DatasetError when the annotations are for other images (more than half of them are missing), have
 * other classes than `categories`, or leave nothing to work with; CocoError when the file is not a complete COCO file.
 */
export async function loadCocoSet(options: CocoSetOptions): Promise<CocoSet> {
  const { images: folder, annotations: file, limit = Number.POSITIVE_INFINITY } = options
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isInteger(limit) && limit >= 1))
    throw new DatasetError(`The number of images to take is a whole number from 1, not ${limit}.`)
  await requireFolder(folder)
  const read = await COCO.load(file, { lenient: true })
  requireEntries(read, file)
  const warnings = readingNotes(read, file)
  const categories = chooseCategories(read, file, options.categories, warnings)
  if (read.dataset.images.length === 0)
    throw new DatasetError(`"${file}" has no images; annotate some first.`)
  const present = await locateImages(read.dataset.images, folder, file, warnings)
  const located = present.slice(0, limit)
  const images = located.map(({ image }) => image)
  const coco = restrict(read, images, warnings)
  if (coco.dataset.annotations.length === 0)
    warnings.push(`None of the ${images.length} images taken from "${file}" has an object.`)
  warnings.push(...boxFormNotes(coco, file))
  const classOf = new Map(categories.map(({ id }, index) => [id, index]))
  const paths = located.map(({ path }) => path)
  const set: DetectionSet = {
    name: basename(file).replace(/\.json(\.gz)?$/, ''),
    categories,
    images: images.map((image, i) =>
      toDetectionImage(image, paths[i], coco.imgToAnns.get(image.id), classOf),
    ),
    coco,
    source: (index) => paths[index],
    fingerprint: {
      annotations: await fileFingerprint(file),
      images: filesFingerprint(namedFiles(present)),
    },
    leftOut: leftOut(read, coco, images),
  }
  return { set, warnings }
}

/** One image of a set; the annotations must have an area inside it. */
export function toDetectionImage(
  { id, width, height }: CocoImage,
  fileName: string,
  annotations: readonly Annotation[] = [],
  classOf: ReadonlyMap<number, number>,
): DetectionImage {
  return {
    id,
    fileName,
    width,
    height,
    boxes: Float32Array.from(annotations.flatMap(({ bbox }) => cornersInside(bbox, width, height))),
    labels: Int32Array.from(annotations, (annotation) => classOf.get(annotation.category_id)!),
    crowd: Uint8Array.from(annotations, ({ iscrowd }) => (iscrowd ? 1 : 0)),
  }
}

/** Whether there is anything of a COCO box inside its image, in the 32 bits that a set holds it in. */
export function hasAreaInside(bbox: readonly number[], { width, height }: CocoImage): boolean {
  const [left, top, right, bottom] = cornersInside(bbox, width, height).map(Math.fround)
  return right > left && bottom > top
}

/** COCO's [x, y, width, height] as [x1, y1, x2, y2], cut at the edges of the image. */
function cornersInside([x, y, w, h]: readonly number[], width: number, height: number): number[] {
  const along = (value: number, side: number) => Math.min(side, Math.max(0, value))
  return [along(x, width), along(y, height), along(x + w, width), along(y + h, height)]
}

/** @throws DatasetError when there is no such folder of images */
export async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((error) => {
    if (!isMissing(error)) throw error
  })
  if (!found?.isDirectory())
    throw new DatasetError(`There is no folder "${folder}"; name the one that holds the images.`)
}

/** @throws DatasetError when the file has no images or no categories that can be used, with the reason */
export function requireEntries(coco: COCO, file: string): void {
  for (const section of ['images', 'categories'] as const) {
    if (coco.dataset[section].length > 0) continue
    const fault = coco.problems.first.find((problem) => problem.section === section)
    if (fault === undefined) continue
    throw new DatasetError(
      fault.index < 0
        ? `"${file}" is not a COCO file of objects: ${fault.message}.`
        : `None of the ${section} of "${file}" can be used (${countReasons(coco.problems.bySection[section])}); ` +
            `the first: ${describeProblem(fault)}.`,
    )
  }
}

/** The annotations of `images` alone, without boxes that have no area inside their image. */
function restrict(coco: COCO, images: CocoImage[], warnings: string[]): COCO {
  const wanted = new Set(images.map(({ id }) => id))
  const empty: Annotation[] = []
  const annotations = coco.dataset.annotations.filter((annotation) => {
    // Captions have no box.
    if (!wanted.has(annotation.image_id) || annotation.bbox === undefined) return false
    const solid = hasAreaInside(annotation.bbox, coco.imgs.get(annotation.image_id)!)
    if (!solid) empty.push(annotation)
    return solid
  })
  if (empty.length > 0) warnings.push(`${boxesWithoutArea(empty)}.`)
  return new COCO({ ...coco.dataset, images, annotations })
}

function boxesWithoutArea(empty: readonly Annotation[]): string {
  const { length } = empty
  return (
    `${length} ${length === 1 ? 'box has' : 'boxes have'} no area inside ${length === 1 ? 'its' : 'their'} image and ` +
    `${isOrAre(length)} left out (the first: annotation ${empty[0].id} of image ${empty[0].image_id})`
  )
}

/** Why annotations of the file are not among those of the set. */
function leftOut(read: COCO, { imgs }: COCO, images: readonly CocoImage[]): string[] {
  const refused = read.problems.bySection.annotations ?? {}
  const { annotations } = read.dataset
  const elsewhere = annotations.filter(({ image_id }) => !imgs.has(image_id)).length
  const empty = annotations.filter(
    ({ bbox, image_id }) =>
      bbox !== undefined && imgs.has(image_id) && !hasAreaInside(bbox, imgs.get(image_id)!),
  )
  const first = read.problems.first.find(({ section }) => section === 'annotations')
  return [
    ...(first
      ? [`annotations that cannot be used (${countReasons(refused)}; the first: ${describeProblem(first)})`]
      : []),
    ...(elsewhere > 0 ? [`${elsewhere} annotations of other images than the ${images.length} taken`] : []),
    ...(empty.length > 0 ? [boxesWithoutArea(empty)] : []),
  ]
}

const isOrAre = (count: number): string => (count === 1 ? 'is' : 'are')
