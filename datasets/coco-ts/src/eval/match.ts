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
  iouThrs: readonly number[]
}

/**
 * Greedy matching, best detection first: each takes the object it covers best among those still free, at or above
 * the threshold; objects that count come before ignored ones. Writes for threshold t and detection d, at
 * `t * detections + d`, the object's index or −1 into `matched`, and, where wanted, for object g, at
 * `t * objects + g`, the last detection matched to it or −1 into `matchedBy`.
 */
export function matchDetections(input: MatchInput, matched: Int32Array, matchedBy?: Int32Array): void {
  const { detections, objects, ious, crowd, ignore, blocks, iouThrs } = input
  const order = ignoredLast(ignore, objects)
  const taken = new Uint8Array(objects)
  matchedBy?.fill(-1)
  for (let t = 0; t < iouThrs.length; t++) {
    taken.fill(0)
    const threshold = Math.min(iouThrs[t], 1 - 1e-10)
    for (let d = 0; d < detections; d++) {
      let best = threshold
      let match = -1
      for (let i = 0; i < objects; i++) {
        const g = order[i]
        if (taken[g] === 1 && crowd[g] === 0) continue
        if (match >= 0 && ignore[match] === 0 && ignore[g] === 1) break
        const iou = ious[d * objects + g]
        if (iou < best) continue
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

/** Objects that count first, ignored ones after them, each in their order. */
export function ignoredLast(ignore: Uint8Array, objects: number): Int32Array {
  const order = new Int32Array(objects)
  let at = 0
  for (let g = 0; g < objects; g++) if (ignore[g] === 0) order[at++] = g
  for (let g = 0; g < objects; g++) if (ignore[g] === 1) order[at++] = g
  return order
}
