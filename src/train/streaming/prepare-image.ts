/** Prepares one image of a batch: reads, decodes and augments it, and writes it into the memory of the batch. */
import {
  decodeBox,
  decodeImage,
  decodeReduced,
  unreadableReason,
} from '../../../datasets/classification/decode-image.js'
import {
  cropAugmenter,
  distortionOf,
  type ImageKey,
  squareAugmenter,
  type Target,
} from '../images/training-image.js'
import { distortInto } from '../inception/distort.js'
import { type CachedImage, openPixelCache } from './pixel-cache.js'
import type { DecoderSettings, ImageTask } from './protocol.js'
import { openPlaceReader } from './read-place.js'
import { reducedSide } from './reduced-side.js'

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
  const decoders = {
    'padded-crop': squareDecoder,
    'random-resized-crop': reducedDecoder,
    inception: croppedDecoder,
  }
  const decode = decoders[config.augmentation.kind ?? 'padded-crop']()

  /** Decodes the crop alone: what lies beside it is never used. */
  function croppedDecoder() {
    return async ({ place, slot, offset, size, index, ...key }: ImageTask): Promise<Write> => {
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

  /** Decodes the square once and keeps it: every epoch begins with the same pixels. */
  function squareDecoder() {
    const augment = squareAugmenter(config, side)
    return keepingDecoder(
      async (bytes) => ({ data: await decodeImage(bytes, side), width: side, height: side }),
      (target, { data }, key) => augment(target, { data, from: 0 }, key),
    )
  }

  /** Decodes the image once, reduced to what crops need, and keeps it. */
  function reducedDecoder() {
    const augment = cropAugmenter(config)
    return keepingDecoder(
      (bytes) => decodeReduced(bytes, reducedSide(side)),
      (target, image, key) => augment(target, { ...image, from: 0 }, key),
    )
  }

  function keepingDecoder(
    decodeWhole: (bytes: Buffer) => Promise<CachedImage>,
    augment: (target: Target, image: CachedImage, key: ImageKey) => void,
  ) {
    const kept = openPixelCache(cache)
    return async ({ place, slot, offset, size, index, ...key }: ImageTask): Promise<Write> => {
      let image = kept.get(index)
      if (image === null) {
        image = await decodeWhole(reader.read(place))
        kept.put(index, image)
      }
      const whole = image
      return () => augment({ values: batches[slot], offset, size }, whole, key)
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
