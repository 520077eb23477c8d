/** Images of class folders in pixels. */
import sharp, { type Sharp } from 'sharp'

/** Larger headers are refused before any pixel is decoded. */
export const maxInputPixels = 100_000_000

/** A box of pixels in an image. */
export interface PixelBox {
  left: number
  top: number
  width: number
  height: number
}

/**
 * One image as size × size × 3 bytes: scaled to cover the square, the middle kept. EXIF orientation is applied; grey,
 * CMYK, 16-bit, palette and transparent images become 8-bit sRGB (transparent on white); of animations the first frame
 * counts.
 *
 * @param source a path, or the bytes of a file
 * @throws Error with the reason of sharp when it cannot be decoded or is cut short
 */
export function decodeImage(source: string | Uint8Array, size: number): Promise<Buffer> {
  return toBytes(open(source).autoOrient().resize(size, size, { fit: 'cover' }))
}

/**
 * A box of an image as box.height × box.width × 3 bytes, in the image's own scale. Everything else as `decodeImage`,
 * except that a colour profile is not applied, as TensorFlow and Pillow do not: it would take as long as the decoding.
 *
 * @param boxOf chooses the box, given the size of the image after its orientation is applied
 * @throws Error with the reason of sharp when it cannot be decoded or is cut short
 */
export async function decodeBox<B extends PixelBox>(
  source: Uint8Array,
  boxOf: (size: { width: number; height: number }) => B,
): Promise<{ data: Buffer; box: B }> {
  const image = open(source, true)
  const { autoOrient } = await image.metadata()
  const box = boxOf(autoOrient)
  const { left, top, width, height } = box
  return { data: await toBytes(image.autoOrient().extract({ left, top, width, height })), box }
}

const open = (source: string | Uint8Array, ignoreIcc = false): Sharp =>
  sharp(source, { limitInputPixels: maxInputPixels, failOn: 'truncated', ignoreIcc })

async function toBytes(image: Sharp): Promise<Buffer> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (info.channels !== 3) throw new Error(`it has ${info.channels} channels after conversion to sRGB`)
  return data
}
