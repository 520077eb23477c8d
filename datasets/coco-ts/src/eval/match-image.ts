import { IGNORED, TRUE_POSITIVE, UNMATCHED } from './category-result.js'
import { HIGHEST_THRESHOLD, matchDetections } from './match.js'
import type { EvalParams } from './params.js'
import type { Similarity } from './similarity.js'
import type { Table } from './table.js'

const NO_BYTES = new Uint8Array(0)

/** Matches the detections and objects of one category in one image, at every threshold and area. */
export class ImageMatcher {
  /** Rows of the tables, to be filled in: objects, and detections from the best score down. */
  objectRows = new Int32Array(0)
  detectionRows = new Int32Array(0)
  /** Of each detection that may match anything: its place among the detections, in order. */
  hits = new Int32Array(0)
  /** For hit h, area a and threshold t at `(h * A + a) * T + t`: UNMATCHED, TRUE_POSITIVE or IGNORED. */
  outcome = NO_BYTES
  /** How many objects count at each area. */
  readonly counting: Int32Array
  private readonly lowest: number
  private readonly low: Float64Array
  private readonly high: Float64Array
  private ious = new Float64Array(0)
  private crowd = NO_BYTES
  private blocks = NO_BYTES
  /** Which objects are ignored, for the pth of those areas that differ in it, and the matches: object or −1. */
  private readonly ignore: Uint8Array[] = []
  private readonly matched: Int32Array[] = []

  /** `ignored`: 1 for each row of the objects that is ignored at every area. */
  constructor(
    private readonly objects: Table,
    private readonly detections: Table,
    private readonly ignored: Uint8Array,
    private readonly params: EvalParams,
    private readonly similarity: Similarity,
  ) {
    const { areaRng, iouThrs } = params
    this.lowest = Math.min(HIGHEST_THRESHOLD, ...iouThrs)
    this.low = Float64Array.from(areaRng, (range) => range[0])
    this.high = Float64Array.from(areaRng, (range) => range[1])
    this.counting = new Int32Array(areaRng.length)
  }

  makeRoom(D: number, G: number): void {
    const { areaRng, iouThrs } = this.params
    if (this.objectRows.length < G || this.ignore.length === 0) {
      this.objectRows = new Int32Array(2 * G)
      this.crowd = new Uint8Array(2 * G)
      for (let p = 0; p <= areaRng.length; p++) this.ignore[p] = new Uint8Array(2 * G)
    }
    if (this.detectionRows.length < D || this.matched.length === 0) {
      this.detectionRows = new Int32Array(2 * D)
      this.hits = new Int32Array(2 * D)
      this.blocks = new Uint8Array(2 * D)
      this.outcome = new Uint8Array(2 * D * areaRng.length * iouThrs.length)
      for (let p = 0; p < areaRng.length; p++) this.matched[p] = new Int32Array(2 * D * iouThrs.length)
    }
    if (this.ious.length < D * G) this.ious = new Float64Array(2 * D * G)
  }

  /** Matches the first D and G rows. Returns the number of hits; `hits`, `outcome` and `counting` have the rest. */
  match(D: number, G: number): number {
    const hits = D > 0 ? this.findHits(D, G) : 0
    const { crowd, objectRows, blocks } = this
    if (hits > 0) {
      for (let g = 0; g < G; g++) crowd[g] = this.objects.crowd[objectRows[g]]
      for (let h = 0; h < hits; h++)
        blocks[h] = this.detections.id[this.detectionRows[this.hits[h]]] > 0 ? 1 : 0
      this.outcome.fill(UNMATCHED, 0, hits * this.low.length * this.params.iouThrs.length)
    }
    let patterns = 0
    for (let a = 0; a < this.low.length; a++) {
      const ignore = this.ignore[patterns]
      const counting = this.fillIgnore(a, G, ignore)
      this.counting[a] = counting
      if (hits === 0) continue
      // Objects that are all ignored are matched as if none was; so are those of another area that ignores the same.
      const isAllIgnored = counting === 0
      if (isAllIgnored) ignore.fill(0, 0, G)
      const p = this.patternOf(ignore, G, patterns)
      if (p === patterns) {
        if (G > 1 || !this.matchSingle(hits, p)) this.matchSeveral(hits, G, ignore, this.matched[p])
        patterns++
      }
      this.writeOutcome(a, hits, this.matched[p], isAllIgnored ? undefined : this.ignore[p])
    }
    return hits
  }

