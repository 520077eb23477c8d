/** A folder of images and a COCO annotation file as a detection set. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Annotation, COCO, type CocoImage, describeProblem } from '#coco-ts'
import { DatasetError, isMissing } from '../errors.js'
import { fileFingerprint, filesFingerprint } from '../fingerprint.js'
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
 * without area inside their image, and images that are missing on disk are left out, also of `set.coco`, and told
 * in `warnings`. Images without objects stay.
 *
 * @throws DatasetError when the annotations are for other images (more than half of them are missing), have
 * other classes than `categories`, or leave nothing to work with; CocoError when the file is no whole COCO file.
 */
export async function loadCocoSet(options: CocoSetOptions): Promise<CocoSet> {
  const { images: folder, annotations: file, limit = Number.POSITIVE_INFINITY } = options
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isInteger(limit) && limit >= 1))
    throw new DatasetError(`The number of images to take is a whole number from 1, not ${limit}.`)
  await requireFolder(folder)
  const read = await COCO.load(file, { lenient: true })
  const categories = chooseCategories(read, file, options.categories)
  const warnings: string[] = []
  const { count, first } = read.problems
  if (count > 0)
    warnings.push(
      `${count} ${count === 1 ? 'entry' : 'entries'} of "${file}" cannot be used and ${isOrAre(count)} left out; ` +
        `the first: ${describeProblem(first[0])}.`,
    )
  if (read.dataset.images.length === 0)
    throw new DatasetError(`"${file}" has no images; annotate some first.`)
  const present = await locateImages(read.dataset.images, folder, file, warnings)
  const located = present.slice(0, limit)
  const images = located.map(({ image }) => image)
  const coco = restrict(read, images, warnings)
  if (coco.dataset.annotations.length === 0)
    warnings.push(`None of the ${images.length} images taken from "${file}" has an object.`)
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

function chooseCategories(
  coco: COCO,
  file: string,
  wanted: CocoSetOptions['categories'],
): DetectionSet['categories'] {
  const found = coco.dataset.categories.map(({ id, name }) => ({ id, name })).sort((a, b) => a.id - b.id)
  if (found.length === 0)
    throw new DatasetError(
      `"${file}" has no categories; it must be a COCO file of objects, such as instances_train2017.json.`,
    )
  if (wanted === undefined) return found
  const show = (list: readonly { id: number; name: string }[]) =>
    list
      .slice(0, 3)
      .map(({ id, name }) => `${name} (id ${id})`)
      .join(', ')
  const lacking = wanted.filter(({ id, name }) => coco.cats.get(id)?.name !== name)
  const known = new Map(wanted.map(({ id, name }) => [id, name]))
  const strange = found.filter(({ id, name }) => known.get(id) !== name)
  if (lacking.length + strange.length === 0) return wanted.map(({ id, name }) => ({ id, name }))
  const differences = [
    ...(lacking.length > 0 ? [`it lacks ${lacking.length}, such as ${show(lacking)}`] : []),
    ...(strange.length > 0 ? [`it has ${strange.length} that are not known, such as ${show(strange)}`] : []),
  ]
  throw new DatasetError(
    `The categories of "${file}" are not the ${wanted.length} that are needed: ${differences.join('; ')}. ` +
      'Use annotations with the same ids and names.',
  )
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
  if (empty.length > 0)
    warnings.push(
      `${empty.length} ${empty.length === 1 ? 'box has' : 'boxes have'} no area inside ` +
        `${empty.length === 1 ? 'its' : 'their'} image and ${isOrAre(empty.length)} left out ` +
        `(the first: annotation ${empty[0].id} of image ${empty[0].image_id}).`,
    )
  return new COCO({ ...coco.dataset, images, annotations })
}

const isOrAre = (count: number): string => (count === 1 ? 'is' : 'are')
