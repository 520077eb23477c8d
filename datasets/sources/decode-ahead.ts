/** Decodes the images of a source while those before them are used, in bounded memory. */
import { availableParallelism } from 'node:os'
import type { Preprocessing } from '../../src/shared/classifier-input.js'
import { decodeImage, unreadableReason } from '../classification/decode-image.js'
import type { ImageSource } from '../classification/image-source.js'
import { DatasetError } from '../files/errors.js'
import { inParallel } from '../files/parallel.js'
import { readImage } from './read-image.js'

export interface DecodeAheadOptions {
  batchSize: number
  /** Height and width that every image is brought to, in pixels. */
  size: number
  /** How it is brought to that size. */
  preprocessing: Preprocessing
  /** Called for an image that cannot be decoded, which is left out; without it, decoding stops there. */
  onUnreadable?: (image: UnreadablePlace) => void
}

export interface UnreadablePlace {
  /** The file, or the shard and its member. */
  title: string
  reason: string
}

export interface DecodedBatch {
  /** uint8, count × size × size × 3, RGB. */
  pixels: Uint8Array
  /** Class index of each image. */
  labels: Int32Array
  count: number
}

/** Batches that are decoded while the one before them is used. */
const AHEAD = 2

/**
 * The images of a source in its order, decoded as `decodeImage` does.
 *
 * @throws DatasetError for an image that cannot be decoded, where there is no `onUnreadable`
 */
export async function* decodeAhead(
  source: ImageSource,
  options: DecodeAheadOptions,
): AsyncGenerator<DecodedBatch> {
  const { batchSize, onUnreadable } = options
  const begun: Promise<DecodedBatch & { unreadable: UnreadablePlace[] }>[] = []
  try {
    for (let first = 0, next = 0; first < source.count; first += batchSize) {
      for (; next < source.count && begun.length <= AHEAD; next += batchSize) {
        const batch = decodeBatch(source, next, Math.min(next + batchSize, source.count), options)
        // Its error is thrown when its turn comes.
        batch.catch(() => {})
        begun.push(batch)
      }
      const { unreadable, ...batch } = await begun[0]
      begun.shift()
      // In the order of the source, whichever batch and image was decoded first.
      for (const image of unreadable) onUnreadable?.(image)
      if (batch.count > 0) yield batch
    }
  } finally {
    await Promise.allSettled(begun)
  }
}

async function decodeBatch(
  source: ImageSource,
  first: number,
  end: number,
  { size, preprocessing, onUnreadable }: DecodeAheadOptions,
): Promise<DecodedBatch & { unreadable: UnreadablePlace[] }> {
  const bytes = size * size * 3
  const pixels = new Uint8Array((end - first) * bytes)
  const unreadable = new Map<number, UnreadablePlace>()
  const indices = Array.from({ length: end - first }, (_, i) => first + i)
  await inParallel(indices, availableParallelism() + 1, async (index) => {
    const place = source.place(index)
    try {
      pixels.set(await decodeImage(await readImage(place), size, preprocessing), (index - first) * bytes)
    } catch (error) {
      const reason = unreadableReason(error)
      if (onUnreadable === undefined)
        throw new DatasetError(`${place.title} cannot be read as an image: ${reason}`, { cause: error })
      unreadable.set(index, { title: place.title, reason })
    }
  })
  const kept = indices.filter((index) => !unreadable.has(index))
  for (const [to, index] of kept.entries())
    pixels.copyWithin(to * bytes, (index - first) * bytes, (index - first + 1) * bytes)
  return {
    pixels: unreadable.size === 0 ? pixels : pixels.slice(0, kept.length * bytes),
    labels: Int32Array.from(kept, (index) => source.labels[index]),
    count: kept.length,
    unreadable: indices.flatMap((index) => unreadable.get(index) ?? []),
  }
}
