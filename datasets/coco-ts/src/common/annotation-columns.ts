/** Annotations of objects in columns, a row for each. */
export interface AnnotationColumns {
  id: Float64Array
  imageId: Float64Array
  categoryId: Float64Array
  area: Float64Array
  /** x, y, width and height of row i from `4 * i`. */
  boxes: Float64Array
  /** 1 for crowds. */
  crowd: Uint8Array
}
