/** The placement of an augmented image on the input of a detector, and of its boxes and masks. */
import { mask, type Rle } from '#coco-ts'
import { fitImage, type ResizeMode } from '../../shared/detector-input.js'
import type { DetectionAugmentation } from './config.js'

/** An image of `width` × `height` pixels, mirrored or not, scaled to `scaled` and placed at (`left`, `top`). */
export interface Placement {
  width: number
  height: number
  mirrored: boolean
  /** Size in pixels that the image is scaled to. */
  scaled: { width: number; height: number }
  /** Position of its upper left corner on the input; negative when a part of it is cut off. */
  left: number
  top: number
  /** [height, width] of the input. */
  inputSize: readonly [number, number]
}

/**
 * Draws the placement of an image: it is fitted to the input as in detection, then scaled by a random factor within
 * `scale`, and put at a random place. It always draws four numbers, whatever is switched on.
 */
export function drawPlacement(
  { flip, scale: [low, high] }: DetectionAugmentation,
  {
    mode,
    inputSize,
    width,
    height,
  }: { mode: ResizeMode; inputSize: readonly [number, number]; width: number; height: number },
  uniform: () => number,
): Placement {
  const fitted = fitImage(mode, inputSize, width, height)
  // The logarithm is uniform: half as large is as likely as twice as large.
  const factor = low * (high / low) ** uniform()
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * factor))
  const scaled = { width: side(fitted.width), height: side(fitted.height) }
  // A smaller image may be anywhere inside the input, and a larger one may cover it in any way.
  const along = (room: number): number => {
    const drawn = uniform()
    if (low === 1 && high === 1) return 0
    return Math.min(0, room) + Math.floor(drawn * (Math.abs(room) + 1))
  }
  const left = along(inputSize[1] - scaled.width)
  const top = along(inputSize[0] - scaled.height)
  return { width, height, mirrored: uniform() < 0.5 && flip, scaled, left, top, inputSize }
}

/** Maps a box [x1, y1, x2, y2] of the image to pixels of the input. Parts of it may lie outside. */
export function placeBox(
  box: ArrayLike<number>,
  { width, height, mirrored, scaled, left, top }: Placement,
): [number, number, number, number] {
  const x = (value: number): number => left + ((mirrored ? width - value : value) * scaled.width) / width
  const y = (value: number): number => top + (value * scaled.height) / height
  return [x(box[mirrored ? 2 : 0]), y(box[1]), x(box[mirrored ? 0 : 2]), y(box[3])]
}

/** Clips a box to the input. `visible`: the fraction of its area that is left, 0 for a box outside. */
export function cutBox(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  [height, width]: readonly [number, number],
): { box: [number, number, number, number]; visible: number } {
  const inside = (value: number, side: number): number => Math.min(side, Math.max(0, value))
  const box: [number, number, number, number] = [
    inside(x1, width),
    inside(y1, height),
    inside(x2, width),
    inside(y2, height),
  ]
  return { box, visible: boxArea(box) / ((x2 - x1) * (y2 - y1)) }
}

/** Area of a box [x1, y1, x2, y2]. */
export const boxArea = ([x1, y1, x2, y2]: readonly number[]): number => (x2 - x1) * (y2 - y1)

/** Maps the mask of an object to pixels of the input, by nearest neighbour. */
export function placeMask(segmentation: Rle, placement: Placement): Rle {
  const { width, height, mirrored, scaled, left, top, inputSize } = placement
  const source = mask.decode(segmentation).data
  const [inputHeight, inputWidth] = inputSize
  const data = new Uint8Array(inputHeight * inputWidth)
  const columns = sources(inputWidth, left, scaled.width, width, mirrored)
  const rows = sources(inputHeight, top, scaled.height, height, false)
  for (let y = 0; y < inputHeight; y++) {
    if (rows[y] < 0) continue
    for (let x = 0; x < inputWidth; x++)
      if (columns[x] >= 0) data[y * inputWidth + x] = source[rows[y] * width + columns[x]]
  }
  return mask.encode({ width: inputWidth, height: inputHeight, data })
}

/** For each of `count` pixels in a line of the input: the pixel of the image under its centre; −1: beside the image. */
function sources(count: number, start: number, scaled: number, side: number, mirrored: boolean): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const at = Math.floor(((i + 0.5 - start) * side) / scaled)
    if (at < 0 || at >= side) return -1
    return mirrored ? side - 1 - at : at
  })
}
