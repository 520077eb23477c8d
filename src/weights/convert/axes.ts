/** Tensors from one order of axes to another. */
import type { AxisOrder } from '../names/dialect.js'

const strides = (shape: readonly number[]): number[] => {
  const result = new Array<number>(shape.length)
  for (let axis = shape.length - 1, size = 1; axis >= 0; size *= shape[axis--]) result[axis] = size
  return result
}

/** The shape of a tensor in a program with another order of axes. */
export function foreignShape(shape: readonly number[], axes: AxisOrder | undefined): number[] {
  if (axes === undefined) return [...shape]
  const foreign = new Array<number>(shape.length)
  for (const [i, axis] of axes.entries()) foreign[axis] = shape[i]
  return foreign
}

/** Calls `visit` with the place of every number, row-major in `shape`, and with its place in the other order. */
function forEachPlace(
  shape: readonly number[],
  axes: AxisOrder,
  visit: (own: number, foreign: number) => void,
): void {
  const foreign = strides(foreignShape(shape, axes))
  const step = axes.map((axis) => foreign[axis])
  let own = 0
  const walk = (axis: number, at: number): void => {
    for (let i = 0; i < shape[axis]; i++)
      if (axis + 1 < shape.length) walk(axis + 1, at + i * step[axis])
      else visit(own++, at + i * step[axis])
  }
  walk(0, 0)
}

/** The numbers of a tensor of `shape` that another program holds in its own order of axes. */
export const fromForeign = reordered((result, own, data, foreign) => {
  result[own] = data[foreign]
})

/** The inverse of {@link fromForeign}. */
export const toForeign = reordered((result, own, data, foreign) => {
  result[foreign] = data[own]
})

function reordered(copy: (result: Float32Array, own: number, data: Float32Array, foreign: number) => void) {
  return (data: Float32Array, shape: readonly number[], axes: AxisOrder | undefined): Float32Array => {
    if (axes === undefined) return data
    const result = new Float32Array(data.length)
    forEachPlace(shape, axes, (own, foreign) => copy(result, own, data, foreign))
    return result
  }
}
