/** What became of a detection at one threshold and area. */
export const FALSE_POSITIVE = 0
export const TRUE_POSITIVE = 1
export const IGNORED = 2
/** In a row of matches: nothing was matched, so that the detection's own area decides. */
export const UNMATCHED = 0

/** One category's detections from the best score down, equal scores by image, and what became of each. */
export interface CategoryResult {
  detections: number
  scores: Float64Array
  /** Place in `params.imgIds`. */
  image: Int32Array
  /** Place among the detections of this category in the same image. */
  rank: Int32Array
  /** For area a and detection d at `a * detections + d`: 1 where it is ignored if it matches nothing. */
  exempt: Uint8Array
  /** The detection's column in `matches`, in the order of the detections; −1 where it never matches anything. */
  column: Int32Array
  /** How many detections have one. */
  matched: number
  /** For area a, threshold t and column c at `(a * T + t) * matched + c`: UNMATCHED, TRUE_POSITIVE or IGNORED. */
  matches: Uint8Array
  /** Images with objects, and for area a and image s, at `a * objectImages.length + s`, the objects that count. */
  objectImages: Int32Array
  objectCounts: Int32Array
}

/** FALSE_POSITIVE, TRUE_POSITIVE or IGNORED. T thresholds were evaluated. */
export function outcomeOf(result: CategoryResult, d: number, a: number, t: number, T: number): number {
  const column = result.column[d]
  const match = column < 0 ? UNMATCHED : result.matches[(a * T + t) * result.matched + column]
  if (match !== UNMATCHED) return match
  return result.exempt[a * result.detections + d] === 1 ? IGNORED : FALSE_POSITIVE
}
