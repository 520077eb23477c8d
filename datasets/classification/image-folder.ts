/**
 * Image classification from folders, as ImageNet is usually laid out:
 * `DIR/train/<class>/*.jpg`, `DIR/val/<class>/…` (or `valid`, `validation`) and/or `DIR/test/<class>/…`.
 */

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { grouped } from '../../src/shared/text.js'
import { DatasetError } from '../files/errors.js'
import { imageFormats } from '../files/image-files.js'
import { inParallel } from '../files/parallel.js'
import { type ClassFile, type ClassFolders, type PartName, readClassFolders } from './class-folders.js'
import type { ImageSet } from './image-set.js'

export { isImageFolder } from './class-folders.js'

/** Larger headers are refused before any pixel is decoded. */
const maxInputPixels = 100_000_000

export interface ImageFolderOptions {
  /** Height and width that every image is brought to, in pixels: scaled to cover the square, the middle kept. */
  size: number
  /** Only the first so many images of each class and part, by name. */
  perClass?: number
}

/** An image that could not be decoded. */
export interface UnreadableImage {
  path: string
  reason: string
}

export interface ImageFolder {
  train: ImageSet
  validation?: ImageSet
  test?: ImageSet
  /** What of the folder is left out, and what is probably a mistake, in a sentence each; for the user to see. */
  notes: string[]
  /** Left out of the sets; never silently: show how many, and some by name. */
  unreadable: UnreadableImage[]
}

/**
 * Loads all images into memory: count × size × size × 3 bytes. Classes are the folder names below `train`,
 * sorted and kept as they are (ImageNet's synset names too). EXIF orientation is applied; grey, CMYK, 16-bit,
 * palette and transparent images become 8-bit sRGB (transparent on white); of animations the first frame counts.
 *
 * @throws DatasetError when the layout is not that, as `readClassFolders` does, a class has no image that can be read,
 * or the images exceed what one array can hold.
 */
export async function loadImageFolder(folder: string, options: ImageFolderOptions): Promise<ImageFolder> {
  return decodeClassFolders(folder, await readClassFolders(folder), options)
}

/** As `loadImageFolder`, of a layout that has been read. */
export async function decodeClassFolders(
  folder: string,
  { classes, parts, notes }: ClassFolders,
  { size, perClass = Number.POSITIVE_INFINITY }: ImageFolderOptions,
): Promise<ImageFolder> {
  if (!Number.isInteger(size) || size < 1 || size > 4096)
    throw new DatasetError(`Images can be brought to 1 to 4096 pixels a side, not ${size}.`)
  const unreadable: UnreadableImage[] = []
  const sets: Partial<Record<PartName, ImageSet>> = {}
  for (const [part, { place, files }] of Object.entries(parts) as [
    PartName,
    ClassFolders['parts']['train'],
  ][])
    sets[part] = await loadPart(
      { name: `${folder} ${part}`, place, classes, size },
      firstOfEachClass(files, perClass),
      unreadable,
    )
  const train = sets.train!
  const seen = new Set(train.labels)
  const empty = classes.findIndex((_, classId) => !seen.has(classId))
  if (empty >= 0) {
    throw new DatasetError(
      `The class "${classes[empty]}" has no image that can be read in ${join(parts.train.place, classes[empty])}; ` +
        'add some, or remove the folder.',
    )
  }
  return { ...sets, train, notes, unreadable }
}

/** The first `most` files of each class; those of one class follow each other. */
function firstOfEachClass(files: readonly ClassFile[], most: number): ClassFile[] {
  let [classId, taken] = [-1, 0]
  return files.filter((file) => {
    taken = file.classId === classId ? taken + 1 : 1
    classId = file.classId
    return taken <= most
  })
}

async function loadPart(
  { name, place, classes, size }: { name: string; place: string; classes: string[]; size: number },
  files: ClassFile[],
  unreadable: UnreadableImage[],
): Promise<ImageSet> {
  const bytes = size * size * 3
  if (files.length * bytes > 2 ** 32) {
    throw new DatasetError(
      `The ${grouped(files.length)} images in "${place}" need ` +
        `${((files.length * bytes) / 2 ** 30).toFixed(1)} GiB at ${size} × ${size}, but sets are held in memory up to ` +
        '4 GiB; choose a smaller size or fewer images.',
    )
  }
  const pixels = new Uint8Array(files.length * bytes)
  const failed = new Map<number, string>()
  await inParallel(files.entries(), availableParallelism() + 1, async ([i, { path }]) => {
    try {
      pixels.set(await decodeImage(path, size), i * bytes)
    } catch (error) {
      failed.set(i, (error as Error).message)
    }
  })
  return keepReadable({ name, pixels, files, failed, classes, size }, unreadable)
}

/** Moves the images that were decoded together and lists the others. */
function keepReadable(
  decoded: {
    name: string
    pixels: Uint8Array
    files: ClassFile[]
    failed: Map<number, string>
    classes: string[]
    size: number
  },
  unreadable: UnreadableImage[],
): ImageSet {
  const { name, pixels, files, failed, classes, size } = decoded
  const bytes = size * size * 3
  const labels: number[] = []
  for (const [i, { path, classId }] of files.entries()) {
    const reason = failed.get(i)
    if (reason !== undefined) {
      unreadable.push({ path, reason })
      continue
    }
    pixels.copyWithin(labels.length * bytes, i * bytes, (i + 1) * bytes)
    labels.push(classId)
  }
  const count = labels.length
  if (count === 0) {
    const first = unreadable.at(-1)
    throw new DatasetError(
      `"${name}" has no image that can be read (${imageFormats})${first ? `; ${first.path}: ${first.reason}` : '.'}`,
    )
  }
  return {
    name,
    pixels: pixels.subarray(0, count * bytes),
    labels: Int32Array.from(labels),
    count,
    height: size,
    width: size,
    classes,
  }
}

/** One image as size × size × 3 bytes. */
async function decodeImage(path: string, size: number): Promise<Buffer> {
  const { data, info } = await sharp(path, { limitInputPixels: maxInputPixels, failOn: 'truncated' })
    .autoOrient()
    .resize(size, size, { fit: 'cover' })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (info.channels !== 3) throw new Error(`it has ${info.channels} channels after conversion to sRGB`)
  return data
}
