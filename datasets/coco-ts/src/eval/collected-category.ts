import type { CategoryResult } from './category-result.js'
import { orderByScore } from './numeric.js'

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
  private readonly row = new Column(new Int32Array(0))
  private readonly matches = new Column(new Uint8Array(0))
  private rows = 0
  private readonly objectImages = new Column(new Int32Array(0))
  /** For the image of the same place and area a at `image * areas + a`. */
  private readonly objectCounts = new Column(new Int32Array(0))

  constructor(
    private readonly areas: number,
    private readonly thresholds: number,
  ) {}

  /** Adds the result on a batch of images; `place[i]` is the place of its image i among all images so far. */
  add(result: CategoryResult, place: Int32Array): void {
    const { detections, exempt, objectImages, objectCounts, matches } = result
    const at = (i: number): number => place[i]
    this.scores.push(result.scores)
    this.image.push(result.image.map(at))
    this.rank.push(result.rank)
    this.exempt.push(transposed(exempt, this.areas, detections))
    this.row.push(result.row.map((row) => (row < 0 ? row : row + this.rows)))
    this.matches.push(matches)
    this.rows += matches.length / (this.areas * this.thresholds)
    this.objectImages.push(objectImages.map(at))
    this.objectCounts.push(transposed(objectCounts, this.areas, objectImages.length))
  }

  /** The result on all images, as if they had come at once in an order in which image i is at `position[i]`. */
  merged(position: Int32Array): CategoryResult {
    const [scores, image, rank, row] = [this.scores, this.image, this.rank, this.row].map((one) => one.used())
    const objectImages = this.objectImages.used()
    // Equal scores are in the order of the images, and an image's detections are in order already.
    const byImage = orderByScore(Float64Array.from(image, (i) => -position[i]))
    const byScore = orderByScore(Float64Array.from(byImage, (d) => scores[d]))
    const order = byScore.map((i) => byImage[i])
    const byPosition = orderByScore(Float64Array.from(objectImages, (i) => -position[i]))
    return {
      detections: order.length,
      scores: Float64Array.from(order, (d) => scores[d]),
      image: order.map((d) => position[image[d]]),
      rank: order.map((d) => rank[d]),
      exempt: new Uint8Array(this.picked(this.exempt.used(), order)),
      row: order.map((d) => row[d]),
      matches: this.matches.used().slice(),
      objectImages: byPosition.map((s) => position[objectImages[s]]),
      objectCounts: this.picked(this.objectCounts.used(), byPosition),
    }
  }

  /** A value for each area and chosen entry, of values for each entry and area. */
  private picked(values: Uint8Array | Int32Array, chosen: Int32Array): Int32Array {
    const out = new Int32Array(this.areas * chosen.length)
    for (let i = 0; i < chosen.length; i++)
      for (let a = 0; a < this.areas; a++) out[a * chosen.length + i] = values[chosen[i] * this.areas + a]
    return out
  }
}

/** Columns of `rows` × `columns` values as rows. */
function transposed(values: Uint8Array | Int32Array, rows: number, columns: number): Uint8Array | Int32Array {
  const out = values.slice()
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]
  return out
}
