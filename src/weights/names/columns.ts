/** Columns of matrices and vectors, in another order or only some of them. */

/**
 * The numbers of a matrix or vector whose last axis has `length` columns, in another order of columns.
 *
 * @param columns for each column of the result the column that it is taken from
 */
export function takeColumns(data: Float32Array, length: number, columns: readonly number[]): Float32Array {
  const rows = data.length / length
  const result = new Float32Array(rows * columns.length)
  for (let row = 0, at = 0; row < rows; row++)
    for (const column of columns) result[at++] = data[row * length + column]
  return result
}
