import { CocoError } from '../common/problems.js'
import type { Annotation, IouType } from '../common/types.js'
import type { COCO } from '../dataset/coco.js'
import { type Accumulated, accumulateResults } from './accumulate.js'
import type { CategoryResult } from './category-result.js'
import {
  CategoryEvaluator,
  type Compared,
  comparedBy,
  flags,
  isIgnored,
  isOutside,
  type MatchRules,
} from './evaluate-category.js'
import { evaluateInWorkers } from './evaluate-in-workers.js'
import { type Groups, groupRows } from './groups.js'
import { ignoredLast, matchDetections } from './match.js'
import { orderByScore } from './order-by-score.js'
import { defaultParams, type EvalParams } from './params.js'
import { rowSimilarity, similarityFor } from './similarity.js'
import { summaryLines, summaryStats } from './summarize.js'
import { requireScores, type Table, tableOf, tableOfBoxes, tableOfColumns } from './table.js'

/** How the detections of one category in one image were matched. T thresholds, D detections, G objects. */
export interface EvalImg {
  image_id: number
  category_id: number
  aRng: readonly [number, number]
  maxDet: number
  /** Detections from the best score down. */
  dtIds: number[]
  /** Objects, ignored ones last. */
  gtIds: number[]
  /** T × D: the id of the object that each detection matched, or 0. */
  dtMatches: number[][]
  /** T × G: the id of the detection that each object matched, or 0. */
  gtMatches: number[][]
  dtScores: number[]
  gtIgnore: boolean[]
  /** T × D */
  dtIgnore: boolean[][]
}

export interface CategoryStats {
  id: number
  name: string
  /** The same numbers as the table's, for this category alone. */
  stats: number[]
}

/** What became of the detections, and with which settings they were evaluated. */
export interface Evaluated {
  params: EvalParams
  categories: CategoryResult[]
}

/**
 * COCO's evaluation of detections. The numbers are pycocotools' own, oddities included (see the README):
 *
 *     const run = new COCOeval(cocoGt, cocoDt, 'bbox')
 *     run.evaluate()
 *     run.accumulate()
 *     run.summarize()
 */
export class COCOeval {
  /** Settings; change them before `evaluate()`. */
  params: EvalParams
  /** What `accumulate()` computed. */
  eval: Accumulated | undefined
  /** What `summarize()` computed: 12 numbers, for keypoints 10. */
  stats: number[] = []
  /** @internal */
  protected evaluated: Evaluated | undefined

  constructor(
    readonly cocoGt: COCO,
    readonly cocoDt: COCO,
    iouType: IouType = 'segm',
  ) {
    if (!['bbox', 'segm', 'keypoints'].includes(iouType)) {
      throw new CocoError(`iouType is ${JSON.stringify(iouType)}, but must be "bbox", "segm" or "keypoints".`)
    }
    this.params = defaultParams(iouType)
    this.params.imgIds = cocoGt.getImgIds().sort((a, b) => a - b)
    this.params.catIds = cocoGt.getCatIds().sort((a, b) => a - b)
  }

  /**
   * Matches detections with objects, in every image and category.
   * @throws CocoError when masks are to be compared and some have none
   */
  evaluate(): void {
    const compared = this.compared()
    const { params } = compared
    const [detections, objects] = [compared.detections.table, compared.objects.table]
    const similarity = rowSimilarity(
      params,
      detections,
      objects,
      (row) => this.cocoDt.annToRuns(detections.anns![row]),
      (row) => this.cocoGt.annToRuns(objects.anns![row]),
    )
    const evaluator = new CategoryEvaluator(compared, similarity)
    const count = params.useCats ? params.catIds.length : 1
    this.keep(
      params,
      Array.from({ length: count }, (_, k) => evaluator.evaluate(k)),
    )
  }

  /**
   * As `evaluate()`, in so many threads, each of which takes some of the categories. The numbers are the same. It can be
   * quicker only where matching takes many seconds: each thread compiles its own code, and what it compares is copied to it.
   * @throws CocoError as `evaluate()` does, and where a thread fails
   */
  async evaluateParallel({ workers }: { workers: number }): Promise<void> {
    if (!Number.isInteger(workers) || workers < 1)
      throw new CocoError(`workers is ${workers}, but must be a whole number from 1.`)
    const { useCats, catIds } = this.params
    if (workers === 1 || !useCats || catIds.length < 2) return this.evaluate()
    const compared = this.compared()
    const params = structuredClone(compared.params)
    this.keep(params, await evaluateInWorkers({ ...compared, params }, workers, this.cocoGt, this.cocoDt))
  }

  private keep(params: EvalParams, categories: CategoryResult[]): void {
    this.evaluated = { params: structuredClone(params), categories }
    this.eval = undefined
  }

