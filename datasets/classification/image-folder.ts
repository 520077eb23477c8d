/**
 * Image classification from folders, as ImageNet is usually laid out:
 * `DIR/train/<class>/*.jpg`, `DIR/val/<class>/…` (or `valid`, `validation`) and/or `DIR/test/<class>/…`.
 */

import { join } from 'node:path'
import { DatasetError } from '../files/errors.js'
import { type ClassFile, type ClassFolders, type PartName, readClassFolders } from './class-folders.js'
import { decodeImages, type UnreadableImage } from './decode-images.js'
import type { ImageSet } from './image-set.js'

export { isImageFolder } from './class-folders.js'
export type { UnreadableImage } from './decode-images.js'

export interface ImageFolderOptions {
  /** Height and width that every image is brought to, in pixels: scaled to cover the square, the middle kept. */
  size: number
  /** Only the first so many images of each class and part, by name. */
  perClass?: number
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
    sets[part] = await decodeImages(
      { name: `${folder} ${part}`, place, classes, size },
      firstOfEachClass(files, perClass).map(({ path, classId }) => ({
        ...{ title: path, label: classId },
        read: async () => path,
      })),
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
