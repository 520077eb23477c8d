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
  /** The detection's row in `matches`; −1 where it never matches anything. */
  row: Int32Array
  /** For row r, area a and threshold t at `(r * A + a) * T + t`: UNMATCHED, TRUE_POSITIVE or IGNORED. */
  matches: Uint8Array
  /** Images with objects, and for area a and image s, at `a * objectImages.length + s`, the objects that count. */
  objectImages: Int32Array
  objectCounts: Int32Array
}

/** FALSE_POSITIVE, TRUE_POSITIVE or IGNORED. A areas and T thresholds were evaluated. */
export function outcomeOf(
  result: CategoryResult,
  d: number,
  a: number,
  t: number,
  A: number,
  T: number,
): number {
  const row = result.row[d]
  const match = row < 0 ? UNMATCHED : result.matches[(row * A + a) * T + t]
  if (match !== UNMATCHED) return match
  return result.exempt[a * result.detections + d] === 1 ? IGNORED : FALSE_POSITIVE
}
