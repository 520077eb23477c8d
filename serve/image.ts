/**
 * From the bytes of a picture to the pixels a model takes. The bytes come from strangers: what they are is
 * decided by their first bytes, how large they are by their header, and only then are they decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp'
import { fitImage, LETTERBOX_GREY, type ResizeMode } from '../src/shared/detector-input.js'
import { decodeWork } from './decode-work.js'
import { imageFormats, sniffFormat } from './image-format.js'
import { Problem } from './problem.js'

export interface DecodedImage {
  /** uint8, height × width × 3 in RGB, of the size that was asked for. */
  pixels: Uint8Array
  /** Size of the picture as people see it (after its EXIF rotation), in pixels. */
  width: number
  height: number
}

export interface DecodeOptions {
  /** Pictures with more pixels than this are refused before they are decoded. */
  maxPixels: number
  /** [height, width] of the pixels to return. */
  size: [number, number]
  /** `cover` fills the size and cuts the longer sides evenly, as classifiers want it; detectors lose nothing. */
  resize: 'cover' | ResizeMode
}

/** What a picture's header says. */
export interface ImageHeader {
  /** Size of the picture as people see it (after its EXIF rotation), in pixels. */
  width: number
  height: number
  /** What decoding it costs at most, in pixels of a plain picture: see `decodeWork`. */
  work: number
}

/**
 * Reads a picture's header; no pixels are decoded for it.
 *
 * @throws Problem 400 for no bytes, 413 for too many pixels, 415 for another format, 422 for broken bytes
 */
export async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<ImageHeader> {
  if (bytes.length === 0) throw new Problem(400, 'The image is empty (0 bytes).')
  const format = sniffFormat(bytes)
  if (format === undefined)
    throw new Problem(415, `The bytes are not an image of a kind that is read: ${imageFormats.join(', ')}.`)
  const { width, height, autoOrient } = await readMetadata(bytes)
  if (width * height > maxPixels)
    throw new Problem(
      413,
      `The image has ${width} × ${height} pixels; at most ${maxPixels} are taken in all.`,
    )
  return { ...autoOrient, work: decodeWork(format, width * height, bytes) }
}

/**
 * Decodes a picture and fits it to a model's input: turned as its EXIF orientation says, the first frame of
 * an animation, transparency on white, any colour space and depth to 8-bit sRGB, scaled as `resize` says.
 *
 * @throws Problem as `readHeader` does
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  return decodePixels(bytes, await readHeader(bytes, options.maxPixels), options)
}

/** The second half of `decodeImage`, for a picture whose header has been read. @throws Problem 422 for broken bytes */
export async function decodePixels(
  bytes: Uint8Array,
  { width, height }: ImageHeader,
  { size, resize, maxPixels }: DecodeOptions,
): Promise<DecodedImage> {
  const scaled =
    resize === 'cover'
      ? { height: size[0], width: size[1], fit: 'cover' as const }
      : { ...fitImage(resize, size, width, height), fit: 'fill' as const }
  const pixels = await renderImage(bytes, maxPixels, (image) =>
    image.resize({ width: scaled.width, height: scaled.height, fit: scaled.fit }).raw({ depth: 'uchar' }),
  )
  return { pixels: padded(pixels, scaled, size), width, height }
}

/**
 * The picture in its own size with an SVG of that size laid over it, as PNG.
 *
 * @throws Problem 422 for broken bytes
 */
export function drawOver(bytes: Uint8Array, svg: string, maxPixels: number): Promise<Buffer> {
  return renderImage(bytes, maxPixels, (image) =>
    image
      .composite([{ input: Buffer.from(svg), limitInputPixels: false }])
      .removeAlpha()
      .png(),
  )
}

/** What `render` makes of a picture as people see it: turned as its EXIF orientation says, on white, in 8-bit sRGB. */
async function renderImage(
  bytes: Uint8Array,
  maxPixels: number,
  render: (image: Sharp) => Sharp,
): Promise<Buffer> {
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, animated: false })
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
  try {
    return await render(image).toBuffer()
  } catch (error) {
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

async function readMetadata(bytes: Uint8Array): Promise<Metadata> {
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
