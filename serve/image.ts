/**
 * From the bytes of a picture to the pixels a model takes. The bytes come from strangers: what they are is
 * decided by their first bytes, how large they are by their header, and only then are they decoded.
 */
import sharp, { type Metadata } from 'sharp'
import { Problem } from './problem.js'

export interface DecodedImage {
  /** uint8, height × width × 3 in RGB, of the size that was asked for. */
  pixels: Uint8Array
  /** Size of the picture as people see it (after its EXIF rotation), in pixels. */
  width: number
  height: number
}

export interface DecodeOptions {
  /** [height, width] of the pixels to return. */
  size: [number, number]
  /** Pictures with more pixels than this are refused before they are decoded. */
  maxPixels: number
  /** Decoding that takes longer is given up. */
  maxSeconds?: number
}

export const imageFormats = ['JPEG', 'PNG', 'WebP', 'GIF', 'AVIF'] as const
export type ImageFormat = (typeof imageFormats)[number]

/** The format by its signature; undefined for anything that is not decoded here (SVG and HEIC among it). */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1')
  if (text(0, 3) === '\xff\xd8\xff') return 'JPEG'
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'PNG'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'WebP'
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'GIF'
  if (text(4, 8) === 'ftyp' && ['avif', 'avis'].includes(text(8, 12))) return 'AVIF'
  return undefined
}

/**
 * Decodes a picture and fits it to a model's input: turned as its EXIF orientation says, the first frame of
 * an animation, transparency on white, any colour space and depth to 8-bit sRGB, scaled so that it covers
 * the size and cut evenly at the longer sides.
 *
 * @throws Problem 400 for no bytes, 413 for too many pixels, 415 for another format, 422 for broken bytes
 */
export async function decodeImage(
  bytes: Uint8Array,
  { size, maxPixels, maxSeconds = 20 }: DecodeOptions,
): Promise<DecodedImage> {
  if (bytes.length === 0) throw new Problem(400, 'The image is empty (0 bytes).')
  const format = sniffFormat(bytes)
  if (format === undefined)
    throw new Problem(415, `The bytes are not an image that is read here; send ${imageFormats.join(', ')}.`)
  const { width, height, autoOrient } = await readHeader(bytes, format)
  if (width * height > maxPixels)
    throw new Problem(
      413,
      `The image has ${width} × ${height} pixels; at most ${maxPixels} are taken in all.`,
    )
  const pixels = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, animated: false })
    .autoOrient()
    .flatten({ background: 'white' })
    .resize({ height: size[0], width: size[1], fit: 'cover' })
    .toColourspace('srgb')
    .timeout({ seconds: maxSeconds })
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch((error: Error) => {
      throw broken(format, error)
    })
  return { pixels, width: autoOrient.width, height: autoOrient.height }
}

/** Reads the header alone; libvips decodes no pixels for it. */
async function readHeader(bytes: Uint8Array, format: ImageFormat): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false, animated: false }).metadata()
  } catch (error) {
    throw broken(format, error as Error)
  }
}

function broken(format: ImageFormat, error: Error): Problem {
  const reason = error.message.split('\n')[0].replace(/[:.\s]+$/, '')
  return new Problem(422, `The ${format} image is damaged or cut off (${reason}).`)
}
