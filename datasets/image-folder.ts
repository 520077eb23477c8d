/**
 * Image classification from folders, as ImageNet is usually laid out:
 * `DIR/train/<class>/*.jpg`, `DIR/val/<class>/…` and/or `DIR/test/<class>/…`.
 */
import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { extname, join } from 'node:path'
import sharp from 'sharp'
import { DatasetError, isMissing } from './errors.js'
import type { ImageSet } from './image-set.js'

const extensions = new Set(['.jpg', '.jpeg', '.png', '.webp'])
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
  /** `val/`, or `validation/`. */
  validation?: ImageSet
  test?: ImageSet
  /** Left out of the sets; never silently: show how many, and some by name. */
  unreadable: UnreadableImage[]
}

/** Names of the parts, and the folders that they may be in. */
const parts = { train: ['train'], validation: ['val', 'validation'], test: ['test'] }

/** True when `folder` has a `train` folder with at least one class folder in it. */
export async function isImageFolder(folder: string): Promise<boolean> {
  return (await subfolders(join(folder, 'train'))).length > 0
}

/**
 * Loads all images into memory: count × size × size × 3 bytes. Classes are the folder names below `train`,
 * sorted and kept as they are (ImageNet's synset names too). EXIF orientation is applied; grey, CMYK, 16-bit,
 * palette and transparent images become 8-bit sRGB (transparent on white); of animations the first frame counts.
 *
 * @throws DatasetError when the layout is not that, a part has classes that `train` has not, a class has no image
 * that can be read, or the images exceed what one array can hold.
 */
export async function loadImageFolder(
  folder: string,
  { size, perClass = Number.POSITIVE_INFINITY }: ImageFolderOptions,
): Promise<ImageFolder> {
  if (!Number.isInteger(size) || size < 1 || size > 4096)
    throw new DatasetError(`Images can be brought to 1 to 4096 pixels a side, not ${size}.`)
  const classes = await subfolders(join(folder, 'train'))
  if (classes.length === 0) {
    throw new DatasetError(
      `"${folder}" has no class folders in train/; lay the images out as ${join(folder, 'train', '<class>', '*.jpg')}.`,
    )
  }
  const unreadable: UnreadableImage[] = []
  const sets: Partial<Record<keyof typeof parts, ImageSet>> = {}
  for (const [part, candidates] of Object.entries(parts) as [keyof typeof parts, string[]][]) {
    for (const candidate of candidates) {
      const place = join(folder, candidate)
      const found = await subfolders(place)
      if (found.length === 0 || sets[part]) continue
      const stranger = found.find((name) => !classes.includes(name))
      if (stranger !== undefined)
        throw new DatasetError(
          `${join(place, stranger)} is a class that ${join(folder, 'train')} does not have.`,
        )
      sets[part] = await loadPart(`${folder} ${part}`, place, classes, { size, perClass }, unreadable)
    }
  }
  const train = sets.train!
  const seen = new Set(train.labels)
  const empty = classes.findIndex((_, classId) => !seen.has(classId))
  if (empty >= 0) {
    throw new DatasetError(
      `The class "${classes[empty]}" has no image that can be read in ${join(folder, 'train', classes[empty])}; ` +
        'add some, or remove the folder.',
    )
  }
  return { ...sets, train, unreadable }
}

/** Sorted names of the folders in `folder`; none when it is not there. */
async function subfolders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? entry.name : [])).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw new DatasetError(`The folder "${folder}" cannot be read: ${(error as Error).message}.`)
  }
}

async function loadPart(
  name: string,
  place: string,
  classes: string[],
  { size, perClass }: Required<ImageFolderOptions>,
  unreadable: UnreadableImage[],
): Promise<ImageSet> {
  const files: { path: string; classId: number }[] = []
  for (const [classId, className] of classes.entries()) {
    const inClass = await readdir(join(place, className)).catch((error) => {
      if (isMissing(error)) return []
      throw new DatasetError(`The folder "${join(place, className)}" cannot be read: ${error.message}.`)
    })
    const images = inClass.filter((file) => extensions.has(extname(file).toLowerCase())).sort()
    for (const file of images.slice(0, perClass)) files.push({ path: join(place, className, file), classId })
  }
  const bytes = size * size * 3
  if (files.length * bytes > 2 ** 32) {
    throw new DatasetError(
      `The ${files.length.toLocaleString('en')} images in "${place}" need ` +
        `${((files.length * bytes) / 2 ** 30).toFixed(1)} GiB at ${size} × ${size}, but sets are held in memory up to ` +
        '4 GiB; choose a smaller size or fewer images.',
    )
  }
  const pixels = new Uint8Array(files.length * bytes)
  const failed = new Map<number, string>()
  let next = 0
  const decode = async () => {
    for (let i = next++; i < files.length; i = next++) {
      try {
        pixels.set(await decodeImage(files[i].path, size), i * bytes)
      } catch (error) {
        failed.set(i, (error as Error).message)
      }
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, decode))
  return keepReadable({ name, pixels, files, failed, classes, size }, unreadable)
}

/** Moves the images that were decoded together and lists the others. */
function keepReadable(
  decoded: {
    name: string
    pixels: Uint8Array
    files: { path: string; classId: number }[]
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
      `"${name}" has no image that can be read (JPEG, PNG or WebP)${first ? `; ${first.path}: ${first.reason}` : '.'}`,
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
