/**
 * Finds images that show nearly the same: copies in another size, compression or brightness, and neighbouring frames.
 *
 * Each image gets a difference hash of 64 bits (dHash, N. Krawetz, "Kind of Like That", 2013): grey, shrunk to 9 × 8, and
 * for each pixel whether the next one in its row is brighter.
 */
import sharp from 'sharp'
import { inParallel } from '../files/parallel.js'

/** The bits of a hash: two times 32, since numbers hold no 64. */
export interface ImageHash {
  high: number
  low: number
}

/** Images that are decoded in parallel. */
const PARALLEL = 4

/** The largest distance for which {@link nearPairs} finds all pairs. */
export const FARTHEST = 7

/** Bits out of 64 that must be set, and must not be, for a hash to say something: those of plain images do not. */
const LEAST_BITS = 8

/** The hash of an image, given its path or bytes; undefined for one that cannot be read, or shows no structure. */
export async function imageHash(image: string | Buffer): Promise<ImageHash | undefined> {
  let pixels: Buffer
  try {
    pixels = await sharp(image)
      .autoOrient()
      .flatten()
      .greyscale()
      .resize(9, 8, { fit: 'fill' })
      .raw()
      .toBuffer()
  } catch {
    // Training reports files that cannot be read; here they are alone.
    return undefined
  }
  const words = [0, 0]
  for (let bit = 0; bit < 64; bit++) {
    const at = Math.floor(bit / 8) * 9 + (bit % 8)
    if (pixels[at + 1] > pixels[at]) words[bit >> 5] |= 1 << (bit & 31)
  }
  const [high, low] = words.map((word) => word >>> 0)
  const bits = ones(high) + ones(low)
  return bits < LEAST_BITS || bits > 64 - LEAST_BITS ? undefined : { high, low }
}

/** An image: its path, or a function that reads it. */
export type HashedImage = string | (() => Promise<string | Buffer>)

/** Hashes of images, in their order; of one that cannot be read there is none. */
export async function imageHashes(
  images: readonly HashedImage[],
  onProgress: (done: number, count: number) => void = () => {},
): Promise<(ImageHash | undefined)[]> {
  const hashes = new Array<ImageHash | undefined>(images.length).fill(undefined)
  let done = 0
  await inParallel(images.entries(), PARALLEL, async ([i, image]) => {
    // Training reports files that cannot be read; here they are alone.
    const input = typeof image === 'string' ? image : await image().catch(() => undefined)
    hashes[i] = input === undefined ? undefined : await imageHash(input)
    onProgress(++done, images.length)
  })
  return hashes
}

function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** In how many of 64 bits hashes differ. */
export const hashDistance = (a: ImageHash, b: ImageHash): number =>
  ones((a.high ^ b.high) >>> 0) + ones((a.low ^ b.low) >>> 0)

/**
 * Pairs of images whose hashes differ in at most `most` bits, which is at most {@link FARTHEST}: then one of the eight
 * bytes of both is the same, so that only images with an equal byte are compared.
 */
export function* nearPairs(
  hashes: readonly (ImageHash | undefined)[],
  most: number,
): Generator<[number, number]> {
  const seen = new Set<string>()
  for (let byte = 0; byte < 8; byte++) {
    const buckets = new Map<number, number[]>()
    for (const [i, hash] of hashes.entries()) {
      if (hash === undefined) continue
      const key = ((byte < 4 ? hash.high : hash.low) >>> (8 * (byte & 3))) & 255
      const bucket = buckets.get(key) ?? []
      buckets.set(key, bucket)
      for (const other of bucket)
        if (hashDistance(hash, hashes[other]!) <= most && !seen.has(`${other} ${i}`)) {
          seen.add(`${other} ${i}`)
          yield [other, i]
        }
      bucket.push(i)
    }
  }
}
