import type { PartName } from '../classification/class-folders.js'
import type { UnreadableImage } from '../classification/decode-images.js'
import type { ImageSource } from '../classification/image-source.js'
import { checkImages } from './check-images.js'
import { type ImageSources, partNames } from './opened.js'

/** What a part of a data set has. */
export interface PartInspection {
  part: PartName
  images: number
  /** Images of each class, in the order of the classes. */
  perClass: number[]
  /** Tar files that are read from front to back; 0: images are read in any order. */
  shards: number
  /** Images that do not decode; null: none was decoded. */
  unreadable: UnreadableImage[] | null
}

export interface InspectOptions {
  /** Decode every image. Default false: none is read. */
  verify?: boolean
  onProgress?: (part: PartName, done: number, count: number) => void
}

/** Counts the images of each part and class. */
export async function inspectSources(
  sources: ImageSources,
  { verify = false, onProgress }: InspectOptions = {},
): Promise<PartInspection[]> {
  const found: PartInspection[] = []
  for (const part of partNames) {
    const source = sources[part]
    if (source === undefined) continue
    const unreadable = verify
      ? await checkImages(source, (done, count) => onProgress?.(part, done, count))
      : null
    found.push({
      ...{ part, images: source.count, perClass: countsOf(source), shards: source.shards?.length ?? 0 },
      unreadable,
    })
  }
  return found
}

function countsOf({ classes, labels }: ImageSource): number[] {
  const counts = new Array<number>(classes.length).fill(0)
  for (const label of labels) counts[label]++
  return counts
}
