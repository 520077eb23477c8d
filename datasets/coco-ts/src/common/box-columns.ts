import type { Annotation } from './types.js'

/** Results that are boxes, in columns, a row for each. */
export interface BoxColumns {
  imageId: Float64Array
  categoryId: Float64Array
  score: Float64Array
  /** x, y, width and height of row i from `4 * i`. */
  boxes: Float64Array
}

/** The same as annotations, with the ids and areas that results get. */
export function annotationsOf({ imageId, categoryId, score, boxes }: BoxColumns): Annotation[] {
  return Array.from(score, (_, i): Annotation => {
    const at = 4 * i
    return {
      image_id: imageId[i],
      category_id: categoryId[i],
      bbox: [boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]],
      score: score[i],
      id: i + 1,
      iscrowd: 0,
      area: boxes[at + 2] * boxes[at + 3],
    }
  })
}
