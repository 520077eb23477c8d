/**
 * The four kernels of `tf.image.resize_images` in TensorFlow 1 (`align_corners=False`), which Inception's preprocessing
 * draws from. They map the corner of a new pixel, not its centre, and only `area` averages where it scales down.
 */

import { linearTaps } from '../../shared/bilinear.js'

export const RESIZE_METHODS = ['bilinear', 'nearest', 'bicubic', 'area'] as const
export type ResizeMethod = (typeof RESIZE_METHODS)[number]

/** For each new pixel of a line: the `taps` old pixels that it is made of, and their weights. */
interface Taps {
  taps: number
  index: Int32Array
  weight: Float32Array
}

function linear(from: number, to: number): Taps {
  const { low, high, weight: second } = linearTaps(from, to)
  const [index, weight] = [new Int32Array(2 * to), new Float32Array(2 * to)]
  for (let i = 0; i < to; i++) {
    index.set([low[i], high[i]], 2 * i)
    weight.set([1 - second[i], second[i]], 2 * i)
  }
  return { taps: 2, index, weight }
}

function nearest(from: number, to: number): Taps {
  const scale = Math.fround(from / to)
  const index = Int32Array.from({ length: to }, (_, i) =>
    Math.min(Math.floor(Math.fround(i * scale)), from - 1),
  )
  return { taps: 1, index, weight: new Float32Array(to).fill(1) }
}

/** Keys's kernel with a = −0.75 and positions rounded to 1/1024, as TensorFlow tabulates it. */
function cubic(from: number, to: number): Taps {
  const a = -0.75
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
  const [index, weight] = [new Int32Array(4 * to), new Float32Array(4 * to)]
  const scale = Math.fround(from / to)
  for (let i = 0; i < to; i++) {
    const at = Math.fround(i * scale)
    const low = Math.floor(at)
    const rest = Math.round((at - low) * 1024) / 1024
    for (let tap = 0; tap < 4; tap++) index[4 * i + tap] = Math.min(from - 1, Math.max(0, low - 1 + tap))
    weight.set([far(1 + rest), near(rest), near(1 - rest), far(2 - rest)], 4 * i)
  }
  return { taps: 4, index, weight }
}

/** The mean of the old pixels that a new one covers, in part or whole. */
function area(from: number, to: number): Taps {
  const scale = Math.fround(from / to)
  const first = (i: number): number => Math.floor(Math.fround(i * scale))
  const end = (i: number): number => Math.ceil(Math.fround((i + 1) * scale))
  let taps = 1
  for (let i = 0; i < to; i++) taps = Math.max(taps, end(i) - first(i))
  const [index, weight] = [new Int32Array(taps * to), new Float32Array(taps * to)]
  for (let i = 0; i < to; i++)
    for (let tap = 0; tap < taps; tap++) {
      const pixel = first(i) + tap
      const covered = Math.min((i + 1) * scale, pixel + 1) - Math.max(i * scale, pixel)
      index[i * taps + tap] = Math.min(pixel, from - 1)
      weight[i * taps + tap] = Math.max(0, covered) / scale
    }
  return { taps, index, weight }
}

const kernels: Record<ResizeMethod, (from: number, to: number) => Taps> = {
  bilinear: linear,
  nearest,
  bicubic: cubic,
  area,
}

/** The pixels of an image, or a part of it: rows of `stride` pixels. */
export interface ByteImage {
  /** 8-bit RGB. */
  pixels: Uint8Array
  /** Index of the first byte. */
  from: number
  /** Pixels from one row to the next. */
  stride: number
  width: number
  height: number
}

/**
 * Writes the image, scaled to `to` × `to` pixels and divided by 255, into `target` at `offset`: to × to × 3, in [0, 1]
 * except for what `bicubic` overshoots. `mirrored`: with left and right exchanged.
 */
export function resizeInto(
  target: Float32Array,
  offset: number,
  to: number,
  image: ByteImage,
  { method, mirrored }: { method: ResizeMethod; mirrored: boolean },
): void {
  const columns = kernels[method](image.width, to)
  const rows = kernels[method](image.height, to)
  const line = to * 3
  // The rows that an output row needs follow each other, so that as many buffers as taps hold them all.
  const buffers = Array.from({ length: rows.taps }, () => ({ row: -1, values: new Float32Array(line) }))
  const scaledRow = (row: number): Float32Array => {
    const buffer = buffers[row % rows.taps]
    if (buffer.row !== row) {
      scaleRow(buffer.values, image, row, columns, mirrored)
      buffer.row = row
    }
    return buffer.values
  }
  for (let y = 0; y < to; y++) {
    const start = offset + y * line
    for (let tap = 0; tap < rows.taps; tap++) {
      const weight = rows.weight[y * rows.taps + tap] / 255
      if (weight === 0 && tap > 0) continue
      const values = scaledRow(rows.index[y * rows.taps + tap])
      if (tap === 0) for (let i = 0; i < line; i++) target[start + i] = weight * values[i]
      else for (let i = 0; i < line; i++) target[start + i] += weight * values[i]
    }
  }
}

/** Scales one row of an image to the width of `target`. */
function scaleRow(
  target: Float32Array,
  { pixels, from, stride }: ByteImage,
  row: number,
  { taps, index, weight }: Taps,
  mirrored: boolean,
): void {
  const start = from + row * stride * 3
  const to = target.length / 3
  let out = mirrored ? target.length - 3 : 0
  const step = mirrored ? -3 : 3
  for (let x = 0, at = 0; x < to; x++, out += step) {
    let red = 0
    let green = 0
    let blue = 0
    for (let tap = 0; tap < taps; tap++, at++) {
      const pixel = start + index[at] * 3
      const share = weight[at]
      red += share * pixels[pixel]
      green += share * pixels[pixel + 1]
      blue += share * pixels[pixel + 2]
    }
    target[out] = red
    target[out + 1] = green
    target[out + 2] = blue
  }
}
