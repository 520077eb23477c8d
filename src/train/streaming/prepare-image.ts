/** Prepares one image of a batch: reads, decodes and augments it, and writes it into the memory of the batch. */
import { decodeBox, decodeImage, unreadableReason } from '../../../datasets/classification/decode-image.js'
import { distortionOf, squareAugmenter } from '../images/training-image.js'
import { distortInto } from '../inception/distort.js'
import { openPixelCache } from './pixel-cache.js'
import type { DecoderSettings, ImageTask } from './protocol.js'
import { openPlaceReader } from './read-place.js'

export interface ImagePreparer {
  /** Resolves with null, or with the reason why the image cannot be read, as half a sentence. */
  prepare(task: ImageTask): Promise<string | null>
  close(): void
}

/** What `prepare` needs to write an image; its decoding is behind it. */
type Write = () => void

/** The preparer of a run. What it writes depends on the file, on the settings, and on epoch and index of the image only. */
export function openPreparer({ config, side, slots, cache }: DecoderSettings): ImagePreparer {
  const batches = slots.map((slot) => new Float32Array(slot))
  const reader = openPlaceReader()
  const decode = config.augmentation.kind === 'inception' ? croppedDecoder() : squareDecoder()

  /** Decodes the crop alone: what lies beside it is never used. */
  function croppedDecoder() {
    return async ({ place, slot, offset, size, ...key }: ImageTask): Promise<Write> => {
      const { data, box } = await decodeBox(reader.read(place), (whole) => {
        const distortion = distortionOf(config, whole, key)
        return { ...distortion.crop, distortion }
      })
      const { width, height } = box
      const crop = { left: 0, top: 0, width, height }
      const pixels = { data, from: 0, width, height }
      return () => distortInto(batches[slot], offset, size, pixels, { ...box.distortion, crop })
    }
  }

  function squareDecoder() {
    const kept = openPixelCache(cache)
    const augment = squareAugmenter(config, side)
    return async ({ place, slot, offset, size, ...key }: ImageTask): Promise<Write> => {
      let data = kept.get(key.image)
      if (data === null) {
        data = await decodeImage(reader.read(place), side)
        kept.put(key.image, data)
      }
      const pixels = { data, from: 0 }
      return () => augment({ values: batches[slot], offset, size }, pixels, key)
    }
  }

  return {
    async prepare(task) {
      let write: Write
      try {
        write = await decode(task)
      } catch (error) {
        return unreadableReason(error)
      }
      // What fails from here on is no fault of the image.
      write()
      return null
    },
    close: () => reader.close(),
  }
}
