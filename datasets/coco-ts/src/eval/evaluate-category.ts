import type { Annotation } from '../types.js'
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

/** One image's stretch of a category's detections or objects. */
interface Stretch {
  image: number
  from: number
  to: number
}

function* stretches(image: Int32Array, from: number, to: number): Generator<Stretch> {
  for (let at = from; at < to; ) {
    let end = at + 1
    while (end < to && image[end] === image[at]) end++
    yield { image: image[at], from: at, to: end }
    at = end
  }
}

/** Whether the object neither counts as found nor as missed: a crowd, or for keypoints one without any. */
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

/** Buffers that are used again from image to image. */
interface Scratch {
  ious: Float64Array
  matched: Int32Array
  matchedBy: Int32Array
}

const atLeast = <T extends Float64Array | Int32Array>(buffer: T, size: number): T =>
  buffer.length >= size ? buffer : (new (buffer.constructor as new (length: number) => T)(size * 2) as T)

/** Matches the detections of group `k` in every image, threshold and area. */
export function evaluateCategory(
  k: number,
  objects: Groups,
  detections: Groups,
  params: EvalParams,
  similarity: Similarity,
): CategoryResult {
  const { iouThrs, areaRng } = params
  const result = rankDetections(k, detections, params)
  const n = result.detections
  for (let a = 0; a < areaRng.length; a++) {
    const first = a * iouThrs.length * n
    for (let d = 0; d < n; d++) {
      result.outcome[first + d] = isOutside(result.anns[d].area, areaRng[a]) ? IGNORED : FALSE_POSITIVE
    }
    for (let t = 1; t < iouThrs.length; t++) result.outcome.copyWithin(first + t * n, first, first + n)
  }

  const objectStretches = [...stretches(objects.image, objects.start[k], objects.start[k + 1])]
  result.objectImages = Int32Array.from(objectStretches, (stretch) => stretch.image)
  result.objectCounts = new Int32Array(areaRng.length * objectStretches.length)
  const scratch: Scratch = {
    ious: new Float64Array(1024),
    matched: new Int32Array(1024),
    matchedBy: new Int32Array(1024),
  }
  objectStretches.forEach((stretch, s) => {
    const inImage = objects.anns.slice(stretch.from, stretch.to)
    const ranked = result.ranked.get(stretch.image) ?? []
    const always = inImage.map((object) => isIgnored(object, params))
    const crowd = Uint8Array.from(inImage, (object) => (object.iscrowd ? 1 : 0))
    const found = ranked.map((d) => result.anns[d])
    if (found.length > 0) {
      scratch.ious = atLeast(scratch.ious, found.length * inImage.length)
      similarity(found, inImage, scratch.ious)
    }
    for (let a = 0; a < areaRng.length; a++) {
      const ignore = Uint8Array.from(inImage, (object, g) =>
        always[g] || isOutside(object.area, areaRng[a]) ? 1 : 0,
      )
      let counting = 0
      for (const flag of ignore) if (flag === 0) counting++
      result.objectCounts[a * objectStretches.length + s] = counting
      if (found.length === 0) continue
      scratch.matched = atLeast(scratch.matched, iouThrs.length * found.length)
      scratch.matchedBy = atLeast(scratch.matchedBy, iouThrs.length * inImage.length)
      const blocks = Uint8Array.from(found, (detection) => (detection.id > 0 ? 1 : 0))
      const input = {
        detections: found.length,
        objects: inImage.length,
        ious: scratch.ious,
        crowd,
        ignore,
        blocks,
        iouThrs,
      }
      matchDetections(input, scratch.matched, scratch.matchedBy)
      recordOutcome(result, a, params, ranked, inImage, ignore, scratch.matched)
    }
  })
  return result
}

interface RankedResult extends CategoryResult {
  anns: Annotation[]
  /** For each image, its detections in order. */
  ranked: Map<number, number[]>
}

/** Sorts a category's detections and leaves out those beyond the largest of `maxDets` in their image. */
function rankDetections(k: number, groups: Groups, params: EvalParams): RankedResult {
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
  return {
    anns,
    ranked,
    detections: n,
    scores: scores.slice(0, n),
    image: image.slice(0, n),
    rank: rank.slice(0, n),
    outcome: new Uint8Array(params.areaRng.length * params.iouThrs.length * n),
    objectImages: new Int32Array(0),
    objectCounts: new Int32Array(0),
  }
}

/** A match with an ignored object makes a detection ignored; one with an object that counts makes it true. */
function recordOutcome(
  result: RankedResult,
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
