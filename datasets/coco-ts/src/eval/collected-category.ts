import type { CategoryResult } from './category-result.js'
import { orderByScore } from './order-by-score.js'

/** A typed array that grows. */
class Column<A extends Float64Array | Int32Array | Uint8Array> {
  private length = 0

  constructor(private values: A) {}

  push(more: ArrayLike<number>): void {
    const needed = this.length + more.length
    if (needed > this.values.length) {
      const grown = new (this.values.constructor as new (length: number) => A)(Math.max(64, 2 * needed))
      grown.set(this.used())
      this.values = grown
    }
    this.values.set(more, this.length)
    this.length = needed
  }

  used(): A {
    return this.values.subarray(0, this.length) as A
  }
}

/** One category's results on images that come batch by batch; holds scores and outcomes, and nothing to match again. */
export class CollectedCategory {
  private readonly scores = new Column(new Float64Array(0))
  private readonly image = new Column(new Int32Array(0))
  private readonly rank = new Column(new Int32Array(0))
  /** For detection d and area a at `d * areas + a`. */
  private readonly exempt = new Column(new Uint8Array(0))
  /** For each detection its place in `matches`, −1 without. */
  private readonly column = new Column(new Int32Array(0))
  /** For place c, area a and threshold t at `(c * areas + a) * thresholds + t`. */
  private readonly matches = new Column(new Uint8Array(0))
  private matched = 0
  private readonly objectImages = new Column(new Int32Array(0))
  /** For the image of the same place and area a at `image * areas + a`. */
  private readonly objectCounts = new Column(new Int32Array(0))

  constructor(
    private readonly areas: number,
    private readonly thresholds: number,
  ) {}

  /** Adds the result on a batch of images; `place[i]` is the place of its image i among all images so far. */
  add(result: CategoryResult, place: Int32Array): void {
    const { detections, exempt, objectImages, objectCounts, matched } = result
    const at = (i: number): number => place[i]
    this.scores.push(result.scores)
    this.image.push(result.image.map(at))
    this.rank.push(result.rank)
    this.exempt.push(transposed(exempt, this.areas, detections))
    this.column.push(result.column.map((column) => (column < 0 ? column : column + this.matched)))
    this.matches.push(transposed(result.matches, this.areas * this.thresholds, matched))
    this.matched += matched
    this.objectImages.push(objectImages.map(at))
    this.objectCounts.push(transposed(objectCounts, this.areas, objectImages.length))
  }

  /** The result on all images, as if they had come at once in an order in which image i is at `position[i]`. */
  merged(position: Int32Array): CategoryResult {
    const [scores, image, rank] = [this.scores.used(), this.image.used(), this.rank.used()]
    const held = this.column.used()
    const objectImages = this.objectImages.used()
    // Equal scores are in the order of the images, and an image's detections are in order already.
    const byImage = orderByScore(Float64Array.from(image, (i) => -position[i]))
    const byScore = orderByScore(Float64Array.from(byImage, (d) => scores[d]))
    const order = byScore.map((i) => byImage[i])
    const byPosition = orderByScore(Float64Array.from(objectImages, (i) => -position[i]))
    const chosen = order.map((d) => held[d]).filter((column) => column >= 0)
    let count = 0
    return {
      detections: order.length,
      scores: Float64Array.from(order, (d) => scores[d]),
      image: order.map((d) => position[image[d]]),
      rank: order.map((d) => rank[d]),
      exempt: Uint8Array.from(picked(this.exempt.used(), this.areas, order)),
      column: order.map((d) => (held[d] < 0 ? -1 : count++)),
      matched: chosen.length,
      matches: Uint8Array.from(picked(this.matches.used(), this.areas * this.thresholds, chosen)),
      objectImages: byPosition.map((s) => position[objectImages[s]]),
      objectCounts: picked(this.objectCounts.used(), this.areas, byPosition),
    }
  }
}

/** Values of the chosen entries, `width` of each side by side, as `width` rows. */
function picked(values: Uint8Array | Int32Array, width: number, chosen: Int32Array): Int32Array {
  const out = new Int32Array(width * chosen.length)
  for (let i = 0; i < chosen.length; i++)
    for (let n = 0; n < width; n++) out[n * chosen.length + i] = values[chosen[i] * width + n]
  return out
}

/** Columns of `rows` × `columns` values as rows. */
function transposed(values: Uint8Array | Int32Array, rows: number, columns: number): Uint8Array | Int32Array {
  const out = values.slice()
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]
  return out
}
