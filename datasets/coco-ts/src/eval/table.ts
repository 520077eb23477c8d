import type { AnnotationColumns } from '../common/annotation-columns.js'
import type { BoxColumns } from '../common/box-columns.js'
import { CocoError } from '../common/problems.js'
import type { Annotation } from '../common/types.js'

/** Annotations as columns, a row for each. */
export interface Table {
  rows: number
  imageId: Float64Array
  categoryId: Float64Array
  id: Float64Array
  area: Float64Array
  /** Scores of detections; NaN for objects. */
  score: Float64Array
  /** x, y, width and height of row i from `4 * i`; empty where boxes are not compared. */
  boxes: Float64Array
  /** 1 for crowds; empty for detections that are boxes. */
  crowd: Uint8Array
  /** The annotations themselves; undefined where only columns are known. */
  anns: readonly Annotation[] | undefined
}

/** `withBoxes`: boxes are compared. */
export function tableOf(anns: readonly Annotation[], withBoxes: boolean): Table {
  const rows = anns.length
  const column = (): Float64Array => new Float64Array(rows)
  const table: Table = {
    ...{ rows, imageId: column(), categoryId: column(), id: column(), area: column(), score: column() },
    ...{ boxes: new Float64Array(withBoxes ? 4 * rows : 0), crowd: new Uint8Array(rows), anns },
  }
  for (let i = 0; i < rows; i++) {
    const ann = anns[i]
    table.imageId[i] = ann.image_id
    table.categoryId[i] = ann.category_id
    table.id[i] = ann.id
    table.area[i] = ann.area
    table.score[i] = typeof ann.score === 'number' ? ann.score : Number.NaN
    table.crowd[i] = ann.iscrowd ? 1 : 0
    if (!withBoxes || ann.bbox === undefined) continue
    const { bbox } = ann
    for (let n = 0; n < 4; n++) table.boxes[4 * i + n] = bbox[n]
  }
  return table
}

/** Results of boxes, with the ids and areas that `loadRes` gives them. */
export function tableOfBoxes({ imageId, categoryId, score, boxes }: BoxColumns): Table {
  const rows = score.length
  const id = new Float64Array(rows)
  const area = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    id[i] = i + 1
    area[i] = boxes[4 * i + 2] * boxes[4 * i + 3]
  }
  return { rows, imageId, categoryId, id, area, score, boxes, crowd: new Uint8Array(0), anns: undefined }
}

/** Annotations of a file that nobody has seen as objects. */
export function tableOfColumns(columns: AnnotationColumns): Table {
  const rows = columns.id.length
  return { rows, ...columns, score: new Float64Array(rows).fill(Number.NaN), anns: undefined }
}

/** @throws CocoError for detections without scores among those that are compared */
export function requireScores({ score, id }: Table, rows: Int32Array): void {
  let all = true
  for (let row = 0; row < score.length; row++) if (Number.isNaN(score[row])) all = false
  if (all) return
  for (const row of rows) {
    if (Number.isNaN(score[row]))
      throw new CocoError(`Detection ${id[row]} has no score: detections come from loadRes().`)
  }
}
