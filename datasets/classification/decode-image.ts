/** Images of class folders in pixels. */
import sharp, { type Sharp } from 'sharp'
import {
  decodingOptions,
  fitClassifierImage,
  type Preprocessing,
  rawPixels,
} from '../../src/shared/classifier-input.js'

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
 * One image as size × size × 3 bytes, prepared as `preprocessing` says. EXIF orientation is applied; grey, CMYK, 16-bit,
 * palette and transparent images become 8-bit sRGB (transparent on white); of animations the first frame counts.
 *
 * @param source a path, or the bytes of a file
 * @throws Error with the reason of sharp when it cannot be decoded or is cut short
 */
export async function decodeImage(
  source: string | Uint8Array,
  size: number,
  preprocessing: Preprocessing = 'cover',
): Promise<Uint8Array> {
  const input = { width: size, height: size }
  const image = open(source, decodingOptions(preprocessing))
  // `cover` does not need the size of the image, so that its header is read once.
  const whole = preprocessing === 'cover' ? input : (await image.metadata()).autoOrient
  return fitClassifierImage(opaque(image.autoOrient()), preprocessing, whole, input)
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
): Promise<{ data: Uint8Array; box: B }> {
  const image = open(source, { ignoreIcc: true })
  const { autoOrient } = await image.metadata()
  const box = boxOf(autoOrient)
  const { left, top, width, height } = box
  const part = opaque(image.autoOrient().extract({ left, top, width, height }))
  return { data: await rawPixels(part, box), box }
}

/**
 * A whole image in its own proportions, scaled down until its shorter side has `shorter` pixels where it is larger than
 * that. Everything else as `decodeImage`.
 *
 * @returns height × width × 3 bytes
 * @throws Error with the reason of sharp when it cannot be decoded or is cut short
 */
export async function decodeReduced(
  source: string | Uint8Array,
  shorter: number,
): Promise<{ data: Uint8Array; width: number; height: number }> {
  const image = opaque(open(source, { ignoreIcc: false }).autoOrient())
    .resize({ width: shorter, height: shorter, fit: 'outside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  if (channels !== 3) throw new Error(`it has ${channels} channels after conversion to sRGB`)
  return { data, width, height }
}

const open = (source: string | Uint8Array, options: { ignoreIcc: boolean }): Sharp =>
  sharp(source, { limitInputPixels: maxInputPixels, failOn: 'truncated', ...options })

const opaque = (image: Sharp): Sharp => image.flatten({ background: '#ffffff' }).toColourspace('srgb')

/** What sharp says of a file that it cannot read, as half a sentence. */
export function unreadableReason(error: unknown): string {
  const [text] = (error as Error).message.split('\n')
  // What sharp says of some files that end early.
  return text === 'Unknown error' ? 'it is damaged or cut short' : text.replace(/\.$/, '')
}
