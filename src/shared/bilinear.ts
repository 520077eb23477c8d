/** The bilinear interpolation of TensorFlow 1, with which Google's published networks were trained and measured. */

/** For each of `to` new pixels in a line of `from`: the old pixels on both sides of it, and the weight of the second. */
export function linearTaps(
  from: number,
  to: number,
): { low: Int32Array; high: Int32Array; weight: Float32Array } {
  const scale = Math.fround(from / to)
  const at = Float32Array.from({ length: to }, (_, i) => i * scale)
  const low = Int32Array.from(at, (position) => Math.min(Math.floor(position), from - 1))
  return {
    low,
    high: low.map((pixel) => Math.min(pixel + 1, from - 1)),
    weight: at.map((position, i) => position - low[i]),
  }
}

interface Size {
  width: number
  height: number
}

/**
 * Scales an RGB image as `tf.compat.v1.image.resize_bilinear` does with `align_corners=False`: the corner of the first
 * pixel is that of the old image, not its centre, and scaling down skips pixels instead of averaging them.
 *
 * @param pixels height × width × 3 bytes
 * @param crop the part of the image that is scaled; by default all of it
 * @returns height × width × 3 bytes of the new size, rounded
 */
export function resizeBilinear(
  pixels: Uint8Array,
  { width, height }: Size,
  to: Size,
  crop: Size & { left: number; top: number } = { left: 0, top: 0, width, height },
): Uint8Array {
  const columns = linearTaps(crop.width, to.width)
  const rows = linearTaps(crop.height, to.height)
  const result = new Uint8Array(to.width * to.height * 3)
  const rowAt = (y: number): number => ((crop.top + y) * width + crop.left) * 3
  for (let y = 0, out = 0; y < to.height; y++) {
    const upper = rowAt(rows.low[y])
    const lower = rowAt(rows.high[y])
    const down = rows.weight[y]
    for (let x = 0; x < to.width; x++) {
      const left = columns.low[x] * 3
      const right = columns.high[x] * 3
      const across = columns.weight[x]
      const topLeft = upper + left
      const topRight = upper + right
      const bottomLeft = lower + left
      const bottomRight = lower + right
      for (let channel = 0; channel < 3; channel++, out++) {
        const top =
          pixels[topLeft + channel] + (pixels[topRight + channel] - pixels[topLeft + channel]) * across
        const bottom =
          pixels[bottomLeft + channel] +
          (pixels[bottomRight + channel] - pixels[bottomLeft + channel]) * across
        result[out] = Math.round(top + (bottom - top) * down)
      }
    }
  }
  return result
}
