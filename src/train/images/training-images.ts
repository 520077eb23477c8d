/** What classifiers are trained on. */
import type { ImageSet } from '../../../datasets/classification/image-set.js'
import type { ImageSource } from '../../../datasets/classification/image-source.js'
import type { DataConfig } from '../settings/config.js'

/** Labelled images: in memory, or read when they are needed. */
export type TrainingImages = ImageSet | ImageSource

export const isInMemory = (images: TrainingImages): images is ImageSet => 'pixels' in images

/** Side in pixels that images are brought to where neither they nor the config name one. */
const DEFAULT_SIDE = 224

/** Side in pixels of the images, before `resolution` makes them smaller. */
export const sideOf = (images: TrainingImages, { imageSize }: Pick<DataConfig, 'imageSize'>): number =>
  isInMemory(images) ? images.height : (imageSize ?? DEFAULT_SIDE)
