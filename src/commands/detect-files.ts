/** Which images `toolkit detect` reads, and where their pictures are written. */
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import { imageEndings, isImageName, isSystemName } from '../../datasets/files/image-files.js'
import { UserError } from '../shared/errors.js'
import { fileError, makeFolder } from '../shared/files.js'

/**
 * Files as they are given; a folder is replaced by its images in the order of their names. Each image once.
 *
 * @throws UserError for a folder that cannot be read or has no images. Files are not opened here.
 */
export async function imagesAt(paths: readonly string[]): Promise<string[]> {
  const images = await Promise.all(paths.map((path) => imagesOf(path)))
  return [...new Map(images.flat().map((image) => [resolve(image), image])).values()]
}

async function imagesOf(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) return [path]
  const names = await readdir(path).catch((error) => Promise.reject(fileError('read', path, error)))
  const images = names.filter((name) => isImageName(name) && !isSystemName(name))
  if (images.length === 0)
    throw new UserError(
      `The folder ${path} has no images (${imageEndings}); images in its subfolders are not read`,
    )
  // Numerically: 2.jpg before 10.jpg.
  return images.sort(new Intl.Collator('en', { numeric: true }).compare).map((name) => join(path, name))
}

/**
 * Makes `folder` and returns the path of each image's picture in it: the image's name with .png, with -2, -3, … where
 * several images have the same name.
 *
 * @throws UserError when the folder cannot be made, or a picture would replace one of the images
 */
export async function picturePaths(folder: string, images: readonly string[]): Promise<string[]> {
  await makeFolder(folder)
  const taken = new Set<string>()
  const pictures = images.map((image) => join(folder, freeName(parse(image).name, taken)))
  const originals = new Map<string, string>()
  for (const image of images) originals.set(await truePath(image), image)
  for (const picture of pictures) {
    const original = originals.get(await truePath(picture))
    if (original !== undefined)
      throw new UserError(`${picture} would replace the image ${original}; give --draw another folder`)
  }
  return pictures
}

/** Some file systems take names for the same that differ in case, or in how accents are written. */
function freeName(name: string, taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const candidate = `${name}${number === 1 ? '' : `-${number}`}.png`
    const key = candidate.normalize().toLowerCase()
    if (taken.has(key)) continue
    taken.add(key)
    return candidate
  }
}

/** The path with all links resolved; the absolute path itself if there is no such file. */
function truePath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