  /** What is to be matched, after the settings were checked. */
  private compared(): Compared {
    const { params } = this
    params.imgIds = sortedUnique(params.imgIds)
    if (params.useCats) params.catIds = sortedUnique(params.catIds)
    params.maxDets = [...params.maxDets].sort((a, b) => a - b)
    checkParams(params)
    const objects = groupRows(this.objectTable(), params)
    const detections = groupRows(this.detectionTable(), params)
    requireScores(detections.table, detections.rows)
    if (params.iouType === 'segm') {
      requireMasks(this.cocoGt, objects, 'annotation')
      requireMasks(this.cocoDt, detections, 'detection')
    }
    return comparedBy(this.matchRules(), params, objects, detections)
  }

  /**
   * Precision and recall from the matches. Other `params` than those evaluated may name fewer images, categories,
   * areas or limits, and other recall thresholds.
   */
  accumulate(params: EvalParams = this.params): void {
    const { params: done, categories } = this.outcomes('accumulate')
    if (
      params.iouThrs.length !== done.iouThrs.length ||
      params.iouThrs.some((thr, t) => thr !== done.iouThrs[t])
    ) {
      throw new CocoError('iouThrs differ from those that were evaluated: call evaluate() again.')
    }
    const results = params.useCats
      ? params.catIds.map((id) => categories[done.catIds.indexOf(id)])
      : categories
    const areas = params.areaRng.map((range) => {
      const at = done.areaRng.findIndex((other) => other[0] === range[0] && other[1] === range[1])
      if (at < 0) throw new CocoError(`The area [${range}] was not evaluated: call evaluate() again.`)
      return at
    })
    if (Math.max(...params.maxDets) > Math.max(...done.maxDets)) {
      throw new CocoError('maxDets are larger than those that were evaluated: call evaluate() again.')
    }
    const wanted = new Set(params.imgIds)
    const included = Uint8Array.from(done.imgIds, (id) => (wanted.has(id) ? 1 : 0))
    this.eval = accumulateResults(results, params, areas, included)
  }

  /**
   * COCO's table; printed by `print`, by default to standard output. Returns its numbers, in order: for boxes and
   * masks AP, AP50, AP75, AP of small, medium, large, AR for each of `maxDets`, AR of small, medium, large; for
   * keypoints AP, AP50, AP75, AP of medium, large, and the same of AR.
   */
  summarize(print: (line: string) => void = console.log): number[] {
    this.stats = this.statsOf()
    for (const line of summaryLines(this.accumulated(), this.stats)) print(line)
    return this.stats
  }

  /** The table's numbers for each category alone. */
  perCategory(): CategoryStats[] {
    const { catIds, useCats } = this.accumulated().params
    if (!useCats) return [{ id: -1, name: 'all categories', stats: this.statsOf() }]
    return catIds.map((id, k) => ({
      id,
      name: this.cocoGt.cats.get(id)?.name ?? '',
      stats: this.statsOf(k),
    }))
  }

  /** Similarity of each detection (rows, from the best score down) with each object of one category in one image. */
  computeIoU(imgId: number, catId: number): Float64Array[] {
    const { objects, detections } = this.inImage(imgId, catId, Math.max(...this.params.maxDets))
    const flat = new Float64Array(objects.length * detections.length)
    similarityFor(this.params, this.cocoGt, this.cocoDt)(detections, objects, flat)
    return detections.map((_, d) => flat.subarray(d * objects.length, (d + 1) * objects.length))
  }

  /** The matches of one category in one image, one area and limit; null where there is nothing. */
  evaluateImg(imgId: number, catId: number, aRng: readonly [number, number], maxDet: number): EvalImg | null {
    const { params } = this
    const { objects, detections } = this.inImage(imgId, catId, maxDet)
    if (objects.length === 0 && detections.length === 0) return null
    const [T, D, G] = [params.iouThrs.length, detections.length, objects.length]
    const ious = new Float64Array(D * G)
    similarityFor(params, this.cocoGt, this.cocoDt)(detections, objects, ious)
    const { isIgnored, isExempt = () => false } = this.matchRules()
    const ignore = flags(objects, (gt) => isIgnored(gt) || isOutside(gt.area, aRng))
    const matched = new Int32Array(T * D)
    const matchedBy = new Int32Array(T * G)
    const crowd = flags(objects, (gt) => Boolean(gt.iscrowd))
    const blocks = flags(detections, (dt) => dt.id > 0)
    const input = { detections: D, objects: G, ious, crowd, ignore, blocks, iouThrs: params.iouThrs }
    matchDetections(input, matched, matchedBy)
    const order = new Int32Array(G)
    ignoredLast(ignore, G, order)
    const ranks = [...detections.keys()]
    const table = <V>(columns: ArrayLike<number>, cell: (t: number, column: number) => V): V[][] =>
      params.iouThrs.map((_, t) => Array.from(columns, (column) => cell(t, column)))
    const dtMatches = table(ranks, (t, d) => objects[matched[t * D + d]]?.id ?? 0)
    return {
      image_id: imgId,
      category_id: catId,
      aRng,
      maxDet,
      dtIds: detections.map((dt) => dt.id),
      gtIds: Array.from(order, (g) => objects[g].id),
      dtMatches,
      gtMatches: table(order, (t, g) => detections[matchedBy[t * G + g]]?.id ?? 0),
      dtScores: detections.map((dt) => dt.score!),
      gtIgnore: Array.from(order, (g) => ignore[g] === 1),
      dtIgnore: table(ranks, (t, d) => {
        const g = matched[t * D + d]
        const exempt = isOutside(detections[d].area, aRng) || isExempt(detections[d])
        return (g >= 0 && ignore[g] === 1) || (dtMatches[t][d] === 0 && exempt)
      }),
    }
  }

