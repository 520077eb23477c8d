/**
 * Fits an image to a detector's input, and maps boxes back to the image. Training, evaluation, the commands and the
 * server all use these functions.
 */

/**
 * `letterbox`: scaled by one factor until it just fits, at the upper left corner, the rest grey (128).
 * `stretch`: scaled to the full input, which may change its proportions.
 * `stretch-tf1`: the same by TensorFlow 1's bilinear interpolation (`resizeBilinear`), as detectors of its time expect.
 */
export const RESIZE_MODES = ['letterbox', 'stretch', 'stretch-tf1'] as const
export type ResizeMode = (typeof RESIZE_MODES)[number]

/** Fills the input beside a letterboxed image: the middle of the range, 0 after scaling to [−1, 1]. */
export const LETTERBOX_GREY = 128

export interface Fit {
  /** Size in pixels that the image is scaled to; it is placed at the upper left corner of the input. */
  width: number
  height: number
  /** Input pixels per image pixel. */
  scaleX: number
  scaleY: number
}

/**
 * Where an image of `width` × `height` pixels is placed on an input of `inputSize` = [height, width].
 *
 * @example fitImage('letterbox', [300, 300], 640, 480) // { width: 300, height: 225, scaleX: 0.46875, … }
 */
export function fitImage(
  mode: ResizeMode,
  inputSize: readonly [number, number],
  width: number,
  height: number,
): Fit {
  const [inputHeight, inputWidth] = inputSize
  if (mode !== 'letterbox')
    return {
      width: inputWidth,
      height: inputHeight,
      scaleX: inputWidth / width,
      scaleY: inputHeight / height,
    }
  const factor = Math.min(inputWidth / width, inputHeight / height)
  const fitted = {
    width: Math.max(1, Math.min(inputWidth, Math.round(width * factor))),
    height: Math.max(1, Math.min(inputHeight, Math.round(height * factor))),
  }
  // Rounding the sides changes the scale slightly.
  return { ...fitted, scaleX: fitted.width / width, scaleY: fitted.height / height }
}

/** A box of the input, [x1, y1, x2, y2], as COCO's [x, y, width, height] of the image, clipped to the image. */
export function boxInImage(
  box: ArrayLike<number>,
  fit: Fit,
  width: number,
  height: number,
): [number, number, number, number] {
  const along = (value: number, scale: number, side: number) => Math.min(side, Math.max(0, value / scale))
  const left = along(box[0], fit.scaleX, width)
  const top = along(box[1], fit.scaleY, height)
  return [left, top, along(box[2], fit.scaleX, width) - left, along(box[3], fit.scaleY, height) - top]
}
