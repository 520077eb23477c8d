/** Affine changes of an image as Pillow makes them with `Resampling.NEAREST`: pixels from beyond the image are black. */
import type { RgbImage } from './rgb-image.js'

/** Where the pixel (x, y) comes from: (a·x + b·y + c, d·x + e·y + f), both at the centres of pixels. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** Pillow computes places with whole numbers, times 2¹⁶. */
const fixed = (value: number): number => Math.floor(value * 65536 + 0.5)

/** A new image. */
export function affine({ data, width, height }: RgbImage, [a, b, c, d, e, f]: Affine): Uint8Array {
  const result = new Uint8Array(data.length)
  const [acrossX, downX, acrossY, downY] = [a, b, d, e].map(fixed)
  let rowX = fixed(c + a * 0.5 + b * 0.5)
  let rowY = fixed(f + d * 0.5 + e * 0.5)
  for (let y = 0, out = 0; y < height; y++, rowX += downX, rowY += downY) {
    let [fromX, fromY] = [rowX, rowY]
    for (let x = 0; x < width; x++, out += 3, fromX += acrossX, fromY += acrossY) {
      const left = Math.floor(fromX / 65536)
      const top = Math.floor(fromY / 65536)
      if (left < 0 || left >= width || top < 0 || top >= height) continue
      const at = (top * width + left) * 3
      result[out] = data[at]
      result[out + 1] = data[at + 1]
      result[out + 2] = data[at + 2]
    }
  }
  return result
}

/** Counter-clockwise around the middle, in degrees, as `Image.rotate`. */
export function rotate(image: RgbImage, degrees: number): Uint8Array {
  const angle = (-degrees * Math.PI) / 180
  const [x, y] = [image.width / 2, image.height / 2]
  // Rounded as in Pillow, so that a right angle has a cosine of 0.
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)].map((value) => Number(value.toFixed(15)))
  return affine(image, [cos, sin, -cos * x - sin * y + x, -sin, cos, sin * x - cos * y + y])
}