  /** @internal What `evaluate()` found, for what is computed from it. `purpose` completes "There is nothing to …". */
  outcomes(purpose: string): Evaluated {
    if (!this.evaluated) throw new CocoError(`There is nothing to ${purpose}: call evaluate() first.`)
    return this.evaluated
  }

  /** @internal What `accumulate()` computed. */
  accumulated(purpose = 'summarize'): Accumulated {
    if (!this.eval)
      throw new CocoError(`There is nothing to ${purpose}: call evaluate() and accumulate() first.`)
    return this.eval
  }

  /** @internal The table's numbers; with `k`, of one category alone. */
  protected statsOf(k?: number): number[] {
    return summaryStats(this.accumulated(), k)
  }

  /** @internal What is compared: everything, or what is in one image. */
  protected comparedObjects(imgId?: number): readonly Annotation[] {
    return annotationsOf(this.cocoGt, imgId)
  }

  /** @internal */
  protected comparedDetections(imgId?: number): readonly Annotation[] {
    return annotationsOf(this.cocoDt, imgId)
  }

  /** @internal */
  protected objectTable(): Table {
    const isBoxes = this.params.iouType === 'bbox'
    const columns = isBoxes ? this.cocoGt.annotationColumns : undefined
    return columns ? tableOfColumns(columns) : tableOf(this.comparedObjects(), isBoxes)
  }

  /** @internal */
  protected detectionTable(): Table {
    const isBoxes = this.params.iouType === 'bbox'
    const boxes = isBoxes ? this.cocoDt.boxColumns : undefined
    return boxes ? tableOfBoxes(boxes) : tableOf(this.comparedDetections(), isBoxes)
  }

  /** @internal */
  protected matchRules(): MatchRules {
    const { params } = this
    return { isIgnored: (object) => isIgnored(object, params) }
  }

  private inImage(
    imgId: number,
    catId: number,
    maxDet: number,
  ): { objects: Annotation[]; detections: Annotation[] } {
    const cats = this.params.useCats ? [catId] : this.params.catIds
    const pick = (anns: readonly Annotation[]): Annotation[] =>
      cats.flatMap((id) => anns.filter((ann) => ann.category_id === id))
    const objects = this.comparedObjects(imgId)
    const found = pick(this.comparedDetections(imgId))
    const order = orderByScore(Float64Array.from(found, (dt) => dt.score!))
    return { objects: pick(objects), detections: Array.from(order.subarray(0, maxDet), (i) => found[i]) }
  }
}

function annotationsOf(coco: COCO, imgId: number | undefined): readonly Annotation[] {
  return imgId === undefined ? coco.dataset.annotations : (coco.imgToAnns.get(imgId) ?? [])
}

/** As pycocotools, masks are compared only where all have one: an object without would count as missed. */
function requireMasks(coco: COCO, { table, rows }: Groups, what: string): void {
  const anns = Array.from(rows, (row) => table.anns![row])
  const without = anns.filter((ann) => coco.maskForm(ann) === 'none' && !coco.hasBoxMask(ann))
  if (without.length === 0) return
  const [count, first] = [without.length, without[0].id]
  throw new CocoError(
    `${count} of ${anns.length} ${what}s ${count === 1 ? 'has' : 'have'} no mask that can be used (the first: ` +
      `${what} ${first}), so that masks cannot be evaluated: leave them out, or evaluate boxes ("bbox").`,
  )
}

function sortedUnique(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b)
}

function checkParams({ maxDets, iouThrs, areaRng, areaRngLbl }: EvalParams): void {
  if (maxDets.length === 0) throw new CocoError('maxDets is empty: give at least one limit.')
  if (iouThrs.length === 0) throw new CocoError('iouThrs is empty: give at least one threshold.')
  if (areaRng.length !== areaRngLbl.length) {
    throw new CocoError(
      `areaRng has ${areaRng.length} entries, areaRngLbl ${areaRngLbl.length}: each area needs its label.`,
    )
  }
}
