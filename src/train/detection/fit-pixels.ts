/** From an image's pixels to a detector's input. */
import sharp from 'sharp'
import { type Fit, fitImage, LETTERBOX_GREY, type ResizeMode } from '../../shared/detector-input.js'

/** How a detector takes images. */
export interface DetectorInput {
  /** [height, width] in pixels. */
  inputSize: readonly [number, number]
  resize: ResizeMode
}

export interface FittedPixels {
  /** inputSize[0] × inputSize[1] × 3, in a buffer of its own. */
  pixels: Uint8Array
  /** Where the image lies on it; {@link boxInImage} takes boxes back. */
  fit: Fit
}

/** Scales an image (8-bit RGB) and puts it on the input as `fitImage` says, with grey beside it. */
export async function fitPixels(
  { data, width, height }: { data: Uint8Array; width: number; height: number },
  { inputSize, resize }: DetectorInput,
): Promise<FittedPixels> {
  const fit = fitImage(resize, inputSize, width, height)
  const grey = { r: LETTERBOX_GREY, g: LETTERBOX_GREY, b: LETTERBOX_GREY }
  const raw = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(fit.width, fit.height, { fit: 'fill' })
    .extend({ right: inputSize[1] - fit.width, bottom: inputSize[0] - fit.height, background: grey })
    .raw()
    .toBuffer()
  // Small buffers lie in a pool that others share, and could not be given away.
  return { pixels: new Uint8Array(raw), fit }
}
