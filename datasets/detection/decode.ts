/** Images in pixels, however they are stored. */
import sharp, { type Sharp } from 'sharp'
import { unreadableReason } from '../classification/decode-image.js'
import { DatasetError } from '../files/errors.js'
import type { DetectionSet } from './detection-set.js'

export interface Pixels {
  /** height × width × 3, 8-bit sRGB. */
  data: Uint8Array
  width: number
  height: number
}

/**
 * Image `index` of a set, in the size that its annotations are for. Grey, CMYK, 16-bit, palette and transparent
 * images become 8-bit sRGB (transparent on white). EXIF orientation is applied, unless only the image as it is
 * stored has the size that the annotations say.
 *
 * @throws DatasetError that names a file that is missing, broken or cut short, or of another size.
 */
export async function decodeImage(set: DetectionSet, index: number): Promise<Pixels> {
  const { fileName, width, height } = set.images[index]
  const source = set.source(index)
  const fits = (pixels: Pixels) => pixels.width === width && pixels.height === height
  const seen = await toPixels(open(source).autoOrient(), fileName)
  if (fits(seen)) return seen
  if (seen.width === height && seen.height === width) {
    const stored = await toPixels(open(source), fileName)
    if (fits(stored)) return stored
  }
  throw new DatasetError(
    `"${fileName}" is ${seen.width} × ${seen.height} pixels, but its annotations are for ${width} × ${height}; ` +
      'use the images that the annotations were made for.',
  )
}

/**
 * A single image as people see it: as `decodeImage`, EXIF orientation applied.
 *
 * @param source A path, or the bytes of a file.
 * @throws DatasetError that names a file that is missing, broken or cut short.
 */
export async function decodeSource(source: string | Buffer): Promise<Pixels> {
  return toPixels(open(source).autoOrient(), typeof source === 'string' ? source : undefined)
}

// libvips warns of harmless oddities that cameras and scanners leave; only lost pixels are an error.
const open = (source: string | Buffer): Sharp => sharp(source, { failOn: 'error' })

async function toPixels(image: Sharp, name: string | undefined): Promise<Pixels> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error) => {
      throw new DatasetError(
        `${name === undefined ? 'The image' : `"${name}"`} cannot be read: ${unreadableReason(error)}; ` +
          'replace or remove it.',
      )
    })
  return {
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    width: info.width,
    height: info.height,
  }
}
