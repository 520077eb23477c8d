/**
 * From the bytes of an image file to a model's input. The bytes are untrusted: their signature decides the format, the
 * header the size, and only then are they decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp'
import { resizeBilinear } from '../src/shared/bilinear.js'
import { decodingOptions, fitClassifierImage, type Preprocessing } from '../src/shared/classifier-input.js'
import { fitImage, LETTERBOX_GREY, type ResizeMode } from '../src/shared/detector-input.js'
import { decodeWork } from './decode-work.js'
import { imageFormats, sniffFormat } from './image-format.js'
import { Problem } from './problem.js'

export interface DecodedImage {
  /** uint8, height × width × 3 in RGB, of the requested size. */
  pixels: Uint8Array
  /** Size of the image after its EXIF rotation, in pixels. */
  width: number
  height: number
}

export interface DecodeOptions {
  /** Images with more pixels than this are refused before they are decoded. */
  maxPixels: number
  /** [height, width] of the pixels to return. */
  size: [number, number]
  /** How the image is brought to that size, for a classifier or for a detector. */
  resize: Preprocessing | ResizeMode
}

/** What the header of an image says. */
export interface ImageHeader {
  /** Size of the image after its EXIF rotation, in pixels. */
  width: number
  height: number
  /** An upper bound on the cost of decoding: see `decodeWork`. */
  work: number
}

/**
 * Reads the header of an image, without decoding pixels.
 *
 * @throws Problem 400 for no bytes, 413 for too many pixels, 415 for another format, 422 for broken bytes
 */
export async function readHeader(bytes: Uint8Array, maxPixels: number): Promise<ImageHeader> {
  if (bytes.length === 0) throw new Problem(400, 'The image is empty (0 bytes).')
  const format = sniffFormat(bytes)
  if (format === undefined)
    throw new Problem(415, `The bytes are not an image in a supported format: ${imageFormats.join(', ')}.`)
  const { width, height, autoOrient } = await readMetadata(bytes)
  if (width * height > maxPixels)
    throw new Problem(413, `The image has ${width} × ${height} pixels; at most ${maxPixels} are accepted.`)
  return { ...autoOrient, work: decodeWork(format, width * height, bytes) }
}

/**
 * Decodes an image and fits it to a model's input: rotated by its EXIF orientation, the first frame of an animation,
 * transparency on white, any colour space and depth converted to 8-bit sRGB, scaled as `resize` says.
 *
 * @throws Problem as `readHeader` does
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  return decodePixels(bytes, await readHeader(bytes, options.maxPixels), options)
}

/** The second half of `decodeImage`, for an image whose header has been read. @throws Problem 422 for broken bytes */
export async function decodePixels(
  bytes: Uint8Array,
  { width, height }: ImageHeader,
  { size, resize, maxPixels }: DecodeOptions,
): Promise<DecodedImage> {
  const input = { height: size[0], width: size[1] }
  if (resize === 'stretch-tf1') {
    const whole = await renderImage(bytes, { maxPixels }, (image) => image.raw({ depth: 'uchar' }).toBuffer())
    return { pixels: resizeBilinear(whole, { width, height }, input), width, height }
  }
  if (resize !== 'letterbox' && resize !== 'stretch') {
    const pixels = await renderImage(bytes, { maxPixels, ...decodingOptions(resize) }, (image) =>
      fitClassifierImage(image, resize, { width, height }, input),
    )
    return { pixels, width, height }
  }
  const fitted = fitImage(resize, size, width, height)
  const pixels = await renderImage(bytes, { maxPixels }, (image) =>
    image
      .resize({ width: fitted.width, height: fitted.height, fit: 'fill' })
      .raw({ depth: 'uchar' })
      .toBuffer(),
  )
  return { pixels: padded(pixels, fitted, size), width, height }
}

/**
 * The image in its own size with an SVG of that size drawn over it, as PNG.
 *
 * @throws Problem 422 for broken bytes
 */
export function drawOver(bytes: Uint8Array, svg: string, maxPixels: number): Promise<Buffer> {
  return renderImage(bytes, { maxPixels }, (image) =>
    image
      .composite([{ input: Buffer.from(svg), limitInputPixels: false }])
      .removeAlpha()
      .png()
      .toBuffer(),
  )
}

/** The result of `render` on the image rotated by its EXIF orientation, on white, in 8-bit sRGB. */
async function renderImage<T extends Uint8Array>(
  bytes: Uint8Array,
  { maxPixels, ignoreIcc }: { maxPixels: number; ignoreIcc?: boolean },
  render: (image: Sharp) => Promise<T>,
): Promise<T> {
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, animated: false, ignoreIcc })
    .autoOrient()
    .flatten({ background: 'white' })
    .toColourspace('srgb')
  try {
    return await render(image)
  } catch (error) {
    throw broken(bytes, error as Error)
  }
}

/** The pixels at the upper left corner of an input of [height, width], the rest in the letterbox's grey. */
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
