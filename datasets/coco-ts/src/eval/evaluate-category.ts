import type { Annotation } from '../common/types.js'
import type { Groups } from './groups.js'
import { matchDetections } from './match.js'
import { orderByScore } from './numeric.js'
import type { EvalParams } from './params.js'
import type { Similarity } from './similarity.js'

/** What became of a detection at one threshold and area. */
export const FALSE_POSITIVE = 0
export const TRUE_POSITIVE = 1
export const IGNORED = 2

/** One category's detections from the best score down, equal scores by image, and what became of each. */
export interface CategoryResult {
  detections: number
  scores: Float64Array
  /** Place in `params.imgIds`. */
  image: Int32Array
  /** Place among the detections of this category in the same image. */
  rank: Int32Array
  /** For area a, threshold t and detection d at `(a * T + t) * detections + d`. */
  outcome: Uint8Array
  /** Images with objects, and for area a and image s, at `a * objectImages.length + s`, the objects that count. */
  objectImages: Int32Array
  objectCounts: Int32Array
}

/** What an evaluation leaves out of the counting, whatever the areas. */
export interface MatchRules {
  /** The object is neither a true positive nor a false negative. */
  isIgnored(object: Annotation): boolean
  /** The detection is no false positive where it matches nothing. */
  isExempt(detection: Annotation): boolean
}

/** One image's range of a category's detections or objects. */
interface ImageRange {
  image: number
  from: number
  to: number
}

function* imageRanges(image: Int32Array, from: number, to: number): Generator<ImageRange> {
  for (let at = from; at < to; ) {
    let end = at + 1
    while (end < to && image[end] === image[at]) end++
    yield { image: image[at], from: at, to: end }
    at = end
  }
}

/** Whether the object is ignored: a crowd, or for keypoints one without any. */
export function isIgnored(object: Annotation, params: EvalParams): boolean {
  if (object.iscrowd) return true
  return params.iouType === 'keypoints' && labelledKeypoints(object) === 0
}

function labelledKeypoints(object: Annotation): number {
  if (object.num_keypoints !== undefined) return object.num_keypoints
  return (object.keypoints ?? []).filter((value, i) => i % 3 === 2 && value > 0).length
}

export const isOutside = (area: number, range: readonly [number, number]): boolean =>
  area < range[0] || area > range[1]

/** 1 for each entry that passes the test, 0 for the others. */
export function flags<T>(list: readonly T[], test: (entry: T, i: number) => boolean): Uint8Array {
  const out = new Uint8Array(list.length)
  for (let i = 0; i < list.length; i++) if (test(list[i], i)) out[i] = 1
  return out
}

/** Matches the detections of group `k` in every image, threshold and area. */
export function evaluateCategory(
  k: number,
  objects: Groups,
  detections: Groups,
  params: EvalParams,
  similarity: Similarity,
  rules: MatchRules,
): CategoryResult {
  const { iouThrs, areaRng } = params
  const { result, anns, ranked } = rankDetections(k, detections, params)
  fillUnmatched(result, anns, params, rules)
  const objectRanges = [...imageRanges(objects.image, objects.start[k], objects.start[k + 1])]
  result.objectImages = Int32Array.from(objectRanges, (range) => range.image)
  result.objectCounts = new Int32Array(areaRng.length * objectRanges.length)
  let ious = new Float64Array(1024)
  let matched = new Int32Array(1024)
  objectRanges.forEach((range, s) => {
    const inImage = objects.anns.slice(range.from, range.to)
    const places = ranked.get(range.image) ?? []
    const found = places.map((d) => anns[d])
    const always = flags(inImage, rules.isIgnored)
    const crowd = flags(inImage, (object) => Boolean(object.iscrowd))
    const blocks = flags(found, (detection) => detection.id > 0)
    if (found.length > 0) {
      const pairs = found.length * inImage.length
      if (ious.length < pairs) ious = new Float64Array(2 * pairs)
      similarity(found, inImage, ious)
      const decisions = found.length * iouThrs.length
      if (matched.length < decisions) matched = new Int32Array(2 * decisions)
    }
    for (let a = 0; a < areaRng.length; a++) {
      const ignore = flags(inImage, (object, g) => always[g] === 1 || isOutside(object.area, areaRng[a]))
      let counting = 0
      for (const flag of ignore) counting += 1 - flag
      result.objectCounts[a * objectRanges.length + s] = counting
      if (found.length === 0) continue
      const [D, G] = [found.length, inImage.length]
      matchDetections({ detections: D, objects: G, ious, crowd, ignore, blocks, iouThrs }, matched)
      recordOutcome(result, a, params, places, inImage, ignore, matched)
    }
  })
  return result
}

