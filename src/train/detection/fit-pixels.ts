/** Resizes the pixels of an image to the input of a detector. */
import sharp, { type Sharp } from 'sharp'
import { resizeBilinear } from '../../shared/bilinear.js'
import { type Fit, fitImage, LETTERBOX_GREY, type ResizeMode } from '../../shared/detector-input.js'

/** The input of a detector. */
export interface DetectorInput {
  /** [height, width] in pixels. */
  inputSize: readonly [number, number]
  resize: ResizeMode
}

export interface FittedPixels {
  /** inputSize[0] × inputSize[1] × 3, in a buffer of its own. */
  pixels: Uint8Array
  /** The place of the image on the input. `boxInImage` maps boxes back to the image. */
  fit: Fit
}

interface Size {
  width: number
  height: number
}

/** An image (8-bit RGB) scaled to another size, with whatever proportions that has, as the mode interpolates. */
export function scaleImage(
  { data, width, height }: Size & { data: Uint8Array },
  to: Size,
  resize: ResizeMode,
): Sharp {
  if (resize === 'stretch-tf1')
    return sharp(resizeBilinear(data, { width, height }, to), {
      raw: { width: to.width, height: to.height, channels: 3 },
    })
  return sharp(data, { raw: { width, height, channels: 3 } }).resize(to.width, to.height, { fit: 'fill' })
}

/** Scales an image (8-bit RGB) and puts it on the input as `fitImage` says, with grey beside it. */
export async function fitPixels(
  image: Size & { data: Uint8Array },
  { inputSize, resize }: DetectorInput,
): Promise<FittedPixels> {
  const fit = fitImage(resize, inputSize, image.width, image.height)
  const grey = { r: LETTERBOX_GREY, g: LETTERBOX_GREY, b: LETTERBOX_GREY }
  const raw = await scaleImage(image, fit, resize)
    .extend({ right: inputSize[1] - fit.width, bottom: inputSize[0] - fit.height, background: grey })
    .raw()
    .toBuffer()
  // A copy, because small buffers are parts of a shared pool, which cannot be transferred.
  return { pixels: new Uint8Array(raw), fit }
}
