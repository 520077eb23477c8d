/** What the training thread and the threads that prepare its images say to each other. */
import type { ImagePlace } from '../../../datasets/classification/image-source.js'
import type { AugmentConfig, ImageKey } from '../images/training-image.js'
import type { PixelCache } from './pixel-cache.js'

/** What a thread is started with. */
export interface DecoderSettings {
  config: AugmentConfig
  /** Side of decoded images, before `resolution` makes them smaller. */
  side: number
  /** Memory of the batches in preparation, float32. */
  slots: SharedArrayBuffer[]
  /** Decoded images of earlier epochs; null: none are kept. */
  cache: PixelCache | null
}

/** An image to prepare: read, decoded, augmented, and written into a batch. */
export interface ImageTask extends ImageKey {
  place: ImagePlace
  /** Index in its source. */
  index: number
  /** Index into the slots. */
  slot: number
  /** Index of its first float in the slot. */
  offset: number
  /** Side in the batch. */
  size: number
}

/** A task with the number that its answer has. */
export interface NumberedTask extends ImageTask {
  id: number
}

/** `null` asks a thread to end when its tasks are done. */
export type DecoderRequest = NumberedTask | null

export interface DecoderReply {
  id: number
  /** Why the image cannot be read, as half a sentence; missing: it lies in the slot. */
  unreadable?: string
}