/**
 * Every detection as if it matched nothing: a false positive, or, where its own area is out of range or the rules exempt
 * it, ignored.
 */
function fillUnmatched(
  result: CategoryResult,
  anns: readonly Annotation[],
  params: EvalParams,
  { isExempt }: MatchRules,
): void {
  const { iouThrs, areaRng } = params
  const { outcome, detections: n } = result
  const sizes = Float64Array.from(anns, (ann) => ann.area)
  const exempt = flags(anns, isExempt)
  areaRng.forEach((range, a) => {
    const first = a * iouThrs.length * n
    for (let d = 0; d < n; d++) {
      outcome[first + d] = exempt[d] === 1 || isOutside(sizes[d], range) ? IGNORED : FALSE_POSITIVE
    }
    for (let t = 1; t < iouThrs.length; t++) outcome.copyWithin(first + t * n, first, first + n)
  })
}

interface Ranked {
  result: CategoryResult
  /** The detections in the result's order. */
  anns: Annotation[]
  /** For each image, its detections in order. */
  ranked: Map<number, number[]>
}

/** Sorts a category's detections and leaves out those beyond the largest of `maxDets` in their image. */
function rankDetections(k: number, groups: Groups, params: EvalParams): Ranked {
  const from = groups.start[k]
  const to = groups.start[k + 1]
  const all = new Float64Array(to - from)
  for (let i = from; i < to; i++) all[i - from] = groups.anns[i].score!
  const most = params.maxDets[params.maxDets.length - 1]
  const ranked = new Map<number, number[]>()
  const anns: Annotation[] = []
  const scores = new Float64Array(all.length)
  const image = new Int32Array(all.length)
  const rank = new Int32Array(all.length)
  for (const i of orderByScore(all)) {
    const place = groups.image[from + i]
    let list = ranked.get(place)
    if (list === undefined) {
      list = []
      ranked.set(place, list)
    }
    if (list.length >= most) continue
    const d = anns.length
    scores[d] = all[i]
    image[d] = place
    rank[d] = list.length
    list.push(d)
    anns.push(groups.anns[from + i])
  }
  const n = anns.length
  const result: CategoryResult = {
    detections: n,
    scores: scores.slice(0, n),
    image: image.slice(0, n),
    rank: rank.slice(0, n),
    outcome: new Uint8Array(params.areaRng.length * params.iouThrs.length * n),
    objectImages: new Int32Array(0),
    objectCounts: new Int32Array(0),
  }
  return { result, anns, ranked }
}

/** A match with an ignored object makes a detection ignored; one with an object that counts makes it a true positive. */
function recordOutcome(
  result: CategoryResult,
  a: number,
  params: EvalParams,
  ranked: readonly number[],
  inImage: readonly Annotation[],
  ignore: Uint8Array,
  matched: Int32Array,
): void {
  const T = params.iouThrs.length
  for (let t = 0; t < T; t++) {
    const base = (a * T + t) * result.detections
    for (let i = 0; i < ranked.length; i++) {
      const g = matched[t * ranked.length + i]
      if (g < 0) continue
      if (ignore[g] === 1) result.outcome[base + ranked[i]] = IGNORED
      // pycocotools marks matches with the object's id, so that an id of 0 reads as "not matched"; so do we.
      else if (inImage[g].id !== 0) result.outcome[base + ranked[i]] = TRUE_POSITIVE
    }
  }
}
