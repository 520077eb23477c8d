/**
 * From the bytes of a picture to the pixels a model takes. The bytes come from strangers: what they are is
 * decided by their first bytes, how large they are by their header, and only then are they decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp'
import { fitImage, LETTERBOX_GREY, type ResizeMode } from '../src/detector-input.js'
import { Problem } from './problem.js'

export interface DecodedImage {
  /** uint8, height × width × 3 in RGB, of the size that was asked for. */
  pixels: Uint8Array
  /** Size of the picture as people see it (after its EXIF rotation), in pixels. */
  width: number
  height: number
}

export interface DecodeLimits {
  /** Pictures with more pixels than this are refused before they are decoded. */
  maxPixels: number
  /** Decoding that takes longer is given up (default: 20); 0 waits for ever. */
  maxSeconds?: number
}

export interface DecodeOptions extends DecodeLimits {
  /** [height, width] of the pixels to return. */
  size: [number, number]
  /** `cover` fills the size and cuts the longer sides evenly, as classifiers want it; detectors lose nothing. */
  resize: 'cover' | ResizeMode
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
 * an animation, transparency on white, any colour space and depth to 8-bit sRGB, scaled as `resize` says.
 *
 * @throws Problem 400 for no bytes, 413 for too many pixels or seconds, 415 for another format, 422 for broken bytes
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const { size, resize, maxPixels } = options
  if (bytes.length === 0) throw new Problem(400, 'The image is empty (0 bytes).')
  if (sniffFormat(bytes) === undefined)
    throw new Problem(415, `The bytes are not an image of a kind that is read: ${imageFormats.join(', ')}.`)
  const header = await readHeader(bytes)
  if (header.width * header.height > maxPixels)
    throw new Problem(
      413,
      `The image has ${header.width} × ${header.height} pixels; at most ${maxPixels} are taken in all.`,
    )
  const { width, height } = header.autoOrient
  const scaled =
    resize === 'cover'
      ? { height: size[0], width: size[1], fit: 'cover' as const }
      : { ...fitImage(resize, size, width, height), fit: 'fill' as const }
  const pixels = await renderImage(bytes, options, (image) =>
    image.resize({ width: scaled.width, height: scaled.height, fit: scaled.fit }).raw({ depth: 'uchar' }),
  )
  return { pixels: padded(pixels, scaled, size), width, height }
}

/**
 * What `render` makes of a picture as people see it: turned as its EXIF orientation says, on white, in 8-bit sRGB.
 *
 * @throws Problem 413 when it takes too long, 422 for broken bytes
 */
export async function renderImage(
  bytes: Uint8Array,
  { maxPixels, maxSeconds = 20 }: DecodeLimits,
  render: (image: Sharp) => Sharp,
): Promise<Buffer> {
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, animated: false })
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .timeout({ seconds: maxSeconds })
  try {
    return await render(image).toBuffer()
  } catch (error) {
    // libvips has no other sign of it.
    if ((error as Error).message.startsWith('timeout'))
      throw new Problem(413, `The image takes longer than ${maxSeconds} s; give a smaller one.`)
    throw broken(bytes, error as Error)
  }
}

/** Pixels at the upper left corner of an input of [height, width], the rest as letterboxes have it. */
function padded(
  pixels: Uint8Array,
  { width, height }: { width: number; height: number },
  [inputHeight, inputWidth]: [number, number],
): Uint8Array {
  if (width === inputWidth && height === inputHeight) return pixels
  const input = new Uint8Array(inputHeight * inputWidth * 3).fill(LETTERBOX_GREY)
  for (let row = 0; row < height; row++)
    input.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), row * inputWidth * 3)
  return input
}

/** Reads the header alone; libvips decodes no pixels for it. */
async function readHeader(bytes: Uint8Array): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false, animated: false }).metadata()
  } catch (error) {
    throw broken(bytes, error as Error)
  }
}

function broken(bytes: Uint8Array, error: Error): Problem {
  const reason = error.message.split('\n')[0].replace(/[:.\s]+$/, '')
  return new Problem(422, `The ${sniffFormat(bytes)} image is damaged or cut off (${reason}).`)
}
