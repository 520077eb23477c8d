/**
 * Brings an image to the size that a classifier takes. Training, evaluation, the commands and the server all use these
 * functions.
 */
import { resizeBicubic } from './bicubic.js'
import { resizeBilinear } from './bilinear.js'

/**
 * `cover`: scaled by Lanczos until it covers the input, the middle kept.
 * `slim`: as TF-Slim evaluates (`preprocess_for_eval`): the middle 0.875 of both sides, scaled to the input by TensorFlow 1's
 * bilinear interpolation, which may change the proportions.
 * `timm`: as timm evaluates NASNet (`transforms_imagenet_eval`): scaled by Pillow's bicubic filter until it covers 1 / 0.911
 * of the input, then the middle kept.
 * The last two ignore colour profiles, as these programs do.
 */
export const PREPROCESSINGS = ['cover', 'slim', 'timm'] as const
export type Preprocessing = (typeof PREPROCESSINGS)[number]

/** `central_fraction` of TF-Slim's Inception preprocessing, which it uses for NASNet. */
const SLIM_FRACTION = 0.875
/** timm's `crop_pct` of `nasnetalarge.tf_in1k`. */
const TIMM_CROP = 0.911

interface Size {
  width: number
  height: number
}

interface Region extends Size {
  left: number
  top: number
}

/** The part of an image that `slim` keeps: `tf.image.central_crop`. */
export function centralCrop({ width, height }: Size, fraction = SLIM_FRACTION): Region {
  const left = Math.floor((width - width * fraction) / 2)
  const top = Math.floor((height - height * fraction) / 2)
  return { left, top, width: width - 2 * left, height: height - 2 * top }
}

/** How `timm` scales an image and what it keeps of it: torchvision's `Resize` to the shorter side, then `CenterCrop`. */
export function timmFit({ width, height }: Size, input: Size): { scaled: Size; kept: Region } {
  const [widest, highest] = [Math.floor(input.width / TIMM_CROP), Math.floor(input.height / TIMM_CROP)]
  const scaled =
    widest * height >= highest * width
      ? { width: widest, height: Math.floor((widest * height) / width) }
      : { width: Math.floor((highest * width) / height), height: highest }
  const kept = {
    left: roundHalfToEven((scaled.width - input.width) / 2),
    top: roundHalfToEven((scaled.height - input.height) / 2),
    ...input,
  }
  return { scaled, kept }
}

/** Python's `round`. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value)
  return value - below === 0.5 ? below + (below % 2) : Math.round(value)
}

/** What is used of an image of sharp, which this folder does not import. */
interface SharpImage {
  resize(options: Size & { fit: 'cover' }): SharpImage
  extract(region: Region): SharpImage
  raw(options: { depth: 'uchar' }): SharpImage
  toBuffer(): Promise<Buffer>
}

/** Options with which sharp opens an image that {@link fitClassifierImage} gets. */
export const decodingOptions = (preprocessing: Preprocessing): { ignoreIcc: boolean } => ({
  ignoreIcc: preprocessing !== 'cover',
})

/**
 * The pixels that a classifier takes of an image.
 *
 * @param image upright, opaque, in sRGB, not resized yet, opened with {@link decodingOptions}
 * @param size of that image, upright, in pixels
 * @returns uint8, height × width × 3 of the input, RGB
 */
export async function fitClassifierImage(
  image: SharpImage,
  preprocessing: Preprocessing,
  size: Size,
  input: Size,
): Promise<Uint8Array> {
  switch (preprocessing) {
    case 'cover':
      return rawPixels(image.resize({ ...input, fit: 'cover' }), input)
    case 'slim': {
      const kept = centralCrop(size)
      return resizeBilinear(await rawPixels(image.extract(kept), kept), kept, input)
    }
    case 'timm': {
      const { scaled, kept } = timmFit(size, input)
      return resizeBicubic(await rawPixels(image, size), size, scaled, kept)
    }
  }
}

/**
 * The pixels of an image of sharp that has this size.
 *
 * @returns uint8, height × width × 3, RGB
 * @throws Error when it has another number of channels; sharp's where it cannot be decoded
 */
export async function rawPixels(
  image: Pick<SharpImage, 'raw'>,
  { width, height }: Size,
): Promise<Uint8Array> {
  const pixels = await image.raw({ depth: 'uchar' }).toBuffer()
  const channels = pixels.length / (width * height)
  if (channels !== 3) throw new Error(`it has ${channels} channels after conversion to sRGB`)
  return pixels
}
