/** Decodes the images of a source while those before them are used, in bounded memory. */
import { open, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import sharp from 'sharp'
import { decodingOptions, fitClassifierImage, type Preprocessing } from '../../src/shared/classifier-input.js'
import { DatasetError } from '../files/errors.js'
import { inParallel } from '../files/parallel.js'
import type { ImagePlace, ImageSource } from './image-source.js'

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

/** Larger headers are refused before any pixel is decoded. */
const MAX_PIXELS = 100_000_000

/**
 * The images of a source in its order. EXIF orientation is applied; grey, CMYK, 16-bit, palette and transparent images become
 * 8-bit RGB (transparent on white); of animations the first frame counts.
 *
 * @throws DatasetError for an image that cannot be decoded, where there is no `onUnreadable`
 */
export async function* decodeAhead(
  source: ImageSource,
  options: DecodeAheadOptions,
): AsyncGenerator<DecodedBatch> {
  const { batchSize } = options
  const begun: Promise<DecodedBatch>[] = []
  try {
    for (let first = 0, next = 0; first < source.count; first += batchSize) {
      for (; next < source.count && begun.length <= AHEAD; next += batchSize) {
        const batch = decodeBatch(source, next, Math.min(next + batchSize, source.count), options)
        // Its error is thrown when its turn comes.
        batch.catch(() => {})
        begun.push(batch)
      }
      const batch = await begun[0]
      begun.shift()
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
): Promise<DecodedBatch> {
  const bytes = size * size * 3
  const pixels = new Uint8Array((end - first) * bytes)
  const unreadable = new Map<number, UnreadablePlace>()
  const indices = Array.from({ length: end - first }, (_, i) => first + i)
  await inParallel(indices, availableParallelism() + 1, async (index) => {
    const place = source.place(index)
    try {
      pixels.set(await decodeImage(await readPlace(place), size, preprocessing), (index - first) * bytes)
    } catch (error) {
      const reason = (error as Error).message.split('\n')[0]
      if (onUnreadable === undefined)
        throw new DatasetError(`${place.title} cannot be read as an image: ${reason}`, { cause: error })
      unreadable.set(index, { title: place.title, reason })
    }
  })
  // In the order of the source, whichever was decoded first.
  for (const index of indices) if (unreadable.has(index)) onUnreadable?.(unreadable.get(index)!)
  const kept = indices.filter((index) => !unreadable.has(index))
  for (const [to, index] of kept.entries())
    pixels.copyWithin(to * bytes, (index - first) * bytes, (index - first + 1) * bytes)
  return {
    pixels: unreadable.size === 0 ? pixels : pixels.slice(0, kept.length * bytes),
    labels: Int32Array.from(kept, (index) => source.labels[index]),
    count: kept.length,
  }
}

/** The bytes of an image file. */
async function readPlace({ path, offset, bytes }: ImagePlace): Promise<Uint8Array> {
  if (offset === 0 && bytes === null) return readFile(path)
  const file = await open(path)
  try {
    const length = bytes ?? (await file.stat()).size - offset
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset)
    if (bytesRead < length) throw new Error(`the file ends ${length - bytesRead} bytes too early`)
    return buffer
  } finally {
    await file.close()
  }
}

/** One image as size × size × 3 bytes. */
async function decodeImage(
  bytes: Uint8Array,
  size: number,
  preprocessing: Preprocessing,
): Promise<Uint8Array> {
  const input = { width: size, height: size }
  const image = sharp(bytes, {
    limitInputPixels: MAX_PIXELS,
    failOn: 'truncated',
    ...decodingOptions(preprocessing),
  })
  const { autoOrient } = await image.metadata()
  const upright = image.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb')
  return fitClassifierImage(upright, preprocessing, autoOrient, input)
}
