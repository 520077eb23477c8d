/** The few validation images of the quick looks during training. */
import type { DetectionSet } from '../../../datasets/detection/detection-set.js'

/** Their number, at most. */
export const CHECK_IMAGES = 64

/** Images evenly spread over the set, always the same: at most `count`. */
export function checkImages(set: DetectionSet, count = CHECK_IMAGES): DetectionSet {
  const taken = Math.min(count, set.images.length)
  const indices = Array.from({ length: taken }, (_, i) => Math.floor((i * set.images.length) / taken))
  return {
    ...set,
    images: indices.map((index) => set.images[index]),
    source: (i) => set.source(indices[i]),
  }
}
