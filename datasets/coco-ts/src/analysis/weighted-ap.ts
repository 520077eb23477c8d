import { CocoError } from '../common/problems.js'
import { type CategoryResult, FALSE_POSITIVE, outcomeOf, TRUE_POSITIVE } from '../eval/category-result.js'
import type { COCOeval, Evaluated } from '../eval/coco-eval.js'
import { EPSILON } from '../eval/numeric.js'
import { placeOf } from './settings.js'

/** Average precision over all areas and the most detections an image. −1 where there are no objects. */
export interface AveragePrecisions {
  /** Mean over the evaluation's thresholds: COCO's AP. */
  ap: number
  /** At an IoU of 0.5 and 0.75; undefined where that is none of the evaluation's thresholds. */
  ap50: number | undefined
  ap75: number | undefined
}

/** One category's detections, without those that change nothing. */
interface Prepared {
  /** Up to the last true positive, from the best score down. */
  image: Int32Array
  /** −1 for a detection that is a false positive at every threshold, otherwise its row in `outcome`. */
  row: Int32Array
  /** At `row * T + t`. */
  outcome: Uint8Array
  objectImages: Int32Array
  objectCounts: Int32Array
}

/**
 * Average precision with each image counted several times, or not at all, from the matches that an evaluation has
 * found: nothing is matched again.
 */
export class WeightedAp {
  /** The images' ids, in the order of the weights. */
  readonly imgIds: readonly number[]
  private readonly prepared: Prepared[]
  private readonly thresholds: number
  private readonly recThrs: Float64Array
  private readonly ap50: number
  private readonly ap75: number

  /** @throws CocoError before `evaluate()` */
  constructor(run: COCOeval) {
    const evaluated = run.outcomes('resample')
    const { params, categories } = evaluated
    this.imgIds = params.imgIds
    this.thresholds = params.iouThrs.length
    this.recThrs = Float64Array.from(params.recThrs).sort()
    this.ap50 = params.iouThrs.indexOf(0.5)
    this.ap75 = params.iouThrs.indexOf(0.75)
    this.prepared = categories.map((category) => prepare(category, evaluated))
  }

  /**
   * `weights[i]` is how often the image `imgIds[i]` counts: a number from 0. Equal, for whole numbers, to an evaluation of a
   * data set that has each image, its objects and its detections so many times.
   */
  at(weights: ArrayLike<number>): AveragePrecisions {
    if (weights.length !== this.imgIds.length)
      throw new CocoError(`There are ${weights.length} weights for ${this.imgIds.length} images.`)
    const sums = new Float64Array(this.thresholds)
    let categories = 0
    for (const category of this.prepared) if (this.addCategory(category, weights, sums)) categories++
    const mean = (t: number): number => (categories > 0 ? sums[t] / categories : -1)
    const all = sums.reduce((sum, one) => sum + one, 0) / this.thresholds / categories
    return {
      ap: categories > 0 ? all : -1,
      ap50: this.ap50 < 0 ? undefined : mean(this.ap50),
      ap75: this.ap75 < 0 ? undefined : mean(this.ap75),
    }
  }

  /** Adds a category's average precision at each threshold; false if no object counts. */
  private addCategory(category: Prepared, weights: ArrayLike<number>, sums: Float64Array): boolean {
    const { image, row, outcome, objectImages, objectCounts } = category
    const T = this.thresholds
    let objects = 0
    for (let s = 0; s < objectImages.length; s++) objects += weights[objectImages[s]] * objectCounts[s]
    if (!(objects > 0)) return false
    const rows = T > 0 ? outcome.length / T : 0
    const found = new Float64Array(T)
    const wrong = new Float64Array(T)
    const count = new Int32Array(T)
    // For threshold t and its nth true positive, at t * rows + n.
    const precision = new Float64Array(T * rows)
    const recall = new Float64Array(T * rows)
    let always = 0
    for (let d = 0; d < image.length; d++) {
      const weight = weights[image[d]]
      if (weight === 0) continue
      if (row[d] < 0) {
        always += weight
        continue
      }
      for (let t = 0; t < T; t++) {
        const what = outcome[row[d] * T + t]
        if (what === FALSE_POSITIVE) wrong[t] += weight
        else if (what === TRUE_POSITIVE) {
          found[t] += weight
          // Of the several copies of a detection, the last has the highest precision, and interpolation takes that.
          precision[t * rows + count[t]] = found[t] / (wrong[t] + always + found[t] + EPSILON)
          recall[t * rows + count[t]++] = found[t] / objects
        }
      }
    }
    for (let t = 0; t < T; t++) sums[t] += this.readOff(precision, recall, t * rows, t * rows + count[t])
    return true
  }

  /** Mean of the interpolated precision at the recall thresholds; the curve's points are at `from … to`. */
  private readOff(precision: Float64Array, recall: Float64Array, from: number, to: number): number {
    for (let i = to - 1; i > from; i--) if (precision[i] > precision[i - 1]) precision[i - 1] = precision[i]
    let sum = 0
    let i = from
    for (const threshold of this.recThrs) {
      while (i < to && recall[i] < threshold) i++
      if (i >= to) break
      sum += precision[i]
    }
    return sum / this.recThrs.length
  }
}

function prepare(category: CategoryResult, { params }: Evaluated): Prepared {
  const T = params.iouThrs.length
  const { a, m } = placeOf(params, { iouThr: params.iouThrs[0] })
  const { detections, rank, image } = category
  const at = (d: number, t: number): number => outcomeOf(category, d, a, t, T)
  const places: number[] = []
  const rows: number[] = []
  const kept: number[] = []
  let last = 0
  for (let d = 0; d < detections; d++) {
    if (rank[d] >= params.maxDets[m]) continue
    let isAlwaysWrong = true
    let isEverFound = false
    for (let t = 0; t < T; t++) {
      const what = at(d, t)
      if (what !== FALSE_POSITIVE) isAlwaysWrong = false
      if (what === TRUE_POSITIVE) isEverFound = true
    }
    places.push(image[d])
    rows.push(isAlwaysWrong ? -1 : kept.length / T)
    if (!isAlwaysWrong) for (let t = 0; t < T; t++) kept.push(at(d, t))
    if (isEverFound) last = places.length
  }
  const images = category.objectImages.length
  return {
    image: Int32Array.from(places.slice(0, last)),
    row: Int32Array.from(rows.slice(0, last)),
    outcome: Uint8Array.from(kept),
    objectImages: category.objectImages,
    objectCounts: category.objectCounts.subarray(a * images, (a + 1) * images),
  }
}