  /** Finds the detections that reach a threshold with any object, and moves their similarities together. */
  private findHits(D: number, G: number): number {
    const { ious, hits, lowest } = this
    this.similarity(this.detectionRows, D, this.objectRows, G, ious)
    let count = 0
    for (let d = 0; d < D; d++) {
      let isHit = false
      for (let n = d * G; n < (d + 1) * G; n++) if (!(ious[n] < lowest)) isHit = true
      if (!isHit) continue
      if (count < d) for (let g = 0; g < G; g++) ious[count * G + g] = ious[d * G + g]
      hits[count++] = d
    }
    return count
  }

  /** Says which objects are ignored at an area; returns how many count. */
  private fillIgnore(a: number, G: number, ignore: Uint8Array): number {
    const { objectRows, ignored } = this
    const { area } = this.objects
    let counting = 0
    for (let g = 0; g < G; g++) {
      const row = objectRows[g]
      const size = area[row]
      const isIgnored = ignored[row] === 1 || size < this.low[a] || size > this.high[a]
      ignore[g] = isIgnored ? 1 : 0
      if (!isIgnored) counting++
    }
    return counting
  }

  /** The first of the patterns that is equal to this one, which is the last. */
  private patternOf(ignore: Uint8Array, G: number, patterns: number): number {
    for (let p = 0; p < patterns; p++) {
      const other = this.ignore[p]
      let g = 0
      while (g < G && other[g] === ignore[g]) g++
      if (g === G) return p
    }
    return patterns
  }

  private matchSeveral(hits: number, objects: number, ignore: Uint8Array, matched: Int32Array): void {
    const { ious, crowd, blocks } = this
    const { iouThrs } = this.params
    matchDetections({ detections: hits, objects, ious, crowd, ignore, blocks, iouThrs }, matched)
  }

  /** The matches of a single object that is no crowd: the first detection that reaches a threshold has it. */
  private matchSingle(hits: number, p: number): boolean {
    if (this.crowd[0] === 1) return false
    for (let h = 0; h < hits; h++) if (this.blocks[h] === 0) return false
    const { iouThrs } = this.params
    const matched = this.matched[p]
    for (let t = 0; t < iouThrs.length; t++) {
      const threshold = Math.min(iouThrs[t], HIGHEST_THRESHOLD)
      let isFree = true
      for (let h = 0; h < hits; h++) {
        const isMatch = isFree && !(this.ious[h] < threshold)
        matched[t * hits + h] = isMatch ? 0 : -1
        if (isMatch) isFree = false
      }
    }
    return true
  }

  /** `ignore`: undefined where all objects are ignored. */
  private writeOutcome(a: number, hits: number, matched: Int32Array, ignore: Uint8Array | undefined): void {
    const T = this.params.iouThrs.length
    const A = this.low.length
    const { outcome, objectRows } = this
    const { id } = this.objects
    for (let t = 0; t < T; t++) {
      for (let h = 0; h < hits; h++) {
        const g = matched[t * hits + h]
        if (g < 0) continue
        const at = (h * A + a) * T + t
        if (ignore === undefined || ignore[g] === 1) outcome[at] = IGNORED
        // pycocotools marks matches with the object's id, so that an id of 0 reads as "not matched"; so do we.
        else if (id[objectRows[g]] !== 0) outcome[at] = TRUE_POSITIVE
      }
    }
  }
}
