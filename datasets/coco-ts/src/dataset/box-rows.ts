import type { BoxColumns } from '../common/box-columns.js'
import { IdSet } from '../common/id-set.js'
import { resized } from '../common/resized.js'
import type { Detection } from '../common/types.js'
import type { References } from '../entries/read-entry.js'
import { RowReader } from '../json/row-reader.js'

const IMAGE = 0
const CATEGORY = 1
const SCORE = 2
const BOX = 3

const KEYS = {
  image_id: { slot: IMAGE, numbers: 1, isList: false },
  category_id: { slot: CATEGORY, numbers: 1, isList: false },
  score: { slot: SCORE, numbers: 1, isList: false },
  bbox: { slot: BOX, numbers: 4, isList: true },
}

/**
 * Reads results that are boxes in their plainest form into columns: entries of exactly `image_id`, `category_id`, `bbox`
 * and `score`, with valid numbers and known ids. Anything else is left to the careful reader, which says what is wrong or
 * completes it.
 */
export class BoxRows extends RowReader {
  private imageId = new Float64Array(0)
  private categoryId = new Float64Array(0)
  private score = new Float64Array(0)
  private boxes = new Float64Array(0)
  private readonly images: IdSet
  private readonly categories: IdSet

  constructor(known: References) {
    super(KEYS, Object.keys(KEYS))
    this.images = new IdSet(known.imgs.keys())
    this.categories = new IdSet(known.cats.keys())
  }

  protected override keep(): boolean {
    const { values, count } = this
    if (!this.images.has(values[IMAGE]) || !this.categories.has(values[CATEGORY])) return false
    if (values[BOX + 2] < 0 || values[BOX + 3] < 0) return false
    if (count === this.score.length) this.grow()
    this.imageId[count] = values[IMAGE]
    this.categoryId[count] = values[CATEGORY]
    this.score[count] = values[SCORE]
    for (let i = 0; i < 4; i++) this.boxes[4 * count + i] = values[BOX + i]
    return true
  }

  private grow(): void {
    const rows = Math.max(1 << 12, 2 * this.count)
    this.imageId = resized(this.imageId, rows)
    this.categoryId = resized(this.categoryId, rows)
    this.score = resized(this.score, rows)
    this.boxes = resized(this.boxes, 4 * rows)
  }

  /** What was read. */
  columns(): BoxColumns {
    const { count, imageId, categoryId, score, boxes } = this
    return {
      imageId: imageId.subarray(0, count),
      categoryId: categoryId.subarray(0, count),
      score: score.subarray(0, count),
      boxes: boxes.subarray(0, 4 * count),
    }
  }

  /** The same as the file's entries. */
  entries(): Detection[] {
    const { imageId, categoryId, score, boxes } = this
    const keys = this.layout?.keys ?? []
    return Array.from({ length: this.count }, (_, i) => {
      const entry: Record<string, unknown> = {}
      for (const key of keys) {
        if (key === 'image_id') entry.image_id = imageId[i]
        else if (key === 'category_id') entry.category_id = categoryId[i]
        else if (key === 'score') entry.score = score[i]
        else entry.bbox = [boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]]
      }
      return entry as Detection
    })
  }
}
