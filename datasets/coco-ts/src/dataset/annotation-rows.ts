import type { AnnotationColumns } from '../common/annotation-columns.js'
import { resized } from '../common/resized.js'
import type { Annotation } from '../common/types.js'
import { RowReader } from '../json/row-reader.js'
import { attach, type Place } from '../masks/packed-polygons.js'
import { PolygonStore } from '../masks/polygon-store.js'

const ID = 0
const IMAGE = 1
const CATEGORY = 2
const AREA = 3
const CROWD = 4
const BOX = 5

const one = (slot: number): { slot: number; numbers: number; isList: boolean } => ({
  ...{ slot, numbers: 1, isList: false },
})
const KEYS = {
  ...{ id: one(ID), image_id: one(IMAGE), category_id: one(CATEGORY), area: one(AREA), iscrowd: one(CROWD) },
  bbox: { slot: BOX, numbers: 4, isList: true },
  segmentation: { slot: -1, numbers: 0, isList: false },
}
const REQUIRED = ['id', 'image_id', 'category_id', 'area', 'bbox']

/** So many others may be among the rows of a file, and a quarter of all. */
const FEW = 64

/**
 * Reads annotations of objects in their plainest form into columns: entries of the keys above, with valid numbers, whose
 * masks are polygons. Other entries are kept as objects, at their places.
 */
export class AnnotationRows extends RowReader {
  private id = new Float64Array(0)
  private imageId = new Float64Array(0)
  private categoryId = new Float64Array(0)
  private area = new Float64Array(0)
  private boxes = new Float64Array(0)
  private crowd = new Uint8Array(0)
  /** Where each row's polygons are: the number of the page, and the place in it. */
  private page = new Int32Array(0)
  private place = new Int32Array(0)
  private readonly pages: Int32Array[] = []
  private readonly store = new PolygonStore()
  /** Entries that are no rows, by their places. */
  readonly others = new Map<number, unknown>()

  constructor() {
    super(KEYS, REQUIRED)
  }

  protected override polygons(bytes: Uint8Array, start: number, end: number): number {
    return this.store.read(bytes, start, end)
  }

  protected override keep(): boolean {
    const { values, count, store } = this
    const { hasPolygons } = this.layout!
    const isPlain =
      Number.isSafeInteger(values[ID]) &&
      Number.isSafeInteger(values[IMAGE]) &&
      Number.isSafeInteger(values[CATEGORY]) &&
      values[AREA] >= 0 &&
      (values[CROWD] === 0 || values[CROWD] === 1) &&
      values[BOX + 2] >= 0 &&
      values[BOX + 3] >= 0
    if (!isPlain || (hasPolygons && !store.isDrawable)) return false
    if (count === this.id.length) this.grow()
    this.id[count] = values[ID]
    this.imageId[count] = values[IMAGE]
    this.categoryId[count] = values[CATEGORY]
    this.area[count] = values[AREA]
    this.crowd[count] = values[CROWD]
    for (let i = 0; i < 4; i++) this.boxes[4 * count + i] = values[BOX + i]
    if (hasPolygons) {
      if (this.pages[this.pages.length - 1] !== store.page) this.pages.push(store.page)
      this.page[count] = this.pages.length - 1
      this.place[count] = store.at
    }
    return true
  }

  /** Keeps an entry that is no row. False if there are so many of them that rows are not worth it. */
  add(entry: unknown): boolean {
    if (this.count === this.id.length) this.grow()
    this.others.set(this.count++, entry)
    return this.others.size <= FEW + this.count / 4
  }

  private grow(): void {
    const rows = Math.max(1 << 12, 2 * this.count)
    this.id = resized(this.id, rows)
    this.imageId = resized(this.imageId, rows)
    this.categoryId = resized(this.categoryId, rows)
    this.area = resized(this.area, rows)
    this.boxes = resized(this.boxes, 4 * rows)
    this.crowd = resized(this.crowd, rows)
    this.page = resized(this.page, rows)
    this.place = resized(this.place, rows)
  }

  /** What was read. The places of `others` are empty until {@link fillIn}. */
  columns(): AnnotationColumns {
    const { count, id, imageId, categoryId, area, boxes, crowd } = this
    return {
      id: id.subarray(0, count),
      imageId: imageId.subarray(0, count),
      categoryId: categoryId.subarray(0, count),
      area: area.subarray(0, count),
      boxes: boxes.subarray(0, 4 * count),
      crowd: crowd.subarray(0, count),
    }
  }

  /** Fills in the columns of an entry that is no row, once it is known to be valid. */
  fillIn(row: number, annotation: Annotation): void {
    this.id[row] = annotation.id
    this.imageId[row] = annotation.image_id
    this.categoryId[row] = annotation.category_id
    this.area[row] = annotation.area
    this.crowd[row] = annotation.iscrowd ? 1 : 0
    for (let i = 0; i < 4; i++) this.boxes[4 * row + i] = annotation.bbox[i]
  }

  /** The same as the file's entry. */
  entry(row: number): unknown {
    if (this.others.has(row)) return this.others.get(row)
    const { boxes } = this
    const entry: Record<string, unknown> = {}
    for (const key of this.layout!.keys) {
      if (key === 'id') entry.id = this.id[row]
      else if (key === 'image_id') entry.image_id = this.imageId[row]
      else if (key === 'category_id') entry.category_id = this.categoryId[row]
      else if (key === 'area') entry.area = this.area[row]
      else if (key === 'iscrowd') entry.iscrowd = this.crowd[row]
      else if (key === 'bbox')
        entry.bbox = [boxes[4 * row], boxes[4 * row + 1], boxes[4 * row + 2], boxes[4 * row + 3]]
      else attach(entry, this.polygonsAt(row))
    }
    return entry
  }

  private polygonsAt(row: number): Place {
    return { page: this.pages[this.page[row]], at: this.place[row] }
  }

  /** The same as the file's entries. */
  entries(): unknown[] {
    return Array.from({ length: this.count }, (_, row) => this.entry(row))
  }
}
