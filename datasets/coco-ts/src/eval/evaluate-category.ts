import { resized } from '../common/resized.js'
import type { Annotation } from '../common/types.js'
import { type CategoryResult, UNMATCHED } from './category-result.js'
import type { Groups } from './groups.js'
import { ImageMatcher } from './match-image.js'
import type { EvalParams } from './params.js'
import { ImageDetections, type Ranked } from './rank-detections.js'
import type { Similarity } from './similarity.js'

/** What an evaluation leaves out of the counting, whatever the areas. */
export interface MatchRules {
  /** The object is neither a true positive nor a false negative. */
  isIgnored(object: Annotation): boolean
  /** The detection is no false positive where it matches nothing. Without it, every such detection is one. */
  isExempt?(detection: Annotation): boolean
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

/** What is matched. */
export interface Compared {
  params: EvalParams
  objects: Groups
  detections: Groups
  /** 1 for each row of the objects that is ignored at every area. */
  ignored: Uint8Array
  /** 1 for each row of the detections that is ignored where it matches nothing; undefined: none is. */
  exempt: Uint8Array | undefined
}

/** Objects and detections with what the rules say of them. */
export function comparedBy(
  rules: MatchRules,
  params: EvalParams,
  objects: Groups,
  detections: Groups,
): Compared {
  const { table } = objects
  const ignored = table.anns ? flags(table.anns, rules.isIgnored) : table.crowd
  const exempt = rules.isExempt && flags(detections.table.anns!, rules.isExempt)
  return { params, objects, detections, ignored, exempt }
}

/** Matches detections with objects, category by category. */
export class CategoryEvaluator {
  private readonly params: EvalParams
  private readonly objects: Groups
  private readonly detections: Groups
  private readonly exempt: Uint8Array | undefined
  private readonly images: ImageDetections
  private readonly matcher: ImageMatcher

  constructor({ params, objects, detections, ignored, exempt }: Compared, similarity: Similarity) {
    this.params = params
    this.objects = objects
    this.detections = detections
    this.exempt = exempt
    this.images = new ImageDetections(params.imgIds.length)
    this.matcher = new ImageMatcher(objects.table, detections.table, ignored, params, similarity)
  }

  /** Matches the detections of group `k` in every image, threshold and area. */
  evaluate(k: number): CategoryResult {
    const { areaRng, maxDets, iouThrs } = this.params
    const ranked = this.images.rank(this.detections, k, maxDets[maxDets.length - 1])
    const { detections, scores, image, rank } = ranked
    const starts = this.imageStarts(k)
    const objectImages = Int32Array.from(starts, (i) => this.objects.image[i])
    const objectCounts = new Int32Array(areaRng.length * starts.length)
    const column = new Int32Array(detections).fill(-1)
    const rows = new MatchRows(areaRng.length * iouThrs.length)
    for (let s = 0; s < starts.length; s++) {
      const to = s + 1 < starts.length ? starts[s + 1] : this.objects.start[k + 1]
      this.evaluateImage(ranked, objectImages[s], starts[s], to, column, rows)
      for (let a = 0; a < areaRng.length; a++) objectCounts[a * starts.length + s] = this.matcher.counting[a]
    }
    const matches = rows.inOrderOf(column)
    return {
      detections,
      scores,
      image,
      rank,
      exempt: this.exemptions(ranked),
      column,
      matched: rows.count,
      matches,
      objectImages,
      objectCounts,
    }
  }

  /** Where the objects of each image begin in group `k`. */
  private imageStarts(k: number): number[] {
    const { start, image } = this.objects
    const starts: number[] = []
    for (let i = start[k]; i < start[k + 1]; i++)
      if (i === start[k] || image[i] !== image[i - 1]) starts.push(i)
    return starts
  }

  private exemptions({ detections, rows }: Ranked): Uint8Array {
    const { areaRng } = this.params
    const { area } = this.detections.table
    const out = new Uint8Array(areaRng.length * detections)
    const sizes = new Float64Array(detections)
    for (let d = 0; d < detections; d++) sizes[d] = area[rows[d]]
    for (let a = 0; a < areaRng.length; a++) {
      const part = out.subarray(a * detections, (a + 1) * detections)
      markOutside(sizes, areaRng[a][0], areaRng[a][1], part)
      if (this.exempt) markExempt(this.exempt, rows, part)
    }
    return out
  }

  /** Matches in an image, whose objects are at `from … to` of the group, and keeps what matches anything. */
  private evaluateImage(
    ranked: Ranked,
    image: number,
    from: number,
    to: number,
    column: Int32Array,
    rows: MatchRows,
  ): void {
    const { matcher, images } = this
    const D = images.count[image]
    const G = to - from
    matcher.makeRoom(D, G)
    const { objectRows, detectionRows } = matcher
    for (let g = 0; g < G; g++) objectRows[g] = this.objects.rows[from + g]
    for (let i = 0; i < D; i++) detectionRows[i] = ranked.rows[images.placeOf(image, i)]
    const hits = matcher.match(D, G)
    for (let h = 0; h < hits; h++)
      if (rows.push(matcher.outcome, h)) column[images.placeOf(image, matcher.hits[h])] = rows.count - 1
  }
}

function markOutside(sizes: Float64Array, low: number, high: number, out: Uint8Array): void {
  for (let d = 0; d < sizes.length; d++) if (sizes[d] < low || sizes[d] > high) out[d] = 1
}

function markExempt(exempt: Uint8Array, rows: Int32Array, out: Uint8Array): void {
  for (let d = 0; d < out.length; d++) if (exempt[rows[d]] === 1) out[d] = 1
}

/** Rows of equal length, one after the other. */
class MatchRows {
  private values = new Uint8Array(0)
  count = 0

  constructor(private readonly length: number) {}

  /** Adds the nth row of the source, unless nothing in it is matched. */
  push(source: Uint8Array, n: number): boolean {
    const { length } = this
    const from = n * length
    let i = 0
    while (i < length && source[from + i] === UNMATCHED) i++
    if (i === length) return false
    const at = this.count * length
    if (at + length > this.values.length) {
      this.values = resized(this.values, 2 * (at + length))
    }
    const { values } = this
    for (; i < length; i++) values[at + i] = source[from + i]
    this.count++
    return true
  }

  /** All rows as columns, in the order in which `row` names them; `row` names the columns from then on. */
  inOrderOf(row: Int32Array): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.count * this.length)
    let column = 0
    for (let d = 0; d < row.length; d++) {
      if (row[d] < 0) continue
      const from = row[d] * this.length
      for (let n = 0; n < this.length; n++) out[n * this.count + column] = this.values[from + n]
      row[d] = column++
    }
    return out
  }
}
