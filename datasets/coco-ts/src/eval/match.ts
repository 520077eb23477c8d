/** Detections and objects of one category in one image, ready to be matched. Detections from the best score down. */
export interface MatchInput {
  detections: number
  objects: number
  /** Similarity of detection d and object g at `d * objects + g`. */
  ious: Float64Array
  /** 1 for objects that may be matched any number of times. */
  crowd: Uint8Array
  /** 1 for ignored objects: neither true positives nor false negatives. */
  ignore: Uint8Array
  /** 1 for detections whose id blocks an object from further matches; pycocotools lets ids below 1 not do so. */
  blocks: Uint8Array
  iouThrs: ArrayLike<number>
}

/** No threshold is above this, so that a perfect overlap reaches an IoU of 1 in spite of rounding. */
export const HIGHEST_THRESHOLD = 1 - 1e-10

let order = new Int32Array(64)
let taken = new Uint8Array(64)

/**
 * Greedy matching, best detection first: each takes the object it covers best among those still free, at or above
 * the threshold; objects that count come before ignored ones. Writes for threshold t and detection d, at
 * `t * detections + d`, the object's index or −1 into `matched`, and, where wanted, for object g, at
 * `t * objects + g`, the last detection matched to it or −1 into `matchedBy`.
 */
export function matchDetections(input: MatchInput, matched: Int32Array, matchedBy?: Int32Array): void {
  const { detections, objects, ious, crowd, ignore, blocks, iouThrs } = input
  if (order.length < objects) {
    order = new Int32Array(2 * objects)
    taken = new Uint8Array(2 * objects)
  }
  ignoredLast(ignore, objects, order)
  matchedBy?.fill(-1)
  for (let t = 0; t < iouThrs.length; t++) {
    taken.fill(0, 0, objects)
    const threshold = Math.min(iouThrs[t], HIGHEST_THRESHOLD)
    for (let d = 0; d < detections; d++) {
      let best = threshold
      let match = -1
      for (let i = 0; i < objects; i++) {
        const g = order[i]
        const iou = ious[d * objects + g]
        if (iou < best || (taken[g] === 1 && crowd[g] === 0)) continue
        // Objects that count have come, and one of them fits.
        if (match >= 0 && ignore[match] === 0 && ignore[g] === 1) break
        best = iou
        match = g
      }
      matched[t * detections + d] = match
      if (match >= 0) {
        taken[match] = blocks[d]
        if (matchedBy) matchedBy[t * objects + match] = d
      }
    }
  }
}

/** Writes the objects that count, ignored ones after them, each in their order. */
export function ignoredLast(ignore: Uint8Array, objects: number, into: Int32Array): void {
  let at = 0
  for (let g = 0; g < objects; g++) if (ignore[g] === 0) into[at++] = g
  for (let g = 0; g < objects; g++) if (ignore[g] === 1) into[at++] = g
}
