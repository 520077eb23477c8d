/** Finds the image files of COCO annotations in a folder, and reports those that are missing or ambiguous. */
import type { CocoImage } from '#coco-ts'
import { DatasetError } from '../files/errors.js'
import type { NamedFile } from '../files/fingerprint.js'
import { findImages, type Lookup } from '../files/image-index.js'
import { count, listed } from '../files/left-out.js'
import { shortName } from './annotation-notes.js'

/** Characters of a file's name that are shown. */
const LONGEST = 200

/** An image whose file is there. */
export interface LocatedImage {
  image: CocoImage
  path: string
  bytes: number
}

/**
 * The images of a file of annotations that are in `folder`, in the file's order.
 *
 * @param warnings Gets a sentence each about names that were found under another spelling, and about images that are
 * left out because they are missing or could be several files
 * @throws DatasetError when more than half of them are not there
 */
export async function locateImages(
  images: readonly CocoImage[],
  folder: string,
  file: string,
  warnings: string[],
): Promise<LocatedImage[]> {
  const lookups = await findImages(
    folder,
    images.map((image) => image.file_name),
  )
  const located: LocatedImage[] = []
  const missing: string[] = []
  const ambiguous: string[] = []
  for (const [i, image] of images.entries()) {
    const lookup = lookups[i]
    if (lookup.kind === 'found') located.push({ image, path: lookup.path, bytes: lookup.bytes })
    else if (lookup.kind === 'missing')
      missing.push(
        typeof image.file_name === 'string'
          ? shortName(image.file_name, LONGEST)
          : `(image ${image.id} has no file_name)`,
      )
    else ambiguous.push(describeAmbiguous(image.file_name!, lookup.candidates))
  }
  const total = images.length
  if (missing.length * 2 > total)
    throw new DatasetError(
      otherImagesMessage({ file, folder, missing: missing.length, total, example: missing[0] }),
    )
  if (located.length * 2 < total)
    throw new DatasetError(
      `${count(ambiguous.length, 'image')} of "${file}" are ambiguous in "${folder}": ${ambiguous[0]}; ` +
        'write their names as paths in that folder.',
    )
  warnings.push(...respeltNote(images, lookups, { file, folder }))
  const of = `of the ${total} images of "${file}"`
  if (missing.length > 0)
    warnings.push(
      `${missing.length} ${of} ${isOrAre(missing)} missing in "${folder}" and left out: ${listed(missing)}.`,
    )
  if (ambiguous.length > 0)
    warnings.push(
      `${ambiguous.length} ${of} could be several files in "${folder}" and ${isOrAre(ambiguous)} left out: ` +
        `${listed(ambiguous)}.`,
    )
  return located
}

/** Files with the names that the annotations give them, for a fingerprint. */
export const namedFiles = (located: readonly LocatedImage[]): NamedFile[] =>
  located.map(({ image, bytes }) => ({ name: image.file_name!, bytes }))

/** In half a sentence, which files a name could mean, or that another name means the same one. */
export function describeAmbiguous(name: string, candidates: readonly string[]): string {
  return candidates.length === 1
    ? `"${shortName(name, LONGEST)}" and another name both fit ${candidates[0]}`
    : `"${shortName(name, LONGEST)}" fits ${candidates.slice(0, 3).join(' and ')}${candidates.length > 3 ? ' and more' : ''}`
}

/** A note of the names that were found under another spelling; none when there are none. */
export function respeltNote(
  images: readonly CocoImage[],
  lookups: readonly Lookup[],
  { file, folder }: { file: string; folder: string },
): string[] {
  const respelt = lookups.flatMap((lookup, i) =>
    lookup.kind === 'found' && lookup.respelt ? [{ name: images[i].file_name!, path: lookup.path }] : [],
  )
  if (respelt.length === 0) return []
  const [{ name, path }] = respelt
  return [
    `${count(respelt.length, 'image')} of "${file}" ${respelt.length === 1 ? 'was' : 'were'} found in "${folder}" under ` +
      `another spelling: "${shortName(name, LONGEST)}" is ${path}${respelt.length > 1 ? ', …' : '.'}`,
  ]
}

/** The message where most of the images of an annotation file are not in the folder. */
export function otherImagesMessage(found: {
  file: string
  folder: string
  missing: number
  total: number
  /** One that is missing. */
  example: string
}): string {
  const { file, folder, missing, total, example } = found
  return (
    `"${file}" is for other images than those in "${folder}": ${missing === total ? 'all' : missing} of its ` +
    `${total} images are missing there, for example ${example}; name the folder and the annotations that belong ` +
    'together.'
  )
}

const isOrAre = ({ length }: readonly unknown[]): string => (length === 1 ? 'is' : 'are')
