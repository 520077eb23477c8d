/**
 * Pieces of tensors: variables that were partitioned in training are saved piece by piece
 * (`tensorflow/core/framework/tensor_slice.proto`).
 */

/** Along one axis; without `length`, all of it. */
export interface Extent {
  start: number
  length?: number
}

/** Where a piece lies in its tensor. */
export interface Region {
  start: readonly number[]
  length: readonly number[]
}

export const product = (shape: readonly number[]): number => shape.reduce((size, side) => size * side, 1)

/** The region that the extents name in a tensor of this shape; undefined where they do not fit it. */
export function regionOf(extents: readonly Extent[], shape: readonly number[]): Region | undefined {
  if (extents.length !== shape.length) return undefined
  const length = extents.map((extent, axis) => extent.length ?? shape[axis])
  const start = extents.map((extent) => extent.start)
  const fits = shape.every(
    (side, axis) => start[axis] >= 0 && length[axis] >= 0 && start[axis] + length[axis] <= side,
  )
  return fits ? { start, length } : undefined
}

/** True when the pieces hold as many numbers as the tensor; they fill it then, unless some overlap. */
export const fill = (regions: readonly Region[], shape: readonly number[]): boolean =>
  regions.reduce((sum, { length }) => sum + product(length), 0) === product(shape)

/**
 * Puts pieces together to the whole tensor.
 *
 * @param read Numbers of a region, in row-major order
 * @returns undefined when regions overlap
 */
export async function assemble<R extends Region>(
  regions: readonly R[],
  shape: readonly number[],
  read: (region: R) => Promise<Float32Array>,
): Promise<Float32Array | undefined> {
  if (regions.length === 1) return read(regions[0])
  const whole = new Float32Array(product(shape))
  const taken = new Uint8Array(whole.length)
  for (const region of regions) {
    const piece = await read(region)
    const run = region.length.at(-1) ?? 1
    for (let at = 0; at < piece.length; at += run) {
      const target = placeOf(at, region, shape)
      if (taken.subarray(target, target + run).includes(1)) return undefined
      taken.fill(1, target, target + run)
      whole.set(piece.subarray(at, at + run), target)
    }
  }
  return whole
}

/** Where number `at` of a region stands in the whole tensor. */
function placeOf(at: number, { start, length }: Region, shape: readonly number[]): number {
  let [place, stride, rest] = [0, 1, at]
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place += (start[axis] + (rest % length[axis])) * stride
    rest = Math.floor(rest / length[axis])
    stride *= shape[axis]
  }
  return place
}

/**
 * The key under which a piece lies in a table: TensorFlow's ordered code of 0, the tensor's name, its rank, and start and
 * length of each axis, −1 for all of it (`EncodeTensorNameSlice` in `tensorflow/core/util/saved_tensor_slice_util.cc`).
 */
export function sliceKey(name: string, extents: readonly Extent[]): Buffer {
  const text: number[] = []
  for (const byte of Buffer.from(name)) {
    text.push(byte)
    // A zero ends the text where no 255 follows it; names are UTF-8, which has no byte 255.
    if (byte === 0) text.push(255)
  }
  const numbers = extents.flatMap(({ start, length = -1 }) => [...signed(start), ...signed(length)])
  return Buffer.from([0, ...text, 0, 1, ...unsigned(extents.length), ...numbers])
}

/** How many bytes follow, and those without leading zeros. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return [bytes.length, ...bytes]
}

/** Two's complement in as few bytes as hold 7 bits each; so many leading bits are turned over as there are bytes. */
function signed(value: number): number[] {
  const size = BigInt(value < 0 ? -value - 1 : value)
  const bytes = size === 0n ? 1 : Math.floor(size.toString(2).length / 7) + 1
  const header = (2n ** BigInt(bytes) - 1n) << BigInt(7 * bytes)
  const bits = BigInt.asUintN(8 * bytes, BigInt(value)) ^ header
  return Array.from({ length: bytes }, (_, at) => Number((bits >> BigInt(8 * (bytes - 1 - at))) & 255n))
}
