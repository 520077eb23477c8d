/** Decodes labelled images into a set in memory. */
import { availableParallelism } from 'node:os'
import { grouped } from '../../src/shared/text.js'
import { DatasetError } from '../files/errors.js'
import { imageFormats } from '../files/image-files.js'
import { inParallel } from '../files/parallel.js'
import { decodeImage, unreadableReason } from './decode-image.js'
import type { ImageSet } from './image-set.js'

export interface LabelledInput {
  /** For messages. */
  title: string
  label: number
  /** The path of the image's file, or its bytes. */
  read: () => Promise<string | Buffer>
}

/** An image that could not be decoded. */
export interface UnreadableImage {
  path: string
  reason: string
}

/**
 * Decodes images into one set; those that cannot be decoded are added to `unreadable` and left out.
 *
 * @param place Of the images, for messages
 * @throws DatasetError when none can be decoded, or they exceed what one array can hold
 */
export async function decodeImages(
  { name, place, classes, size }: { name: string; place: string; classes: string[]; size: number },
  files: readonly LabelledInput[],
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
  await inParallel(files.entries(), availableParallelism() + 1, async ([i, { read }]) => {
    try {
      pixels.set(await decodeImage(await read(), size), i * bytes)
    } catch (error) {
      failed.set(i, unreadableReason(error))
    }
  })
  return keepReadable({ name, pixels, files, failed, classes, size }, unreadable)
}

/** Moves the images that were decoded together and lists the others. */
function keepReadable(
  decoded: {
    name: string
    pixels: Uint8Array
    files: readonly LabelledInput[]
    failed: Map<number, string>
    classes: string[]
    size: number
  },
  unreadable: UnreadableImage[],
): ImageSet {
  const { name, pixels, files, failed, classes, size } = decoded
  const bytes = size * size * 3
  const labels: number[] = []
  for (const [i, { title, label }] of files.entries()) {
    const reason = failed.get(i)
    if (reason !== undefined) {
      unreadable.push({ path: title, reason })
      continue
    }
    pixels.copyWithin(labels.length * bytes, i * bytes, (i + 1) * bytes)
    labels.push(label)
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
