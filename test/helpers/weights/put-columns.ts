/**
 * The inverse of `takeColumns`: puts the columns back among `length`. Columns that none of them is stay as `rest`
 * has them, of which the last axis has `length` columns too.
 */
export function putColumns(data: Float32Array, columns: readonly number[], rest: Float32Array): Float32Array {
  const result = rest.slice()
  const rows = data.length / columns.length
  const length = rest.length / rows
  for (let row = 0, at = 0; row < rows; row++)
    for (const column of columns) result[row * length + column] = data[at++]
  return result
}
