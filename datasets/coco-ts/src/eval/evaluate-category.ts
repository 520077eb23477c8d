import type { Annotation } from '../common/types.js'
import { type CategoryResult, IGNORED, TRUE_POSITIVE, UNMATCHED } from './category-result.js'
import type { Groups } from './groups.js'
import { HIGHEST_THRESHOLD, matchDetections } from './match.js'
import type { EvalParams } from './params.js'
import { ImageDetections, type Ranked } from './rank-detections.js'
import type { Similarity } from './similarity.js'
import type { Table } from './table.js'

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

const NO_ROWS = new Uint8Array(0)

/** Matches detections with objects, category by category. */
export class CategoryEvaluator {
  private readonly objectTable: Table
  private readonly detectionTable: Table
  /** For each row of the objects, and of the detections. */
  private readonly ignored: Uint8Array
  private readonly crowd: Uint8Array
  private readonly exempt: Uint8Array | undefined
  private readonly images: ImageDetections
  private readonly lowest: number
  // Scratch for one image.
  private rowsOfObjects = new Int32Array(0)
  private rowsOfDetections = new Int32Array(0)
  private ious = new Float64Array(0)
  private matched = new Int32Array(0)
  private crowdInImage = NO_ROWS
  private ignore = NO_ROWS
  private ignoreBefore = NO_ROWS
  private blocks = NO_ROWS
  /** For the detection of rank i, area a and threshold t at `(i * A + a) * T + t`. */
  private outcome = NO_ROWS

  constructor(
    private readonly objects: Groups,
    private readonly detections: Groups,
    private readonly params: EvalParams,
    private readonly similarity: Similarity,
    rules: MatchRules,
  ) {
    this.objectTable = objects.table
    this.detectionTable = detections.table
    this.ignored = flags(objects.table.anns!, rules.isIgnored)
    this.crowd = flags(objects.table.anns!, (object) => Boolean(object.iscrowd))
    this.exempt = rules.isExempt && flags(detections.table.anns!, rules.isExempt)
    this.images = new ImageDetections(params.imgIds.length)
    this.lowest = Math.min(HIGHEST_THRESHOLD, ...params.iouThrs)
  }

  /** Matches the detections of group `k` in every image, threshold and area. */
  evaluate(k: number): CategoryResult {
    const { areaRng, maxDets } = this.params
    const ranked = this.images.rank(this.detections, k, maxDets[maxDets.length - 1])
    const { detections, scores, image, rank } = ranked
    const from = this.objects.start[k]
    const to = this.objects.start[k + 1]
    const ranges: number[] = []
    for (let i = from; i < to; i++)
      if (i === from || this.objects.image[i] !== this.objects.image[i - 1]) ranges.push(i)
    const rows = new MatchRows(areaRng.length * this.params.iouThrs.length)
    const result: CategoryResult = {
      ...{ detections, scores, image, rank },
      exempt: this.exemptions(ranked),
      column: new Int32Array(detections).fill(-1),
      ...{ matched: 0, matches: NO_ROWS },
      objectImages: Int32Array.from(ranges, (i) => this.objects.image[i]),
      objectCounts: new Int32Array(areaRng.length * ranges.length),
    }
    for (let s = 0; s < ranges.length; s++)
      this.evaluateImage(result, ranked, s, ranges[s], s + 1 < ranges.length ? ranges[s + 1] : to, rows)
    result.matched = rows.count
    result.matches = rows.inOrderOf(result.column)
    return result
  }

  private exemptions({ detections, rows }: Ranked): Uint8Array {
    const { areaRng } = this.params
    const { area } = this.detectionTable
    const { exempt } = this
    const [low, high] = [0, 1].map((end) => Float64Array.from(areaRng, (range) => range[end]))
    const out = new Uint8Array(low.length * detections)
    for (let d = 0; d < detections; d++) {
      const size = area[rows[d]]
      const always = exempt !== undefined && exempt[rows[d]] === 1
      for (let a = 0; a < low.length; a++)
        if (always || size < low[a] || size > high[a]) out[a * detections + d] = 1
    }
    return out
  }

  /** Matches in the image whose objects are at `from … to` of the group; the `s`th that has any. */
  private evaluateImage(
    result: CategoryResult,
    ranked: Ranked,
    s: number,
    from: number,
    to: number,
    rows: MatchRows,
  ): void {
    const image = result.objectImages[s]
    const D = this.images.count[image]
    const G = to - from
    this.makeRoom(D, G)
    for (let g = 0; g < G; g++) this.rowsOfObjects[g] = this.objects.rows[from + g]
    for (let i = 0; i < D; i++) {
      const row = ranked.rows[this.images.placeOf(image, i)]
      this.rowsOfDetections[i] = row
      this.blocks[i] = this.detectionTable.id[row] > 0 ? 1 : 0
    }
    const isHit = D > 0 && this.compare(D, G)
    const { areaRng } = this.params
    for (let a = 0; a < areaRng.length; a++) {
      const counting = this.fillIgnore(areaRng[a], G)
      result.objectCounts[a * result.objectImages.length + s] = counting
      if (isHit) this.matchArea(a, D, G)
    }
    if (isHit) this.keepMatches(result, image, D, rows)
  }

