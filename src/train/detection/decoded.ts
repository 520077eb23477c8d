/** Decodes the images of a set for training, which reads them once per epoch and skips those that are broken. */
import { decodeImage, type Pixels } from '../../../datasets/detection/decode.js'
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'
import { DatasetError } from '../../../datasets/files/errors.js'
import { UserError } from '../../shared/errors.js'

export interface DecodedImage {
  /** Which image of the set it is. */
  index: number
  pixels: Pixels
}

/** Size of the cache in bytes: about 280 photographs of 640 × 480. */
const KEPT_BYTES = 256 * 2 ** 20
/** Unreadable images in a row after which decoding fails. */
const GIVE_UP = 20

/**
 * Returns a function that decodes image `index`, or the next one of the set that can be decoded; `warn` is called once
 * for each image that is skipped. The images that are decoded first are cached, up to `keptBytes`: each epoch reads
 * every image once, so that an image used recently is not needed sooner than another.
 *
 * The function throws a `UserError` when it finds no image that can be read.
 */
export function decodedImages(
  set: DetectionSet,
  { warn, keptBytes = KEPT_BYTES }: { warn: (text: string) => void; keptBytes?: number },
): (index: number) => Promise<DecodedImage> {
  const kept = new Map<number, Pixels>()
  const broken = new Map<number, DatasetError>()
  let room = keptBytes

  async function decode(index: number): Promise<Pixels | DatasetError> {
    const known = kept.get(index) ?? broken.get(index)
    if (known !== undefined) return known
    try {
      const pixels = await decodeImage(set, index)
      if (pixels.data.length <= room && !kept.has(index)) {
        kept.set(index, pixels)
        room -= pixels.data.length
      }
      return pixels
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error
      if (!broken.has(index)) warn(`Skipped in training: ${error.message}`)
      broken.set(index, error)
      return error
    }
  }

  return async (first) => {
    const count = set.images.length
    for (let tried = 0; tried < Math.min(GIVE_UP, count); tried++) {
      const index = (first + tried) % count
      const pixels = await decode(index)
      if (!(pixels instanceof DatasetError)) return { index, pixels }
    }
    throw new UserError(
      `${broken.size} of the ${count} images of ${set.name} cannot be read. ${[...broken.values()].at(-1)?.message}`,
    )
  }
}
