import type { Groups } from './groups.js'
import { orderByScore } from './order-by-score.js'

/** A category's detections from the best score down, without those beyond the largest limit of their image. */
export interface Ranked {
  detections: number
  /** Rows of the table. */
  rows: Int32Array
  scores: Float64Array
  image: Int32Array
  rank: Int32Array
}

/** Where an image's detections are among those of the category that was ranked last. */
export class ImageDetections {
  /** How many an image has. */
  readonly count: Int32Array
  private readonly first: Int32Array
  /** Places in the ranking: those of image i, in order, from `first[i]`. */
  private places = new Int32Array(0)
  private ranked: Int32Array = new Int32Array(0)

  constructor(images: number) {
    this.count = new Int32Array(images)
    this.first = new Int32Array(images)
  }

  /** The place in the ranking of the detection of a rank in an image. */
  placeOf(image: number, rank: number): number {
    return this.places[this.first[image] + rank]
  }

  /** Ranks group `k`; `most` detections of an image count. */
  rank(groups: Groups, k: number, most: number): Ranked {
    this.forget()
    const from = groups.start[k]
    const size = groups.start[k + 1] - from
    const all = this.scoresOf(groups, from, size)
    if (this.places.length < size) this.places = new Int32Array(2 * size)
    const out: Ranked = {
      detections: 0,
      rows: new Int32Array(size),
      scores: new Float64Array(size),
      image: new Int32Array(size),
      rank: new Int32Array(size),
    }
    this.take(groups, from, orderByScore(all), all, most, out)
    const n = out.detections
    if (n < size)
      for (const key of ['rows', 'scores', 'image', 'rank'] as const) out[key] = out[key].slice(0, n) as never
    this.ranked = out.image
    return out
  }

  private forget(): void {
    const { ranked, count } = this
    for (let i = 0; i < ranked.length; i++) count[ranked[i]] = 0
  }

  /** The scores of the group that begins at `from`; notes where each image begins in it. */
  private scoresOf({ table, rows, image }: Groups, from: number, size: number): Float64Array {
    const { first } = this
    const { score } = table
    const all = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      all[i] = score[rows[from + i]]
      // Rows of an image are neighbours.
      if (i === 0 || image[from + i] !== image[from + i - 1]) first[image[from + i]] = i
    }
    return all
  }

  /** Takes the detections in this order, as far as they count in their images. */
  private take(
    { rows, image }: Groups,
    from: number,
    order: Int32Array,
    scores: Float64Array,
    most: number,
    out: Ranked,
  ): void {
    const { count, first, places } = this
    const { rows: outRows, scores: outScores, image: outImage, rank: outRank } = out
    let n = 0
    for (let j = 0; j < order.length; j++) {
      const i = order[j]
      const place = image[from + i]
      const rank = count[place]
      if (rank >= most) continue
      count[place] = rank + 1
      places[first[place] + rank] = n
      outRows[n] = rows[from + i]
      outScores[n] = scores[i]
      outImage[n] = place
      outRank[n++] = rank
    }
    out.detections = n
  }
}