  private makeRoom(D: number, G: number): void {
    const cells = this.params.areaRng.length * this.params.iouThrs.length
    if (this.rowsOfObjects.length < G) {
      this.rowsOfObjects = new Int32Array(2 * G)
      this.crowdInImage = new Uint8Array(2 * G)
      this.ignore = new Uint8Array(2 * G)
      this.ignoreBefore = new Uint8Array(2 * G)
    }
    if (this.rowsOfDetections.length < D) {
      this.rowsOfDetections = new Int32Array(2 * D)
      this.blocks = new Uint8Array(2 * D)
      this.matched = new Int32Array(2 * D * this.params.iouThrs.length)
      this.outcome = new Uint8Array(2 * D * cells)
    }
    if (this.ious.length < D * G) this.ious = new Float64Array(2 * D * G)
  }

  /** Fills in the similarities; false if none reaches a threshold, so that nothing can match. */
  private compare(D: number, G: number): boolean {
    this.similarity(this.rowsOfDetections.subarray(0, D), this.rowsOfObjects.subarray(0, G), this.ious)
    for (let n = 0; n < D * G; n++) {
      if (this.ious[n] < this.lowest) continue
      for (let g = 0; g < G; g++) this.crowdInImage[g] = this.crowd[this.rowsOfObjects[g]]
      this.outcome.fill(UNMATCHED, 0, D * this.params.areaRng.length * this.params.iouThrs.length)
      return true
    }
    return false
  }

  /** Says which objects are ignored at an area; returns how many count. */
  private fillIgnore([low, high]: readonly [number, number], G: number): number {
    let counting = 0
    for (let g = 0; g < G; g++) {
      const row = this.rowsOfObjects[g]
      const size = this.objectTable.area[row]
      const ignored = this.ignored[row] === 1 || size < low || size > high
      this.ignore[g] = ignored ? 1 : 0
      if (!ignored) counting++
    }
    return counting
  }

  private matchArea(a: number, D: number, G: number): void {
    const { iouThrs, areaRng } = this.params
    const [T, A] = [iouThrs.length, areaRng.length]
    const { ignore, ious, crowdInImage: crowd, blocks, matched } = this
    let isSame = a > 0
    for (let g = 0; g < G && isSame; g++) isSame = ignore[g] === this.ignoreBefore[g]
    // Areas that ignore the same objects have the same matches.
    if (!isSame) {
      if (G > 1 || !this.matchSingle(D))
        matchDetections({ detections: D, objects: G, ious, crowd, ignore, blocks, iouThrs }, matched)
      for (let g = 0; g < G; g++) this.ignoreBefore[g] = ignore[g]
    }
    for (let t = 0; t < T; t++) {
      for (let i = 0; i < D; i++) {
        const g = matched[t * D + i]
        if (g < 0) continue
        const at = (i * A + a) * T + t
        if (ignore[g] === 1) this.outcome[at] = IGNORED
        // pycocotools marks matches with the object's id, so that an id of 0 reads as "not matched"; so do we.
        else if (this.objectTable.id[this.rowsOfObjects[g]] !== 0) this.outcome[at] = TRUE_POSITIVE
      }
    }
  }

  /** The matches of a single object that is no crowd: the first detection that reaches a threshold has it. */
  private matchSingle(D: number): boolean {
    if (this.crowdInImage[0] === 1) return false
    for (let d = 0; d < D; d++) if (this.blocks[d] === 0) return false
    const { iouThrs } = this.params
    for (let t = 0; t < iouThrs.length; t++) {
      const threshold = Math.min(iouThrs[t], HIGHEST_THRESHOLD)
      let isFree = true
      for (let d = 0; d < D; d++) {
        const isMatch = isFree && !(this.ious[d] < threshold)
        this.matched[t * D + d] = isMatch ? 0 : -1
        if (isMatch) isFree = false
      }
    }
    return true
  }

  private keepMatches(result: CategoryResult, image: number, D: number, rows: MatchRows): void {
    const cells = this.params.areaRng.length * this.params.iouThrs.length
    for (let i = 0; i < D; i++) {
      let n = i * cells
      while (n < (i + 1) * cells && this.outcome[n] === UNMATCHED) n++
      if (n < (i + 1) * cells)
        result.column[this.images.placeOf(image, i)] = rows.push(this.outcome, i * cells)
    }
  }
}

/** Rows of equal length, one after the other. */
class MatchRows {
  private values = new Uint8Array(0)
  count = 0

  constructor(private readonly length: number) {}

  /** Copies the row at `from`; returns its number. */
  push(source: Uint8Array, from: number): number {
    const end = (this.count + 1) * this.length
    if (end > this.values.length) {
      const grown = new Uint8Array(2 * end)
      grown.set(this.values)
      this.values = grown
    }
    for (let n = 0; n < this.length; n++) this.values[end - this.length + n] = source[from + n]
    return this.count++
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
