import type { Groups } from './groups.js'
import { orderByScore } from './numeric.js'

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
  rank({ table, rows, image, start }: Groups, k: number, most: number): Ranked {
    for (let i = 0; i < this.ranked.length; i++) this.count[this.ranked[i]] = 0
    const from = start[k]
    const size = start[k + 1] - from
    const all = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      all[i] = table.score[rows[from + i]]
      // Rows of an image are neighbours.
      if (i === 0 || image[from + i] !== image[from + i - 1]) this.first[image[from + i]] = i
    }
    if (this.places.length < size) this.places = new Int32Array(2 * size)
    const out: Ranked = {
      detections: 0,
      rows: new Int32Array(size),
      scores: new Float64Array(size),
      image: new Int32Array(size),
      rank: new Int32Array(size),
    }
    const order = orderByScore(all)
    let n = 0
    for (let j = 0; j < size; j++) {
      const i = order[j]
      const place = image[from + i]
      const rank = this.count[place]
      if (rank >= most) continue
      this.count[place] = rank + 1
      this.places[this.first[place] + rank] = n
      out.rows[n] = rows[from + i]
      out.scores[n] = all[i]
      out.image[n] = place
      out.rank[n++] = rank
    }
    this.ranked = out.image.subarray(0, n)
    const { rows: chosen, scores, rank } = out
    return {
      detections: n,
      rows: chosen.subarray(0, n),
      scores: scores.subarray(0, n),
      image: this.ranked,
      rank: rank.subarray(0, n),
    }
  }
}
